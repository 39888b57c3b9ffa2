"""Learns what pages take, and tells what one will probably take before it is read."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from inkstream_server.scheduling.batcher import Load
from inkstream_server.scheduling.learning import DrainRate, FadingRatio
from inkstream_server.workers.model_tasks import ModelBucket

# Before any page was read: a line of text a hundredth of a second, one to so many pixels.
_FIRST_LINE_S_PER_PIXEL: Final = 0.01 / 30_000
# So many pages are remembered.
_REMEMBERED_COUNT: Final = 50
_USUAL_PIXELS: Final = 600_000


def _first_lines() -> FadingRatio:
    return FadingRatio(_FIRST_LINE_S_PER_PIXEL, _REMEMBERED_COUNT * _USUAL_PIXELS)


def _first_page() -> FadingRatio:
    return FadingRatio(_FIRST_LINE_S_PER_PIXEL * _USUAL_PIXELS, _REMEMBERED_COUNT)


@dataclass(frozen=True, slots=True)
class _Learned:
    """What pages take whose lines one model reads: seconds for each detected pixel, and in all."""

    lines: FadingRatio = field(default_factory=_first_lines)
    page: FadingRatio = field(default_factory=_first_page)


class PageWork:
    """Work in seconds that one worker takes for it, by the cost table."""

    def __init__(
        self, load_of: Callable[[ModelBucket], Load], drain: DrainRate, busy_page_count: int
    ) -> None:
        """With `busy_page_count` pages in work, no worker lacks any."""
        self._load_of = load_of
        self._drain = drain
        self._busy_page_count = busy_page_count
        self._learned: defaultdict[str, _Learned] = defaultdict(_Learned)

    def usual_page_s(self, recogniser: str) -> float:
        """What a page takes of which nothing is known but who reads its lines."""
        return self._learned[recogniser].page.value

    def expected_s(
        self, detection: ModelBucket, recogniser: str, before: Sequence[ModelBucket] = ()
    ) -> float:
        """What a page takes whose text is detected in this bucket, and read by this model.

        `before`: the model calls that come first. The larger what is detected on, the more lines
        there are: how many, and how wide, is learned from the pages that the model has read.
        """
        lines_s = self._learned[recogniser].lines.value * math.prod(detection.shape)
        return self.of([*before, detection]) + lines_s

    def of(self, buckets: Iterable[ModelBucket]) -> float:
        """What one item of each bucket takes."""
        return sum(self._load_of(bucket).cost_s for bucket in buckets)

    def note(
        self,
        detection: ModelBucket,
        recogniser: str,
        lines_s: float,
        *,
        now: float,
        before: Sequence[ModelBucket] = (),
    ) -> None:
        """Learn from a page that was read."""
        work_s = self.of([*before, detection]) + lines_s
        learned = self._learned[recogniser]
        learned.lines.note(lines_s, math.prod(detection.shape))
        learned.page.note(work_s, 1.0)
        self.note_done(work_s, now=now)

    def note_done(self, work_s: float, *, now: float) -> None:
        """Learn how fast work is done."""
        self._drain.note_done(work_s, now=now)

    def note_inside(self, page_count: int) -> None:
        """Learn how many pages are in work, now that one is not any more."""
        if page_count < self._busy_page_count:
            self._drain.note_idle()
