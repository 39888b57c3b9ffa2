"""The answers to many documents of one call while they come in, for both clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Self

import grpc

from inkstream.decoding import decode_event
from inkstream.documents import AsyncCall, Call
from inkstream.errors import from_rpc_error
from inkstream.results import StreamEvent
from inkstream.uploads import Outgoing
from inkstream.v1 import ocr_pb2


class DocumentStream:
    """The events of many documents, as they come, each marked with its document's identifier.

    To be iterated once. Of every document come a DocumentStart, its pages and a DocumentEnd, or,
    where it cannot be read, a DocumentEnd whose `error` is set; the call goes on. Leaving the loop,
    or the `with` block, cancels what the server has not done yet. What ends the call as a whole is
    raised as InkstreamError, and an error of the documents' own iterable after the last answer.
    """

    def __init__(self, call: Call[ocr_pb2.RecognizeStreamResponse], outgoing: Outgoing) -> None:
        self._call = call
        self._outgoing = outgoing
        self._is_read = False

    def __iter__(self) -> Iterator[StreamEvent]:
        _check_first(self._is_read)
        self._is_read = True
        return self._events()

    def _events(self) -> Iterator[StreamEvent]:
        try:
            for answer in self._call:
                yield from self._outgoing.unreadable()
                event = _decode(answer)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        finally:
            self.close()
        yield from self._outgoing.unreadable()
        self._outgoing.raise_for_error()

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


class AsyncDocumentStream:
    """As `DocumentStream`, with `async for` and `async with`."""

    def __init__(
        self,
        open_call: Callable[[], AsyncCall[ocr_pb2.RecognizeStreamResponse]],
        outgoing: Outgoing,
    ) -> None:
        """Nothing is opened before the first event is waited for."""
        self._open_call = open_call
        self._outgoing = outgoing
        self._call: AsyncCall[ocr_pb2.RecognizeStreamResponse] | None = None
        self._is_read = False

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        _check_first(self._is_read)
        self._is_read = True
        return self._events()

    async def _events(self) -> AsyncIterator[StreamEvent]:
        self._call = self._open_call()
        try:
            async for answer in self._call:
                for failure in self._outgoing.unreadable():
                    yield failure
                event = _decode(answer)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        finally:
            self.close()
        for failure in self._outgoing.unreadable():
            yield failure
        self._outgoing.raise_for_error()

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


def _check_first(is_read: bool) -> None:
    if is_read:
        raise RuntimeError("a stream's events come once; keep what is needed twice")


def _decode(answer: ocr_pb2.RecognizeStreamResponse) -> StreamEvent | None:
    event = decode_event(answer)
    return None if event is None else StreamEvent(answer.document_id, event)
