"""Which pages a request selects. Knows numbers only: no document, no reader."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from inkstream_server.errors import InvalidField, TooManyPages, shortened

_FIELD: Final = "pages.ranges"
_ALLOWED: Final = 'page numbers from 1, such as "1-3,7,10-", or empty for all'
_MAX_LENGTH: Final = 4096
_SHOWN_LENGTH: Final = 64
_PART: Final = re.compile(r"\s*([0-9]{1,18})\s*(?:(-)\s*([0-9]{1,18})?\s*)?")


@dataclass(frozen=True, slots=True)
class PageRanges:
    """What a request asks for, before the document's length is known.

    Each span is (first, last), both included, from 1; last None: to the end. No span: every page.
    """

    spans: tuple[tuple[int, int | None], ...] = ()

    def select(self, page_count: int, *, max_pages: int) -> list[int]:
        """The page numbers, ascending, each once; costs no more than the answer is long.

        A span is cut at the last page: "1-3" of a document with two pages selects both, since one
        selection is commonly sent with many documents. DocumentStart tells how many that were.
        Raises InvalidField where nothing remains of a document that has pages, and TooManyPages
        where more than max_pages do.
        """
        pieces = _merged(self._cut(page_count))
        selected_count = sum(len(piece) for piece in pieces)
        if selected_count == 0 and page_count > 0:
            raise InvalidField.of(_FIELD, self.text(), f"pages 1 to {page_count} of this document")
        if selected_count > max_pages:
            raise TooManyPages(
                f"{selected_count} pages are selected; allowed: {max_pages} a request",
                selected_pages=selected_count,
                max_pages=max_pages,
                page_count=page_count,
            )
        return [number for piece in pieces for number in piece]

    def text(self) -> str:
        """As a request would write it, shortened for messages."""
        parts = (_span_text(first, last) for first, last in self.spans)
        return shortened(",".join(parts), _SHOWN_LENGTH)

    def _cut(self, page_count: int) -> list[range]:
        spans = self.spans or ((1, None),)
        ends = ((a, page_count if b is None else min(b, page_count)) for a, b in spans)
        return sorted((range(a, b + 1) for a, b in ends if a <= b), key=lambda piece: piece.start)


def parse_page_ranges(text: str) -> PageRanges:
    """Raises InvalidField. White space is free everywhere but inside a number."""
    if not text.strip():
        return PageRanges()
    if len(text) > _MAX_LENGTH:
        raise _invalid(text)
    return PageRanges(tuple(_parse_part(part, text) for part in text.split(",")))


def _parse_part(part: str, text: str) -> tuple[int, int | None]:
    match = _PART.fullmatch(part)
    if match is None:
        raise _invalid(text)
    first = int(match[1])
    last = int(match[3]) if match[3] else (None if match[2] else first)
    if first < 1 or (last is not None and last < first):
        raise _invalid(text)
    return first, last


def _merged(pieces: list[range]) -> list[range]:
    """The same numbers without overlap, given pieces in order of their start."""
    merged: list[range] = []
    for piece in pieces:
        start = max(piece.start, merged[-1].stop) if merged else piece.start
        if start < piece.stop:
            merged.append(range(start, piece.stop))
    return merged


def _span_text(first: int, last: int | None) -> str:
    if last is None:
        return f"{first}-"
    return f"{first}" if first == last else f"{first}-{last}"


def _invalid(text: str) -> InvalidField:
    return InvalidField.of(_FIELD, shortened(text, _SHOWN_LENGTH), _ALLOWED)
