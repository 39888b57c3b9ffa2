"""Learns what pages take, and tells what one will probably take before it is read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from inkstream_server.scheduling.batcher import Load
from inkstream_server.scheduling.learning import DrainRate, FadingRatio
from inkstream_server.workers.model_tasks import ModelBucket

# Before any page was read: a line of text a hundredth of a second, one to so many pixels.
_FIRST_LINE_S_PER_PIXEL: Final = 0.01 / 30_000
# So many pages are remembered.
_REMEMBERED_COUNT: Final = 50
_USUAL_PIXELS: Final = 600_000


class PageWork:
    """Work in seconds that one worker takes for it, by the cost table."""

    def __init__(
        self, load_of: Callable[[ModelBucket], Load], drain: DrainRate, busy_page_count: int
    ) -> None:
        """With `busy_page_count` pages in work, no worker lacks any."""
        self._load_of = load_of
        self._drain = drain
        self._busy_page_count = busy_page_count
        self._lines = FadingRatio(_FIRST_LINE_S_PER_PIXEL, _REMEMBERED_COUNT * _USUAL_PIXELS)
        first_page_s = _FIRST_LINE_S_PER_PIXEL * _USUAL_PIXELS
        self._page = FadingRatio(first_page_s, _REMEMBERED_COUNT)

    @property
    def usual_page_s(self) -> float:
        """What a page takes of which nothing is known."""
        return self._page.value

    def expected_s(self, detection: ModelBucket) -> float:
        """What a page takes whose text is detected in this bucket.

        The larger what is detected on, the more lines there are: how many, and how wide, is
        learned from the pages that were read.
        """
        return self.of([detection]) + self._lines.value * math.prod(detection.shape)

    def of(self, buckets: Iterable[ModelBucket]) -> float:
        """What one item of each bucket takes."""
        return sum(self._load_of(bucket).cost_s for bucket in buckets)

    def note(self, detection: ModelBucket, lines_s: float, *, now: float) -> None:
        """Learn from a page that was read."""
        work_s = self.of([detection]) + lines_s
        self._lines.note(lines_s, math.prod(detection.shape))
        self._page.note(work_s, 1.0)
        self.note_done(work_s, now=now)

    def note_done(self, work_s: float, *, now: float) -> None:
        """Learn how fast work is done."""
        self._drain.note_done(work_s, now=now)

    def note_inside(self, page_count: int) -> None:
        """Learn how many pages are in work, now that one is not any more."""
        if page_count < self._busy_page_count:
            self._drain.note_idle()
