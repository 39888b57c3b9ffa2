"""What goes up a RecognizeStream call: documents as headers and chunks, read as they are asked for.

gRPC asks for the next message when it has sent the last one, so no file is ever read as a whole.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc

from inkstream.options import Options, PageOrder, encode_options, encode_order
from inkstream.results import DocumentEnd, Failure, StreamEvent
from inkstream.sources import Source, encode_source, is_encoded_file
from inkstream.v1 import ocr_pb2

Message = ocr_pb2.RecognizeStreamRequest

_CHUNK_BYTES: Final = 512 << 10
# Of a message, what is not the chunk's data and its document's identifier.
_FRAME_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class InputDocument:
    """A document for `recognize_stream`. Its identifier marks its answers, and is used once a call.

    The other fields mean what the arguments of `Client.recognize_document` mean.
    """

    document_id: str
    source: Source
    pages: str = ""
    dpi: int = 0
    order: PageOrder = "document"
    password: str = ""
    options: Options = field(default_factory=Options)


class Outgoing:
    """Documents on their way up one call, and what has gone wrong with them on this side.

    A file that cannot be opened is the failure of its document. Any other error, of a file or of
    the caller's own iterable, ends the upload; it is for whoever reads the answers to raise.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._unreadable: deque[tuple[str, OSError]] = deque()
        self._error: Exception | None = None

    def messages(self, documents: Iterable[InputDocument]) -> Iterator[Message]:
        try:
            for document in documents:
                yield from self._messages_of(document)
        except Exception as error:  # noqa: BLE001 - gRPC's thread would only log it
            self._error = error

    async def messages_async(
        self, documents: Iterable[InputDocument] | AsyncIterable[InputDocument]
    ) -> AsyncIterator[Message]:
        """Files are read in a thread."""
        try:
            async for document in _each(documents):
                messages = self._messages_of(document)
                while (message := await asyncio.to_thread(next, messages, None)) is not None:
                    yield message
        except Exception as error:  # noqa: BLE001 - as above
            self._error = error

    def unreadable(self) -> Iterator[StreamEvent]:
        """The ends, not yet told, of documents that could not be opened."""
        while self._unreadable:
            document_id, error = self._unreadable.popleft()
            failure = Failure(
                grpc.StatusCode.INVALID_ARGUMENT, "FILE_UNREADABLE", error.strerror or str(error)
            )
            end = DocumentEnd(0, 0, 0.0, failure, ocr_pb2.DocumentEnd())
            yield StreamEvent(document_id, end)

    def raise_for_error(self) -> None:
        """Raises what ended the upload, if anything did."""
        if self._error is not None:
            raise self._error

    def raise_for_unreadable(self) -> None:
        """Raises what a document could not be opened for, if one could not."""
        if self._unreadable:
            raise self._unreadable[0][1]

    def _messages_of(self, document: InputDocument) -> Iterator[Message]:
        header = ocr_pb2.DocumentHeader(
            document_id=document.document_id,
            options=encode_options(document.options),
            pages=ocr_pb2.PageSelection(ranges=document.pages, dpi=document.dpi),
            order=encode_order(document.order),
        )
        if not is_encoded_file(document.source):
            source = encode_source(
                document.source, password=document.password, limit_bytes=self._limit_bytes
            )
            header.source.CopyFrom(source)
            yield Message(header=header)
            return
        header.source.password = document.password
        with closing(_parts(document.source, self._part_bytes(document.document_id))) as parts:
            try:
                first = next(parts, b"")
            except OSError as error:
                self._unreadable.append((document.document_id, error))
                return
            yield Message(header=header)
            yield from _chunks(document.document_id, first, parts)

    def _part_bytes(self, document_id: str) -> int:
        room = self._limit_bytes - len(document_id.encode()) - _FRAME_BYTES
        return max(1, min(_CHUNK_BYTES, room))


async def _each(
    documents: Iterable[InputDocument] | AsyncIterable[InputDocument],
) -> AsyncIterator[InputDocument]:
    if isinstance(documents, AsyncIterable):
        async for document in documents:
            yield document
    else:
        for document in documents:
            yield document


def _parts(source: Source, size_bytes: int) -> Generator[bytes, None, None]:
    """An encoded file's bytes, none of them empty."""
    if isinstance(source, str | os.PathLike):
        with Path(source).open("rb", buffering=0) as file:
            while part := file.read(size_bytes):
                yield part
    else:
        view = memoryview(source)
        for at in range(0, len(view), size_bytes):
            yield view[at : at + size_bytes].tobytes()


def _chunks(document_id: str, first: bytes, parts: Iterator[bytes]) -> Iterator[Message]:
    """One more is read before each is sent: the last one says so."""
    part = first
    while True:
        following = next(parts, b"")
        chunk = ocr_pb2.DocumentChunk(document_id=document_id, data=part, last=not following)
        yield Message(chunk=chunk)
        if not following:
            return
        part = following
