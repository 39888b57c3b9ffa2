"""Turns errors into gRPC statuses. The only place where a fault and one of their codes meet."""

from __future__ import annotations

import math
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from inkstream.v1 import page_pb2
from inkstream_server.errors import (
    DeadlineTooShort,
    Fault,
    InvalidField,
    OcrError,
    WorkerCrashed,
    shortened,
)
from inkstream_server.front.unknown import MethodUnknown, ServiceUnknown

DOMAIN: Final = "inkstream.dev"
DETAILS_KEY: Final = "grpc-status-details-bin"
PUSHBACK_KEY: Final = "grpc-retry-pushback-ms"
"""Trailing metadata that gRPC's own retries obey: when to try again, or, below 0, that in vain."""

CODES: Final = {
    Fault.CALLER: grpc.StatusCode.INVALID_ARGUMENT,
    Fault.STRANGER: grpc.StatusCode.UNAUTHENTICATED,
    Fault.UNSERVED: grpc.StatusCode.FAILED_PRECONDITION,
    Fault.BUSY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Fault.LATE: grpc.StatusCode.DEADLINE_EXCEEDED,
    Fault.AWAY: grpc.StatusCode.UNAVAILABLE,
    Fault.SETUP: grpc.StatusCode.FAILED_PRECONDITION,
    Fault.SERVER: grpc.StatusCode.INTERNAL,
}

# gRPC has a word of its own for these.
_OWN_CODES: Final = {
    MethodUnknown: grpc.StatusCode.UNIMPLEMENTED,
    ServiceUnknown: grpc.StatusCode.NOT_FOUND,
}

# Where an error does not tell.
_RETRY_AFTER_S: Final = 1.0
_NEVER: Final = -1
# A status travels as headers, of which a client takes 8 KiB in all. What a request held may be
# longer, and is in its error's message and in its facts.
_SHOWN_LENGTH: Final = 256


def code_of(error: OcrError) -> grpc.StatusCode:
    return _OWN_CODES.get(type(error), CODES[error.fault])


def message_of(error: OcrError, request_id: str) -> str:
    """What the caller may know: of our own faults only that there was one, and where to ask."""
    if _is_secret(error):
        return f"internal error; the server's log has it under request {request_id}"
    return _shortened(error.message)


def facts_of(error: OcrError) -> dict[str, str]:
    """What programs may know: of our own faults nothing."""
    shown = {} if _is_secret(error) else error.facts
    return {name: _shortened(value) for name, value in shown.items()}


def details(error: OcrError, request_id: str) -> bytes:
    """The google.rpc.Status of an error, as the trailing metadata carries it."""
    status = status_pb2.Status(
        code=_number(code_of(error)),
        message=message_of(error, request_id),
        details=[_packed(each) for each in _details(error, request_id)],
    )
    serialized: bytes = status.SerializeToString()
    return serialized


def page_error(error: OcrError, request_id: str) -> page_pb2.Error:
    """A failure that does not end the call."""
    return page_pb2.Error(
        code=_number(code_of(error)),
        reason=error.reason,
        message=message_of(error, request_id),
    )


def _details(error: OcrError, request_id: str) -> list[Message]:
    found: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=facts_of(error)),
        error_details_pb2.RequestInfo(request_id=request_id),
    ]
    if isinstance(error, InvalidField):
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=error.facts["field"], description=_shortened(error.message)
        )
        found.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if error.fault is Fault.BUSY and (after_s := retry_after_s(error)) is not None:
        found.append(error_details_pb2.RetryInfo(retry_delay=duration(after_s)))
    return found


def retry_after_s(error: OcrError) -> float | None:
    """When trying again may help, of an error whose fault is BUSY; None where it will not."""
    told = error.facts.get("retry_after_s")
    if told is None:  # a deadline that no waiting helps is said to be so
        return None if isinstance(error, DeadlineTooShort) else _RETRY_AFTER_S
    return float(told)


def pushback_ms(error: OcrError, left_s: float | None) -> int | None:
    """How long the caller's gRPC shall wait before it tries the same call again; -1: not at all.

    None where that is its own business. `left_s` is what is left of the call's time: all tries
    share it, so a wait that uses it up would only hide the reason. A deadline that was too short is
    shorter still after any wait.
    """
    if error.fault is not Fault.BUSY:
        return None
    after_s = None if isinstance(error, DeadlineTooShort) else retry_after_s(error)
    if after_s is None or (left_s is not None and after_s >= left_s):
        return _NEVER
    return math.ceil(1000 * after_s)


def duration(seconds: float) -> Duration:
    whole = math.floor(seconds)
    return Duration(seconds=whole, nanos=int((seconds - whole) * 1e9))


def is_ours(error: OcrError) -> bool:
    """Whether it is up to us, or to who runs this server, to mend it."""
    return error.fault in (Fault.SERVER, Fault.SETUP)


def _is_secret(error: OcrError) -> bool:
    """Whether an error tells of our insides: of files, of libraries, of this machine."""
    return is_ours(error) and not isinstance(error, WorkerCrashed)


def _shortened(text: str) -> str:
    return shortened(text, _SHOWN_LENGTH)


def _number(code: grpc.StatusCode) -> int:
    number: int = code.value[0]
    return number


def _packed(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
