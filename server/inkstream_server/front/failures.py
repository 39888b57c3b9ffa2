"""Tells the log of failures of our own: of these a caller learns no more than the request's id."""

from __future__ import annotations

import logging

from inkstream_server.errors import OcrError, shortened
from inkstream_server.front.status import is_ours
from inkstream_server.pipeline.results import DocumentEnd, DocumentEvent, FailedPage
from inkstream_server.telemetry.log import fields

_log = logging.getLogger(__name__)

_SHOWN_LENGTH = 64


def log_fault(error: OcrError, request_id: str, **where: str | float) -> None:
    """Log an error with all that is known of it, if it is ours to mend."""
    if not is_ours(error):
        return
    told = {**where, **error.facts, "request": request_id, "reason": error.reason}
    _log.error("%s", error.message, extra=fields(**told))


def log_failure(event: DocumentEvent, request_id: str, document_id: str = "") -> None:
    """The same, where a failure does not end its call."""
    document = shortened(document_id, _SHOWN_LENGTH)
    match event:
        case FailedPage():
            log_fault(event.error, request_id, document=document, page=event.page_number)
        case DocumentEnd(error=OcrError() as error):
            log_fault(error, request_id, document=document)


def log_line_failure(error: OcrError, request_id: str, line_number: int) -> None:
    """The same, of one line of many; the first has the number 1."""
    log_fault(error, request_id, line=line_number)
