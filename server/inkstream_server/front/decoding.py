"""Answers requests that are no message of their type, before any service sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from inkstream_server.errors import Fault, OcrError
from inkstream_server.front.calls import Calls, Context

# A handler's types are those of its method; here only bytes come in. The types' parameters exist
# in the stubs alone.
if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
    Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]


class RequestMalformed(OcrError):
    """The bytes of a request are no message of the method's type."""

    reason = "REQUEST_MALFORMED"
    fault = Fault.CALLER


class DecodingRequests(grpc.aio.ServerInterceptor):
    """Decodes the request of every method that takes one.

    Left to itself gRPC answers UNKNOWN to a request that it cannot decode, and writes a trace: any
    scan of the port would fill the log.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_streaming or handler.request_deserializer is None:
            return handler
        kind = "unary_stream" if handler.response_streaming else "unary_unary"
        method = handler_call_details.method.rpartition("/")[2]
        decode, behaviour = handler.request_deserializer, getattr(handler, kind)

        async def decoded(request: bytes, context: Context) -> object:
            try:
                message = decode(request)
            except DecodeError as error:
                async with self._calls.answering(method, context):
                    raise RequestMalformed(f"the request cannot be decoded: {error}") from None
            return await behaviour(message, context)

        # A named tuple by all but its type.
        changed: Handler = handler._replace(request_deserializer=None, **{kind: decoded})  # type: ignore[attr-defined]
        return changed
