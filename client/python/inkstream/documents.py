"""The answer to one document while it comes in, for the blocking and the asyncio client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Protocol, Self, TypeAlias, TypeVar

import grpc

from inkstream.decoding import decode_event
from inkstream.errors import from_rpc_error
from inkstream.results import DocumentEnd, DocumentEvent, DocumentStart, Page
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


class DocumentProgress:
    """What is known of the document so far: `start` and `end` are None until they have come."""

    def __init__(self) -> None:
        self.start: DocumentStart | None = None
        self.end: DocumentEnd | None = None
        self._is_read = False

    def _begin(self) -> None:
        if self._is_read:
            raise RuntimeError("a document's events come once; keep what is needed twice")
        self._is_read = True

    def _observe(self, answer: Answer) -> DocumentEvent | None:
        event = decode_event(answer)
        if isinstance(event, DocumentStart):
            self.start = event
        elif isinstance(event, DocumentEnd):
            if event.error is not None:
                raise event.error.as_error()
            self.end = event
        return event


class Document(DocumentProgress):
    """The pages of one document, as they come. To be iterated once.

    Leaving the loop, or the `with` block, cancels what the server has not done yet. A page that
    failed comes with its `error` set; the document's own failure is raised as InkstreamError.
    """

    def __init__(self, call: Call[Answer], outgoing: Outgoing | None = None) -> None:
        """`outgoing` is the document's upload, where it is sent in parts."""
        super().__init__()
        self._call = call
        self._outgoing = outgoing

    def __iter__(self) -> Iterator[Page]:
        return (event for event in self.events() if isinstance(event, Page))

    def events(self) -> Iterator[DocumentEvent]:
        """Everything the server tells: a DocumentStart, the pages, a DocumentEnd."""
        self._begin()
        return self._events()

    def _events(self) -> Iterator[DocumentEvent]:
        try:
            for answer in self._call:
                _raise_for_upload(self._outgoing)
                event = self._observe(answer)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        finally:
            self.close()
        _raise_for_upload(self._outgoing)

    def close(self) -> None:
        """Cancels the call, unless it is over."""
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
        self, open_call: Callable[[], Awaitable[tuple[AsyncCall[Answer], Outgoing | None]]]
    ) -> None:
        """The call comes with the document's upload, where it is sent in parts."""
        super().__init__()
        self._open_call = open_call
        self._call: AsyncCall[Answer] | None = None

    def __aiter__(self) -> AsyncIterator[Page]:
        events = self.events()
        return (event async for event in events if isinstance(event, Page))

    def events(self) -> AsyncIterator[DocumentEvent]:
        """Everything the server tells: a DocumentStart, the pages, a DocumentEnd."""
        self._begin()
        return self._events()

    async def _events(self) -> AsyncIterator[DocumentEvent]:
        self._call, outgoing = await self._open_call()
        try:
            async for answer in self._call:
                _raise_for_upload(outgoing)
                event = self._observe(answer)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        finally:
            self.close()
        _raise_for_upload(outgoing)

    def close(self) -> None:
        """Cancels the call, unless it is over."""
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
