"""Tells the log of failures that do not end their call."""

from __future__ import annotations

import logging

from inkstream_server.errors import Fault, OcrError, shortened
from inkstream_server.pipeline.results import DocumentEnd, DocumentEvent, FailedPage

_log = logging.getLogger(__name__)

_SHOWN_LENGTH = 64


def log_failure(event: DocumentEvent, request_id: str, document_id: str = "") -> None:
    """A failure of our own is told the request's id: the log must know it too."""
    match event:
        case FailedPage():
            where = f"page={event.page_number}"
            _log_error(event.error, request_id, where, document_id)
        case DocumentEnd(error=OcrError() as error):
            _log_error(error, request_id, "document", document_id)


def log_line_failure(error: OcrError, request_id: str, line_number: int) -> None:
    """As above, of one line of many; the first has the number 1."""
    _log_error(error, request_id, f"line={line_number}")


def _log_error(error: OcrError, request_id: str, where: str, document_id: str = "") -> None:
    if error.fault is not Fault.SERVER:
        return
    _log.error(
        "request=%s document=%r %s reason=%s %s",
        request_id, shortened(document_id, _SHOWN_LENGTH), where, error.reason, error.message,
    )  # fmt: skip
