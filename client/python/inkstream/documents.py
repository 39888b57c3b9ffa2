"""The answer to one document while it comes in, for the blocking and the asyncio client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Protocol, Self, TypeAlias

import grpc
from grpc import aio

from inkstream.decoding import decode_event
from inkstream.errors import from_rpc_error
from inkstream.results import DocumentEnd, DocumentEvent, DocumentStart, Page
from inkstream.v1 import ocr_pb2


class Call(Protocol):
    """What is needed of gRPC's blocking response iterator, whose own type has no public name."""

    def __iter__(self) -> Iterator[ocr_pb2.RecognizeDocumentResponse]: ...
    def cancel(self) -> bool: ...


AsyncCall: TypeAlias = aio.UnaryStreamCall[
    ocr_pb2.RecognizeDocumentRequest, ocr_pb2.RecognizeDocumentResponse
]


class DocumentProgress:
    """What is known of the document so far: `start` and `end` are None until they have come."""

    def __init__(self) -> None:
        self.start: DocumentStart | None = None
        self.end: DocumentEnd | None = None

    def _observe(self, response: ocr_pb2.RecognizeDocumentResponse) -> DocumentEvent | None:
        event = decode_event(response)
        if isinstance(event, DocumentStart):
            self.start = event
        elif isinstance(event, DocumentEnd):
            self.end = event
        return event


class Document(DocumentProgress):
    """The pages of one document, as they come. To be iterated once.

    Leaving the loop, or the `with` block, cancels what the server has not done yet. A page that
    failed comes with its `error` set; the document's own failure is raised as InkstreamError.
    """

    def __init__(self, call: Call) -> None:
        super().__init__()
        self._call = call

    def __iter__(self) -> Iterator[Page]:
        return (event for event in self.events() if isinstance(event, Page))

    def events(self) -> Iterator[DocumentEvent]:
        """Everything the server tells: a DocumentStart, the pages, a DocumentEnd."""
        try:
            for response in self._call:
                event = self._observe(response)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        finally:
            self.close()

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

    def __init__(self, open_call: Callable[[], Awaitable[AsyncCall]]) -> None:
        super().__init__()
        self._open_call = open_call
        self._call: AsyncCall | None = None

    async def __aiter__(self) -> AsyncIterator[Page]:
        async for event in self.events():
            if isinstance(event, Page):
                yield event

    async def events(self) -> AsyncIterator[DocumentEvent]:
        """Everything the server tells: a DocumentStart, the pages, a DocumentEnd."""
        self._call = await self._open_call()
        try:
            async for response in self._call:
                event = self._observe(response)
                if event is not None:
                    yield event
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        finally:
            self.close()

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
