"""How a download goes on where it broke off: what is asked for, what an answer means. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

from inkstream_server.errors import PullFailed

_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class Headers(Protocol):
    """Those of an answer, by their usual names."""

    def get(self, name: str, default: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """What is here of a file, out of an answer that told its length and its version."""

    size_bytes: int
    total_bytes: int
    validator: str


@dataclass(frozen=True, slots=True)
class Body:
    """What an answer holds: the file from `start_byte` on. None, "": the server did not tell."""

    start_byte: int
    total_bytes: int | None
    validator: str

    def kept(self, size_bytes: int) -> Kept | None:
        """None where nothing can be built upon later."""
        if self.total_bytes is None or not self.validator:
            return None
        return Kept(size_bytes, self.total_bytes, self.validator)


class RangeUnusable(Exception):
    """The server's answer does not continue what is kept: begin anew, without a range."""


def range_headers(kept: Kept | None) -> dict[str, str]:
    """Ask for the rest; for all of it, if the file is no longer the one that is kept."""
    if kept is None:
        return {}
    return {"Range": f"bytes={kept.size_bytes}-", "If-Range": kept.validator}


def body_of(status: int, headers: Headers, kept: Kept | None) -> Body:
    """`kept` as it was asked with. RangeUnusable, or PullFailed with the status."""
    if status == HTTPStatus.OK:
        return Body(0, _length(headers), _validator(headers))
    if kept is not None and status == HTTPStatus.PARTIAL_CONTENT:
        return _rest(headers, kept)
    if kept is not None and status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise RangeUnusable
    raise PullFailed(f"the server answers {status} {_phrase(status)}".rstrip(), status=status)


def _rest(headers: Headers, kept: Kept) -> Body:
    match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
    if match is None:
        raise RangeUnusable
    first, last, total = map(int, match.groups())
    is_the_rest = (first, last, total) == (kept.size_bytes, kept.total_bytes - 1, kept.total_bytes)
    # A server that does not know If-Range sends a part of the new file.
    is_the_same = _validator(headers) in ("", kept.validator)
    if not is_the_rest or not is_the_same or _length(headers) not in (None, total - first):
        raise RangeUnusable
    return Body(first, total, kept.validator)


def _length(headers: Headers) -> int | None:
    """None for a chunked answer, whose end is told by its last chunk."""
    if "chunked" in headers.get("Transfer-Encoding", "").lower():
        return None
    length = headers.get("Content-Length", "")
    if not length.isdecimal():
        raise PullFailed("the server does not tell where the file ends")
    return int(length)


def _validator(headers: Headers) -> str:
    """A weak tag names the content only nearly, so that no parts may be joined by it."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
