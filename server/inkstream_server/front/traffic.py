"""Counts the bytes of requests and answers over gRPC. What they hold is not looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import grpc.aio

from inkstream_server.front.calls import Calls

if TYPE_CHECKING:
    from inkstream_server.front.decoding import Continuation, Handler


class CountingBytes(grpc.aio.ServerInterceptor):
    """Counts where messages become bytes: of a method that is not there nothing does."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        method = handler_call_details.method.rpartition("/")[2]
        decode, encode = handler.request_deserializer, handler.response_serializer

        def decoded(request: bytes) -> object:
            self._calls.note_received(method, len(request))
            return request if decode is None else decode(request)

        def encoded(answer: object) -> bytes:
            content = answer if encode is None else encode(answer)
            assert isinstance(content, bytes), "what is sent is bytes"
            self._calls.note_sent(method, len(content))
            return content

        # A named tuple by all but its type.
        changed: Handler = handler._replace(  # type: ignore[attr-defined]
            request_deserializer=decoded, response_serializer=encoded
        )
        return changed
