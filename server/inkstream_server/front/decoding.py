"""Answers requests that are no message of their type, before any service sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from inkstream.v1 import ocr_pb2
from inkstream_server.errors import Fault, OcrError, shortened
from inkstream_server.front.calls import Calls, Context
from inkstream_server.front.unknown import UNKNOWN_METHOD, MethodUnknown

# A handler's types are those of its method; here only bytes come in. The types' parameters exist
# in the stubs alone.
if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
    Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]]


_SHOWN_LENGTH: Final = 128


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
        if handler is None:
            return self._refusing(handler_call_details.method)
        if handler.request_deserializer is None:
            return handler
        if handler.request_streaming:
            return _decoding_stream(handler) if is_ours(handler_call_details) else handler
        kind = "unary_stream" if handler.response_streaming else "unary_unary"
        method = handler_call_details.method.rpartition("/")[2]
        decode, behaviour = handler.request_deserializer, getattr(handler, kind)

        async def decoded(request: bytes, context: Context) -> object:
            try:
                messages = [decode(request)]
            except DecodeError as error:
                async with self._calls.answering(method, context):
                    raise _malformed(error) from None
            return await behaviour(messages.pop(), context)  # whose alone it is, to let go of

        # A named tuple by all but its type.
        changed: Handler = handler._replace(request_deserializer=None, **{kind: decoded})  # type: ignore[attr-defined]
        return changed

    def _refusing(self, method: str) -> Handler:
        """What answers a method that is not there, in whichever way it is called."""

        async def refuse(requests: AsyncIterator[bytes], context: Context) -> None:
            del requests
            async with self._calls.answering(UNKNOWN_METHOD, context):
                name = shortened(method, _SHOWN_LENGTH)
                raise MethodUnknown(f"this server has no method {name}", method=name)

        return grpc.stream_stream_rpc_method_handler(refuse)


def is_ours(call: grpc.HandlerCallDetails) -> bool:
    """Whether the method answers an OcrError. gRPC's own, reflection, does not."""
    return call.method.startswith(f"/{ocr_pb2.DESCRIPTOR.package}.")


def _decoding_stream(handler: Handler) -> Handler:
    """Of a stream, the message that cannot be decoded is raised where the method takes it."""
    decode = handler.request_deserializer
    assert decode is not None, "left out where it is None"
    # The stubs know the handlers of servers without asyncio only.
    behaviour: Callable[..., Awaitable[object]] | None = handler.stream_stream  # type: ignore[assignment]
    assert behaviour is not None, "all our streams go both ways"

    async def decoded(requests: AsyncIterator[bytes]) -> AsyncIterator[object]:
        async for request in requests:
            try:
                message = decode(request)
            except DecodeError as error:
                raise _malformed(error) from None
            yield message

    async def decoding(requests: AsyncIterator[bytes], context: Context) -> object:
        return await behaviour(decoded(requests), context)

    changed: Handler = handler._replace(request_deserializer=None, stream_stream=decoding)  # type: ignore[attr-defined] # as above
    return changed


def _malformed(error: DecodeError) -> RequestMalformed:
    return RequestMalformed(f"the request cannot be decoded: {error}")
