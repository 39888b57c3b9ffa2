"""The blocking client. Everything of it that does not wait is in the modules it imports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar, Unpack

import grpc

from inkstream.access import Access, Tls
from inkstream.connection import (
    DEFAULT_ATTEMPT_COUNT,
    DEFAULT_MAX_MESSAGE_BYTES,
    DEFAULT_RESUME_S,
    DEFAULT_TARGET,
    Connection,
)
from inkstream.decoding import decode_line_text, decode_model, decode_page, decode_server_info
from inkstream.documents import Call, Document, Opened
from inkstream.errors import MessageTooLarge, from_rpc_error
from inkstream.options import Options, PageOrder
from inkstream.requests import DocumentQuery, RequestBuilder, in_parts
from inkstream.results import LineText, Page
from inkstream.server import Model, ServerInfo
from inkstream.sources import Source
from inkstream.streams import DocumentStream
from inkstream.uploads import InputDocument, Outgoing
from inkstream.v1 import models_pb2, models_pb2_grpc, ocr_pb2, ocr_pb2_grpc

Q = TypeVar("Q")
A = TypeVar("A")


class Client:
    """Reads images and documents with an Inkstream server.

    Safe to share between threads; one client keeps one connection to each of its target's
    addresses, made by the first call. Every call raises InkstreamError, and OSError where a source
    is a file that cannot be read.

    `timeout_s` is the deadline of a call as a whole, and can be set for each; None means that a
    document may take as long as it takes, and anything else ten minutes. `max_message_bytes` bounds
    a request (else MessageTooLarge) and an answer; the server has a limit of its own. A call that
    finds no server is tried `attempt_count` times in all, at most 5, within a second or two, and
    one that finds it full when the server says. A document whose answer breaks off, because the
    server went away, is resumed: no page comes twice, and none is asked for that has come. That is
    given up after `resume_s` in which no page has come; 0 means never to try. docs/retries.md has
    the whole of it.

    `tls` is off by default; True believes the authorities that gRPC comes with, a `Tls` names its
    own. `token` goes with every call, though in plain text to this machine only, else ValueError,
    unless `allow_plaintext_token`. `credentials`, gRPC's own, stand in the place of `tls`;
    `metadata` goes with every call.
    """

    def __init__(  # noqa: PLR0913 - each has a name and a default
        self,
        target: str = DEFAULT_TARGET,
        *,
        timeout_s: float | None = None,
        tls: Tls | bool = False,
        token: str = "",
        allow_plaintext_token: bool = False,
        credentials: grpc.ChannelCredentials | None = None,
        metadata: Sequence[tuple[str, str]] = (),
        max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES,
        attempt_count: int = DEFAULT_ATTEMPT_COUNT,
        resume_s: float = DEFAULT_RESUME_S,
    ) -> None:
        self._connection = Connection(
            target,
            timeout_s,
            credentials,
            tuple(metadata),
            max_message_bytes,
            attempt_count,
            resume_s,
        ).with_access(Access(tls, token, allow_plaintext_token))
        self._requests = RequestBuilder(max_message_bytes)
        self._channel = _open_channel(self._connection)
        self._ocr = ocr_pb2_grpc.OcrServiceStub(self._channel)
        self._models = models_pb2_grpc.ModelServiceStub(self._channel)

    @property
    def target(self) -> str:
        """The server's address, as it was given."""
        return self._connection.target

    @property
    def max_message_bytes(self) -> int:
        """What one request or answer may have."""
        return self._connection.max_message_bytes

    def recognize(
        self,
        source: Source,
        *,
        password: str = "",
        timeout_s: float | None = None,
        **options: Unpack[Options],
    ) -> Page:
        """Reads one image; of a document of many pages, the first."""
        request = self._requests.image(source, password, options)
        return decode_page(self._call(self._ocr.Recognize, request, timeout_s).page)

    def recognize_document(
        self,
        source: Source,
        *,
        pages: str = "",
        dpi: int = 0,
        order: PageOrder = "document",
        password: str = "",
        timeout_s: float | None = None,
        **options: Unpack[Options],
    ) -> Document:
        """Reads a document and gives its pages as each finishes.

        `pages` selects, such as "1-3,7,10-"; empty: all. `dpi` 0 is the server's default. With
        `order` "completion" a page comes the moment it is done. A file that is too large for one
        message is sent in parts. Where the answer breaks off, the pages that are missing are asked
        for again.
        """
        query = DocumentQuery(pages=pages, dpi=dpi, order=order)

        def open_call(pages: str, timeout_s: float | None) -> Opened:
            wanted = replace(query, pages=pages)
            try:
                request = self._requests.document(source, password, wanted, options)
            except MessageTooLarge:
                large = in_parts(source, password, wanted, options)
                if large is None:
                    raise
                return self._open_stream([large], timeout_s)
            metadata = self._connection.metadata
            return self._ocr.RecognizeDocument(request, timeout=timeout_s, metadata=metadata), None

        return Document(open_call, pages, self._connection.patience(timeout_s))

    def recognize_stream(
        self, documents: Iterable[InputDocument], *, timeout_s: float | None = None
    ) -> DocumentStream:
        """Reads many documents on one call and gives their events as they come.

        The documents are taken, and their files read, as the server asks for more; it is asked
        for by reading the answers. They are taken in another thread.
        """
        return DocumentStream(*self._open_stream(documents, timeout_s))

    def recognize_lines(
        self,
        sources: Iterable[Source],
        *,
        timeout_s: float | None = None,
        **options: Unpack[Options],
    ) -> tuple[LineText, ...]:
        """Reads crops of one text line each; the answers are in the order of the crops."""
        request = self._requests.lines(sources, options)
        response = self._call(self._ocr.RecognizeLines, request, timeout_s)
        return tuple(decode_line_text(line) for line in response.lines)

    def list_models(self, *, timeout_s: float | None = None) -> tuple[Model, ...]:
        """Tells which models are loaded, on what."""
        request = models_pb2.ListModelsRequest()
        response = self._call(self._models.ListModels, request, timeout_s)
        return tuple(decode_model(model) for model in response.models)

    def server_info(self, *, timeout_s: float | None = None) -> ServerInfo:
        """Tells the server's version, defaults and limits."""
        request = models_pb2.GetServerInfoRequest()
        return decode_server_info(self._call(self._models.GetServerInfo, request, timeout_s))

    def close(self) -> None:
        """Ends the connection, and every call that still uses it."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open_stream(
        self, documents: Iterable[InputDocument], timeout_s: float | None
    ) -> tuple[Call[ocr_pb2.RecognizeStreamResponse], Outgoing]:
        outgoing = Outgoing(self._connection.max_message_bytes)
        call = self._ocr.RecognizeStream(
            outgoing.messages(documents),
            timeout=self._connection.deadline_s(timeout_s),
            metadata=self._connection.metadata,
        )
        return call, outgoing

    def _call(
        self, method: grpc.UnaryUnaryMultiCallable[Q, A], request: Q, timeout_s: float | None
    ) -> A:
        try:
            return method(
                request,
                timeout=self._connection.deadline_s(timeout_s),
                metadata=self._connection.metadata,
            )
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error


def _open_channel(connection: Connection) -> grpc.Channel:
    options = connection.channel_options()
    if connection.credentials is None:
        return grpc.insecure_channel(connection.target, options)
    return grpc.secure_channel(connection.target, connection.credentials, options)
