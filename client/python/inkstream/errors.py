"""What a call can fail with. Every gRPC status becomes an InkstreamError, here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "inkstream.dev"
_DETAILS_KEY = "grpc-status-details-bin"
# What gRPC itself says, on either side, in its own words: it has no other sign of it.
_OVER_LIMIT: Final = re.compile(r"message larger than max \((\d+) vs\. (\d+)\)")


class InkstreamError(Exception):
    """A failed call, or the failure of one page raised by `Page.raise_for_error`.

    `message` is for people. For programs: `code`, the gRPC status; `reason`, stable and finer than
    the code (PDF_PASSWORD_REQUIRED), or the code's name where the failure is not the server's own
    (UNAVAILABLE: nobody answers); `facts`, the values the message speaks of; `retry_after_s`, when
    to try again, where the server said so; `request_id`, what the server's log calls the request.
    """

    def __init__(
        self,
        message: str,
        code: grpc.StatusCode,
        reason: str,
        facts: Mapping[str, str] = MappingProxyType({}),
        retry_after_s: float | None = None,
        request_id: str = "",
    ) -> None:
        # All of them, so that it can be pickled.
        super().__init__(message, code, reason, dict(facts), retry_after_s, request_id)
        self.message = message
        self.code = code
        self.reason = reason
        self.facts = dict(facts)
        self.retry_after_s = retry_after_s
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


class MessageTooLarge(InkstreamError):
    """The request or its answer is over the message limit, of this side or of the server."""

    @classmethod
    def of(cls, size_bytes: int, limit_bytes: int) -> MessageTooLarge:
        """Found before anything was sent."""
        told = f"the request has {size_bytes} bytes; the limit is {limit_bytes}"
        return cls.told(told, size_bytes, limit_bytes)

    @classmethod
    def told(cls, text: str, size_bytes: int, limit_bytes: int) -> MessageTooLarge:
        return cls(
            f"{text} (max_message_bytes, of the client and of the server)",
            code=grpc.StatusCode.RESOURCE_EXHAUSTED,
            reason="MESSAGE_TOO_LARGE",
            facts={"size_bytes": str(size_bytes), "limit_bytes": str(limit_bytes)},
        )


def from_rpc_error(error: grpc.RpcError) -> InkstreamError:
    """Says in our own terms what a sync or an asyncio call failed with."""
    code = error.code()
    message = error.details() or code.name.lower().replace("_", " ")
    over = _OVER_LIMIT.search(message)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and over is not None:
        return MessageTooLarge.told(message, int(over[1]), int(over[2]))
    cause = error_details_pb2.ErrorInfo()
    retry = error_details_pb2.RetryInfo()
    request = error_details_pb2.RequestInfo()
    for detail in _status_of(error).details:
        # Unpack fills its argument only where the type is right.
        detail.Unpack(cause) or detail.Unpack(retry) or detail.Unpack(request)
    is_ours = cause.domain == DOMAIN
    has_retry = retry.HasField("retry_delay")
    return InkstreamError(
        message,
        code=code,
        reason=cause.reason if is_ours else code.name,
        facts=cause.metadata if is_ours else {},
        retry_after_s=retry.retry_delay.ToMilliseconds() / 1000 if has_retry else None,
        request_id=request.request_id,
    )


def _status_of(error: grpc.RpcError) -> status_pb2.Status:
    # Both kinds of call give pairs; their stubs agree on nothing.
    metadata: Iterable[tuple[str, object]] = error.trailing_metadata() or ()  # type: ignore[assignment]
    for key, value in metadata:
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break  # some proxy's; the code and message still tell
    return status_pb2.Status()
