"""Sets logging up, once a process. What is logged is the business of who logs it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from enum import Enum
from typing import Final

from inkstream_server.telemetry.call import current_call
from inkstream_server.telemetry.log_lines import FIELDS, REQUEST, JsonLines, TextLines


class LogFormat(Enum):
    """How a line of the log is written."""

    TEXT = "text"  # for people
    JSON = "json"  # one object a line, for programs
    AUTO = "auto"  # text on a terminal, JSON elsewhere


def set_up_logging(level: str, log_format: LogFormat = LogFormat.TEXT) -> None:
    """Log to standard error, a line an event; standard output belongs to commands' results."""
    if log_format is LogFormat.AUTO:
        log_format = LogFormat.TEXT if sys.stderr.isatty() else LogFormat.JSON
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format is LogFormat.JSON else TextLines())
    handler.addFilter(_add_request)
    logging.basicConfig(level=level, handlers=[handler], force=True)


def fields(**values: str | float) -> Mapping[str, Mapping[str, str | float]]:
    """What an event tells programs, for `extra=`: members of their own in JSON, name=value in text.

    Who has no name for something leaves it out: empty texts are.
    """
    return {FIELDS: {name: value for name, value in values.items() if value != ""}}


_NOBODY: Final = ""


def _add_request(record: logging.LogRecord) -> bool:
    """Tell of every line for which call it was written. Nothing is left out."""
    call = current_call()
    setattr(record, REQUEST, _NOBODY if call is None else call.request_id)
    return True
