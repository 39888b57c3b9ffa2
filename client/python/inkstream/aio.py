"""The asyncio client. Everything of it that does not wait is in the modules it imports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self, TypeVar, Unpack

import grpc
from grpc import aio

from inkstream.access import Access, Tls
from inkstream.connection import (
    DEFAULT_ATTEMPT_COUNT,
    DEFAULT_MAX_MESSAGE_BYTES,
    DEFAULT_RESUME_S,
    DEFAULT_TARGET,
    Connection,
)
from inkstream.decoding import decode_line_text, decode_model, decode_page, decode_server_info
from inkstream.documents import AsyncCall, AsyncDocument, AsyncOpened
from inkstream.errors import MessageTooLarge, from_rpc_error
from inkstream.options import Options, PageOrder
from inkstream.requests import DocumentQuery, RequestBuilder, in_parts
from inkstream.results import LineText, Page
from inkstream.server import Model, ServerInfo
from inkstream.sources import Source
from inkstream.streams import AsyncDocumentStream
from inkstream.uploads import InputDocument, Outgoing
from inkstream.v1 import models_pb2, models_pb2_grpc, ocr_pb2, ocr_pb2_grpc

Q = TypeVar("Q")
A = TypeVar("A")


class AsyncClient:
    """Reads images and documents with an Inkstream server, from one event loop.

    Arguments, limits and errors are those of `Client`. Files are read in a thread, so no call
    blocks the loop. To be made inside a running loop.
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

    async def recognize(
        self,
        source: Source,
        *,
        password: str = "",
        timeout_s: float | None = None,
        **options: Unpack[Options],
    ) -> Page:
        """Reads one image."""
        request = await asyncio.to_thread(self._requests.image, source, password, options)
        return decode_page((await self._call(self._ocr.Recognize, request, timeout_s)).page)

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
    ) -> AsyncDocument:
        """Reads a document and gives its pages as each finishes; see `Client`.

        Nothing is read or sent before the first page is waited for.
        """
        query = DocumentQuery(pages=pages, dpi=dpi, order=order)

        async def open_call(pages: str, timeout_s: float | None) -> AsyncOpened:
            wanted = replace(query, pages=pages)
            build = partial(self._requests.document, source, password, wanted, options)
            try:
                request = await asyncio.to_thread(build)
            except MessageTooLarge:
                large = in_parts(source, password, wanted, options)
                if large is None:
                    raise
                outgoing = Outgoing(self._connection.max_message_bytes)
                return self._open_stream([large], outgoing, timeout_s), outgoing
            metadata = aio.Metadata(*self._connection.metadata)
            return self._ocr.RecognizeDocument(request, timeout=timeout_s, metadata=metadata), None

        return AsyncDocument(open_call, pages, self._connection.patience(timeout_s))

    def recognize_stream(
        self,
        documents: Iterable[InputDocument] | AsyncIterable[InputDocument],
        *,
        timeout_s: float | None = None,
    ) -> AsyncDocumentStream:
        """Reads many documents on one call and gives their events as they come; see `Client`.

        Nothing is taken or sent before the first event is waited for.
        """
        outgoing = Outgoing(self._connection.max_message_bytes)
        deadline_s = self._connection.deadline_s(timeout_s)
        open_call = partial(self._open_stream, documents, outgoing, deadline_s)
        return AsyncDocumentStream(open_call, outgoing)

    async def recognize_lines(
        self,
        sources: Iterable[Source],
        *,
        timeout_s: float | None = None,
        **options: Unpack[Options],
    ) -> tuple[LineText, ...]:
        """Reads crops of one text line each; the answers are in the order of the crops."""
        request = await asyncio.to_thread(self._requests.lines, sources, options)
        response = await self._call(self._ocr.RecognizeLines, request, timeout_s)
        return tuple(decode_line_text(line) for line in response.lines)

    async def list_models(self, *, timeout_s: float | None = None) -> tuple[Model, ...]:
        """Tells which models are loaded, on what."""
        request = models_pb2.ListModelsRequest()
        response = await self._call(self._models.ListModels, request, timeout_s)
        return tuple(decode_model(model) for model in response.models)

    async def server_info(self, *, timeout_s: float | None = None) -> ServerInfo:
        """Tells the server's version, defaults and limits."""
        request = models_pb2.GetServerInfoRequest()
        return decode_server_info(await self._call(self._models.GetServerInfo, request, timeout_s))

    async def close(self) -> None:
        """Ends the connection, and every call that still uses it."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _call(
        self, method: aio.UnaryUnaryMultiCallable[Q, A], request: Q, timeout_s: float | None
    ) -> A:
        try:
            return await method(
                request,
                timeout=self._connection.deadline_s(timeout_s),
                metadata=aio.Metadata(*self._connection.metadata),
            )
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error

    def _open_stream(
        self,
        documents: Iterable[InputDocument] | AsyncIterable[InputDocument],
        outgoing: Outgoing,
        timeout_s: float | None,
    ) -> AsyncCall[ocr_pb2.RecognizeStreamResponse]:
        return self._ocr.RecognizeStream(
            outgoing.messages_async(documents),
            timeout=timeout_s,
            metadata=aio.Metadata(*self._connection.metadata),
        )


def _open_channel(connection: Connection) -> aio.Channel:
    options = connection.channel_options()
    if connection.credentials is None:
        return aio.insecure_channel(connection.target, options)
    return aio.secure_channel(connection.target, connection.credentials, options)
