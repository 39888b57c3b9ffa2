"""Calls, and what comes of them. Content is drawn when a call is made, so that it is the same
whatever server it is sent to.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from inkstream_server.simulation.choice import Draw
from inkstream_server.simulation.scenario import Kind, Sheet


@dataclass(frozen=True, slots=True)
class PageContent:
    """What a page makes the server do. Widths are lines' own."""

    detector_shape: tuple[int, int]
    line_widths_px: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One document that somebody sends."""

    number: int
    kind_name: str
    kind: Kind
    client: str
    pages: tuple[PageContent, ...]


@dataclass(slots=True)
class CallRecord:
    """What came of a call. Times are None for what has not happened."""

    kind_name: str
    arrived_at: float
    page_count: int
    # OK, or the reason of an error; empty while it is being read.
    reason: str = ""
    ended_at: float | None = None
    predicted_at: float | None = None
    predicted_s: float = 0.0
    retry_after_s: float | None = None
    first_page_at: float | None = None
    done_page_count: int = 0

    @property
    def latency_s(self) -> float:
        assert self.ended_at is not None, "it has ended"
        return self.ended_at - self.arrived_at


class Contents:
    """Draws documents of one kind."""

    def __init__(self, kind: Kind) -> None:
        self._page_count = Draw(kind.pages)
        self._sheets = [_SheetDraw(sheet) for sheet in kind.sheets]
        self._weights = [sheet.weight for sheet in kind.sheets]

    def draw(self, random: Random) -> tuple[PageContent, ...]:
        count = self._page_count.one(random)
        sheets = random.choices(self._sheets, self._weights, k=count)
        return tuple(sheet.page(random) for sheet in sheets)


class _SheetDraw:
    def __init__(self, sheet: Sheet) -> None:
        self._shape = sheet.detector_shape
        self._line_count = Draw(sheet.lines)
        self._width_px = Draw(sheet.line_width_px)

    def page(self, random: Random) -> PageContent:
        line_count = self._line_count.one(random)
        return PageContent(self._shape, tuple(self._width_px.several(line_count, random)))
