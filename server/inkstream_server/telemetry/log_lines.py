"""Writes an event of the log as one line. Nothing that was logged can begin a line of its own."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping
from typing import Final

FIELDS: Final = "inkstream_fields"
REQUEST: Final = "inkstream_request"

_FORMAT: Final = "%(asctime)s.%(msecs)03d %(levelname)-7s [%(process)d] %(name)s: %(message)s"
_TIME: Final = "%Y-%m-%dT%H:%M:%S"
# What follows the first line of an event, such as a trace: no line of an event begins like it.
_CONTINUED: Final = "\n  | "
# Line ends of every kind, and what steers terminals; surrogates, which cannot be written at all.
_NOT_PRINTED: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# A value that can be told from the next field without quotes.
_PLAIN: Final = re.compile(r'[^\s"=\\]+')


class TextLines(logging.Formatter):
    """For people. An event's further lines are indented behind a bar."""

    def __init__(self) -> None:
        super().__init__(_FORMAT, _TIME)

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        told = _told(record)
        if told:
            head, rest = _parted(text, record)
            pairs = (f"{name}={_quoted(value)}" for name, value in told.items())
            text = f"{head} {' '.join(pairs)}{rest}"
        return _NOT_PRINTED.sub(_escaped, text).replace("\n", _CONTINUED)


class JsonLines(logging.Formatter):
    """For programs: one object a line, times in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "time": f"{time.strftime(_TIME, time.gmtime(record.created))}.{record.msecs:03.0f}Z",
            "level": record.levelname,
            "logger": record.name,
            "pid": record.process,
            "message": record.getMessage(),
            **_told(record),
        }
        if record.exc_info:
            event["trace"] = self.formatException(record.exc_info)
        return json.dumps(event, default=str)  # all but ASCII is escaped


def _told(record: logging.LogRecord) -> Mapping[str, object]:
    """The event's fields, and for which request it was written where they do not say."""
    own: Mapping[str, object] = getattr(record, FIELDS, {})
    request = getattr(record, REQUEST, "")
    return own if "request" in own or not request else {"request": request, **own}


def _parted(text: str, record: logging.LogRecord) -> tuple[str, str]:
    """The event without its trace, and the trace."""
    if not record.exc_text:
        return text, ""
    at = text.rindex(record.exc_text)
    return text[:at].rstrip("\n"), "\n" + text[at:]


def _quoted(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
