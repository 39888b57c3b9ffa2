"""The answer to one document while it comes in, for the blocking and the asyncio client.

Where it breaks off, what is asked for again is decided in `resuming`.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Protocol, Self, TypeAlias, TypeVar

import grpc

from inkstream.decoding import decode_event
from inkstream.errors import InkstreamError, from_rpc_error
from inkstream.results import DocumentEnd, DocumentEvent, DocumentStart, Page
from inkstream.resuming import Patience, Resumption, Retry
from inkstream.uploads import Outgoing
from inkstream.v1 import ocr_pb2

A_co = TypeVar("A_co", covariant=True)

# A document that is sent in parts is answered as one of a stream.
Answer: TypeAlias = ocr_pb2.RecognizeDocumentResponse | ocr_pb2.RecognizeStreamResponse


class Call(Protocol[A_co]):
    """What is needed of gRPC's blocking response iterator, whose own type has no public name."""

    def __iter__(self) -> Iterator[A_co]: ...
    def cancel(self) -> bool: ...


class AsyncCall(Protocol[A_co]):
    """What is needed of gRPC's asyncio calls that answer with a stream."""

    def __aiter__(self) -> AsyncIterator[A_co]: ...
    def cancel(self) -> bool: ...


Opened: TypeAlias = "tuple[Call[Answer], Outgoing | None]"
AsyncOpened: TypeAlias = "tuple[AsyncCall[Answer], Outgoing | None]"


class DocumentProgress:
    """What is known of the document so far: `start` and `end` are None until they have come."""

    def __init__(self, pages: str, patience: Patience) -> None:
        self.start: DocumentStart | None = None
        self.end: DocumentEnd | None = None
        self._resumption = Resumption(pages, patience, now=time.monotonic())
        self._is_read = False

    def _begin(self) -> None:
        if self._is_read:
            raise RuntimeError("a document's events come once; keep what is needed twice")
        self._is_read = True

    def _observe(self, answer: Answer) -> DocumentEvent | None:
        """The event of an answer; None for one that has come before."""
        event = decode_event(answer)
        if isinstance(event, DocumentStart):
            if not self._resumption.takes_start(event):
                return None
            self.start = event
        elif isinstance(event, Page):
            return event if self._resumption.takes_page(event) else None
        elif isinstance(event, DocumentEnd):
            if event.error is not None:
                raise event.error.as_error()
            self.end = event = self._resumption.whole(event, now=time.monotonic())
        return event

    def _after(self, error: InkstreamError, outgoing: Outgoing | None) -> Retry | DocumentEnd:
        """What follows a call that broke off. Raises the error where nothing does."""
        follows = self._resumption.after(
            error, is_upload=outgoing is not None, now=time.monotonic(), jitter=random.random()
        )
        if follows is None:
            raise error
        if isinstance(follows, DocumentEnd):
            self.end = follows
        return follows


class Document(DocumentProgress):
    """The pages of one document, as they come. To be iterated once.

    Leaving the loop, or the `with` block, cancels what the server has not done yet. A page that
    failed comes with its `error` set; the document's own failure is raised as InkstreamError.
    """

    def __init__(
        self, open_call: Callable[[str, float | None], Opened], pages: str, patience: Patience
    ) -> None:
        """`open_call` is given the pages to ask for and a deadline in seconds, now and again.

        The call comes with the document's upload, where it is sent in parts.
        """
        super().__init__(pages, patience)
        self._open_call = open_call
        self._closed = threading.Event()
        self._call, self._outgoing = open_call(pages, patience.timeout_s)

    def __iter__(self) -> Iterator[Page]:
        return (event for event in self.events() if isinstance(event, Page))

    def events(self) -> Iterator[DocumentEvent]:
        """Everything the server tells: a DocumentStart, the pages, a DocumentEnd."""
        self._begin()
        return self._events()

    def _events(self) -> Iterator[DocumentEvent]:
        try:
            while True:
                try:
                    yield from self._answers()
                except InkstreamError as error:
                    follows = self._after(error, self._outgoing)
                    if isinstance(follows, Retry) and self._closed.wait(follows.delay_s):
                        raise
                else:
                    return
                if isinstance(follows, DocumentEnd):
                    yield follows
                    return
                self._call, self._outgoing = self._open_call(follows.pages, follows.timeout_s)
        finally:
            self.close()

    def _answers(self) -> Iterator[DocumentEvent]:
        """What comes of the call that is open."""
        try:
            for answer in self._call:
                _raise_for_upload(self._outgoing)
                event = self._observe(answer)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        finally:
            self._call.cancel()
        _raise_for_upload(self._outgoing)

    def close(self) -> None:
        """Cancels the call, unless it is over."""
        self._closed.set()
        self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncDocument(DocumentProgress):
    """The pages of one document, as they come. To be iterated once.

    Leaving the `async with` block cancels what the server has not done yet; so does leaving the
    loop, a moment later. A page that failed comes with its `error` set; the document's own failure
    is raised as InkstreamError.
    """

    def __init__(
        self,
        open_call: Callable[[str, float | None], Awaitable[AsyncOpened]],
        pages: str,
        patience: Patience,
    ) -> None:
        """As `Document`'s, but nothing is opened before the first event is waited for."""
        super().__init__(pages, patience)
        self._open_call = open_call
        self._patience = patience
        self._first = Retry(pages, 0.0, patience.timeout_s)
        self._call: AsyncCall[Answer] | None = None
        self._is_closed = False

    def __aiter__(self) -> AsyncIterator[Page]:
        events = self.events()
        return (event async for event in events if isinstance(event, Page))

    def events(self) -> AsyncIterator[DocumentEvent]:
        """Everything the server tells: a DocumentStart, the pages, a DocumentEnd."""
        self._begin()
        return self._events()

    async def _events(self) -> AsyncIterator[DocumentEvent]:
        follows: Retry | DocumentEnd = self._first
        self._resumption = Resumption(self._first.pages, self._patience, now=time.monotonic())
        try:
            while isinstance(follows, Retry):
                await asyncio.sleep(follows.delay_s)
                self._call, outgoing = await self._open_call(follows.pages, follows.timeout_s)
                try:
                    async for event in self._answers(self._call, outgoing):
                        yield event
                except InkstreamError as error:
                    if self._is_closed:
                        raise
                    follows = self._after(error, outgoing)
                else:
                    return
            yield follows
        finally:
            self.close()

    async def _answers(
        self, call: AsyncCall[Answer], outgoing: Outgoing | None
    ) -> AsyncIterator[DocumentEvent]:
        """What comes of the call that is open."""
        try:
            async for answer in call:
                _raise_for_upload(outgoing)
                event = self._observe(answer)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        finally:
            call.cancel()
        _raise_for_upload(outgoing)

    def close(self) -> None:
        """Cancels the call, unless it is over."""
        self._is_closed = True
        if self._call is not None:
            self._call.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _raise_for_upload(outgoing: Outgoing | None) -> None:
    if outgoing is not None:
        outgoing.raise_for_error()
        outgoing.raise_for_unreadable()
