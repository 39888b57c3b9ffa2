"""What is noted while a simulation runs. What it amounts to is told by `summary`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from inkstream_server.simulation.calls import CallRecord, PageContent
from inkstream_server.simulation.clock import Clock
from inkstream_server.workers.model_tasks import ModelBucket


@dataclass(slots=True)
class BatchCount:
    """The batches of one model."""

    batches: int = 0
    items: int = 0
    busy_s: float = 0.0


@dataclass(slots=True)
class PageCount:
    """Pages that were read, and their lines. Pixels are of widths, at one height."""

    pages: int = 0
    lines: int = 0
    own_px: int = 0
    padded_px: int = 0


@dataclass(slots=True)
class Counts:
    """What is counted from some moment on."""

    pages: PageCount = field(default_factory=PageCount)
    batches: defaultdict[str, BatchCount] = field(default_factory=lambda: defaultdict(BatchCount))
    cpu_step_s: float = 0.0


class Records:
    """Every call, and counts of what was done since the warm-up was over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.calls: list[CallRecord] = []
        self.counts = Counts()
        self.counted_since = 0.0

    def start_counting(self) -> None:
        """Forget what was counted before."""
        self.counts = Counts()
        self.counted_since = self._clock.now

    def new_call(self, kind_name: str, page_count: int) -> CallRecord:
        record = CallRecord(kind_name, self._clock.now, page_count)
        self.calls.append(record)
        return record

    def note_page(
        self, record: CallRecord, content: PageContent, buckets: Sequence[ModelBucket]
    ) -> None:
        record.done_page_count += 1
        if record.first_page_at is None:
            record.first_page_at = self._clock.now
        count = self.counts.pages
        count.pages += 1
        count.lines += len(buckets)
        count.own_px += sum(content.line_widths_px)
        count.padded_px += sum(bucket.shape[0] for bucket in buckets)

    def note_batch(self, bucket: ModelBucket, item_count: int, busy_s: float) -> None:
        count = self.counts.batches[bucket.model]
        count.batches += 1
        count.items += item_count
        count.busy_s += busy_s

    def note_cpu_step(self, busy_s: float) -> None:
        self.counts.cpu_step_s += busy_s


class Meter:
    """How much a sum has grown since it was last set to nought."""

    def __init__(self, total: Callable[[], float]) -> None:
        self._total = total
        self._before = 0.0

    def reset(self) -> None:
        self._before = self._total()

    @property
    def value(self) -> float:
        return self._total() - self._before
