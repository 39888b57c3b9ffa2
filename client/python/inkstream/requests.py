"""Builds requests out of a caller's arguments, and refuses those over the message limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import Message

from inkstream.errors import MessageTooLarge
from inkstream.options import Options, PageOrder, encode_options, encode_order
from inkstream.sources import Source, encode_source, is_encoded_file
from inkstream.uploads import InputDocument
from inkstream.v1 import ocr_pb2

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class DocumentQuery:
    """Which pages of a document are wanted, and how they come."""

    pages: str
    dpi: int
    order: PageOrder


def in_parts(
    source: Source, password: str, query: DocumentQuery, options: Options
) -> InputDocument | None:
    """The same document for a stream, whose messages are small; None where it has to go in one."""
    if not is_encoded_file(source):
        return None
    return InputDocument("document", source, query.pages, query.dpi, query.order, password, options)


@dataclass(frozen=True, slots=True)
class RequestBuilder:
    """Every method reads its sources, blocking on the disk, and raises MessageTooLarge."""

    limit_bytes: int

    def image(self, source: Source, password: str, options: Options) -> ocr_pb2.RecognizeRequest:
        return self._checked(
            ocr_pb2.RecognizeRequest(
                source=encode_source(source, password=password, limit_bytes=self.limit_bytes),
                options=encode_options(options),
            )
        )

    def document(
        self, source: Source, password: str, query: DocumentQuery, options: Options
    ) -> ocr_pb2.RecognizeDocumentRequest:
        return self._checked(
            ocr_pb2.RecognizeDocumentRequest(
                source=encode_source(source, password=password, limit_bytes=self.limit_bytes),
                options=encode_options(options),
                pages=ocr_pb2.PageSelection(ranges=query.pages, dpi=query.dpi),
                order=encode_order(query.order),
            )
        )

    def lines(self, sources: Iterable[Source], options: Options) -> ocr_pb2.RecognizeLinesRequest:
        encoded = (
            encode_source(source, password="", limit_bytes=self.limit_bytes) for source in sources
        )
        return self._checked(
            ocr_pb2.RecognizeLinesRequest(lines=encoded, options=encode_options(options))
        )

    def _checked(self, request: M) -> M:
        size_bytes = request.ByteSize()
        if size_bytes > self.limit_bytes:
            raise MessageTooLarge.of(size_bytes, self.limit_bytes)
        return request
