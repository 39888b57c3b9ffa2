"""Turns errors into HTTP statuses and their JSON. The only place where a fault and one meet."""

from __future__ import annotations

import math
from typing import Final

from inkstream_server.errors import (
    CertificateMissing,
    ContentTooLarge,
    Fault,
    OcrError,
    TokenMissing,
    TokenWrong,
)
from inkstream_server.front import status
from inkstream_server.front.upload_protocol import UploadStalled

CODES: Final = {
    Fault.CALLER: 422,
    Fault.STRANGER: 401,
    Fault.UNSERVED: 400,
    Fault.BUSY: 429,
    Fault.LATE: 504,
    Fault.AWAY: 503,
    Fault.SETUP: 500,
    Fault.SERVER: 500,
}
# HTTP has a word of its own for these.
_OWN_CODES: Final = {ContentTooLarge: 413, UploadStalled: 408, CertificateMissing: 403}
# RFC 6750: who brings no token is told of no error.
_CHALLENGE: Final = 'Bearer realm="inkstream"'
_CHALLENGES: Final = {TokenMissing: _CHALLENGE, TokenWrong: f'{_CHALLENGE}, error="invalid_token"'}


def code_of(error: OcrError) -> int:
    return _OWN_CODES.get(type(error), CODES[error.fault])


def failure(error: OcrError, log_id: str, request_id: str) -> dict[str, object]:
    """The answer to a request that failed: PaddleX's members, and beside them ours."""
    return {"logId": log_id, **page_failure(error, request_id)}


def page_failure(error: OcrError, request_id: str) -> dict[str, object]:
    """What stands for a page that failed while others were read."""
    return {
        "errorCode": code_of(error),
        "errorMsg": status.message_of(error, request_id),
        "reason": error.reason,
        "facts": status.facts_of(error),
    }


def headers(error: OcrError) -> dict[str, str]:
    """When to try again, in whole seconds, where that helps; how to say who calls."""
    if challenge := _CHALLENGES.get(type(error)):
        return {"WWW-Authenticate": challenge}
    after_s = status.retry_after_s(error) if error.fault is Fault.BUSY else None
    return {} if after_s is None else {"Retry-After": str(math.ceil(after_s))}
