"""Turns errors into HTTP statuses and their JSON. The only place where a fault and one meet."""

from __future__ import annotations

import math
from typing import Final

from inkstream_server.errors import ContentTooLarge, Fault, OcrError
from inkstream_server.front import status
from inkstream_server.front.upload_protocol import UploadStalled

CODES: Final = {
    Fault.CALLER: 422,
    Fault.UNSERVED: 400,
    Fault.BUSY: 429,
    Fault.LATE: 504,
    Fault.AWAY: 503,
    Fault.SETUP: 500,
    Fault.SERVER: 500,
}
# HTTP has a word of its own for these.
_OWN_CODES: Final = {ContentTooLarge: 413, UploadStalled: 408}


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
    """When to try again, in whole seconds, where that helps."""
    after_s = status.retry_after_s(error) if error.fault is Fault.BUSY else None
    return {} if after_s is None else {"Retry-After": str(math.ceil(after_s))}
