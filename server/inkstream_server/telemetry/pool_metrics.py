"""One pool's view of the metrics that all pools share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from inkstream_server.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class BatchSize:
    """How large a batch was: `place_count` items could have been in it.

    `own_pixels` of its `padded_pixels` are the items' own; both are 0 where nothing is padded.
    """

    item_count: int
    place_count: int
    own_pixels: int = 0
    padded_pixels: int = 0


class _Worker(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def memory_bytes(self) -> int: ...


class PoolMetrics:
    def __init__(self, metrics: Metrics, pool: str) -> None:
        self.pool = pool
        self.lost_batches = metrics.batches.lost.labels(pool)
        self._busy = metrics.workers.busy.labels(pool)
        self._batches = metrics.batches
        self._workers = metrics.workers

    def note_dropped(self, key: object) -> None:
        """Record an item that was not run, because nobody waited for it any more."""
        self._batches.dropped_items.labels(str(key)).inc()

    def observe(
        self, key: object, size: BatchSize, waited_s: Sequence[float], busy_s: float
    ) -> None:
        """Record one batch that ran. `key` names its kind by `str(key)`."""
        step, batches = str(key), self._batches
        batches.items.labels(step).observe(size.item_count)
        batches.places.labels(step).inc(size.place_count)
        batches.busy_seconds.labels(step).observe(busy_s)
        if size.padded_pixels:
            batches.padded_pixels.labels(step).inc(size.padded_pixels)
            batches.own_pixels.labels(step).inc(size.own_pixels)
        waits = batches.queue_wait_seconds.labels(step)
        for wait_s in waited_s:
            waits.observe(wait_s)

    def running(self) -> AbstractContextManager[None]:
        """Record that a worker has a batch within the block."""
        return self._busy.track_inprogress()

    def note_loss(self, cause: str) -> None:
        """Record a worker that is gone and has to be replaced."""
        self._workers.restarts.labels(self.pool, cause).inc()

    def watch(self, worker: _Worker) -> None:
        """Tell of a worker whenever the metrics are asked for; so with what follows."""
        self._workers.memory_bytes.labels(worker.name).set_function(lambda: worker.memory_bytes)

    def watch_pool(
        self, worker_count: int, ready_count: Callable[[], int], queued_count: Callable[[], int]
    ) -> None:
        self._workers.planned.labels(self.pool).set(worker_count)
        self._workers.ready.labels(self.pool).set_function(ready_count)
        self._batches.queued_items.labels(self.pool).set_function(queued_count)
