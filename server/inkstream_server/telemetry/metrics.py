"""Names, units and labels of every metric, in one place. Who records them is not decided here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
)

_SECONDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
_COUNTS: Final = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """All metrics of one server, in a registry of their own, grouped by what they are about."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = CallMetrics(self.registry)
        self.pages = PageMetrics(self.registry)
        self.batches = BatchMetrics(self.registry)
        self.workers = WorkerMetrics(self.registry)
        self.arenas = ArenaMetrics(self.registry)
        self.urls = UrlMetrics(self.registry)
        # process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds and more: of
        # the front, since it is the front that is asked.
        ProcessCollector(registry=self.registry)


class CallMetrics:
    """What callers see."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.ended = Counter(
            "inkstream_requests",
            "Calls that ended, by method and by reason (OK where they succeeded).",
            ("method", "reason"),
            registry=registry,
        )
        self.seconds = Histogram(
            "inkstream_request_duration_seconds",
            "Time from a call's arrival to its end.",
            ("method",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.stream_documents = Counter(
            "inkstream_stream_documents",
            "Documents of RecognizeStream that ended, by reason (OK where they succeeded).",
            ("reason",),
            registry=registry,
        )


class PageMetrics:
    """What is read."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.read = Counter(
            "inkstream_pages",
            "Pages read, by reason (OK where they succeeded).",
            ("reason",),
            registry=registry,
        )
        self.lines = Counter("inkstream_lines", "Text lines read.", registry=registry)
        self.in_flight = Gauge(
            "inkstream_pages_in_flight", "Pages being read now.", registry=registry
        )


class UrlMetrics:
    """What is fetched for callers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.ended = Counter(
            "inkstream_url_fetches",
            "Fetches of URLs that ended, by reason (OK where they succeeded).",
            ("reason",),
            registry=registry,
        )
        self.seconds = Histogram(
            "inkstream_url_fetch_duration_seconds",
            "Time from the first look at a URL to its last byte.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.fetched_bytes = Counter(
            "inkstream_url_fetched_bytes", "Bytes of documents fetched.", registry=registry
        )
        self.in_flight = Gauge(
            "inkstream_url_fetches_in_flight", "URLs being fetched now.", registry=registry
        )


class BatchMetrics:
    """What waits and runs, by step and by pool."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.queue_wait_seconds = Histogram(
            "inkstream_queue_wait_seconds",
            "Time an item waited for its batch, by step.",
            ("step",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.items = Histogram(
            "inkstream_batch_items",
            "Items a batch held, by step.",
            ("step",),
            buckets=_COUNTS,
            registry=registry,
        )
        self.busy_seconds = Histogram(
            "inkstream_batch_busy_seconds",
            "Time a worker took for a batch, by step.",
            ("step",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.queued_items = Gauge(
            "inkstream_queued_items", "Items that wait now, by pool.", ("pool",), registry=registry
        )
        self.dropped_items = Counter(
            "inkstream_dropped_items",
            "Items whose caller was gone before they ran, by step.",
            ("step",),
            registry=registry,
        )
        self.lost = Counter(
            "inkstream_lost_batches",
            "Batches whose worker was lost with them, by pool.",
            ("pool",),
            registry=registry,
        )


class WorkerMetrics:
    """The processes behind the front, one by one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.reloads = Counter(
            "inkstream_model_reloads",
            "Times that models were to be read again, by result: changed, unchanged or failed.",
            ("result",),
            registry=registry,
        )
        self.restarts = Counter(
            "inkstream_worker_restarts",
            "Workers that had to be replaced, by pool and by cause: crashed, killed (from outside),"
            " silent (no sign of life), overdue (with a batch), too_large (in memory).",
            ("pool", "cause"),
            registry=registry,
        )
        self.memory_bytes = Gauge(
            "inkstream_worker_memory_bytes",
            "Resident memory of a worker process without what it shares with others; 0 while the"
            " worker is being replaced.",
            ("worker",),
            registry=registry,
        )


class _Arena(Protocol):
    @property
    def size_bytes(self) -> int: ...
    @property
    def taken_bytes(self) -> int: ...


class ArenaMetrics:
    """Shared memory, whose size never changes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._size_bytes = Gauge(
            "inkstream_arena_size_bytes",
            "Size of a segment of shared memory.",
            ("arena",),
            registry=registry,
        )
        self._taken_bytes = Gauge(
            "inkstream_arena_taken_bytes",
            "What of a segment of shared memory is in use now.",
            ("arena",),
            registry=registry,
        )

    def watch(self, name: str, arena: _Arena) -> None:
        """Tell of an arena whenever the metrics are asked for."""
        self._size_bytes.labels(name).set(arena.size_bytes)
        self._taken_bytes.labels(name).set_function(lambda: arena.taken_bytes)


class _Worker(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def memory_bytes(self) -> int: ...


class PoolMetrics:
    """One pool's view of the metrics that all pools share."""

    def __init__(self, metrics: Metrics, pool: str) -> None:
        self.pool = pool
        self.queued = metrics.batches.queued_items.labels(pool)
        self.lost_batches = metrics.batches.lost.labels(pool)
        self._batches = metrics.batches
        self._workers = metrics.workers

    def note_dropped(self, key: object) -> None:
        """Record an item that was not run, because nobody waited for it any more."""
        self._batches.dropped_items.labels(str(key)).inc()

    def observe(self, key: object, count: int, waited_s: Sequence[float], busy_s: float) -> None:
        """Record one batch that ran. `key` names its kind by `str(key)`."""
        step = str(key)
        self._batches.items.labels(step).observe(count)
        self._batches.busy_seconds.labels(step).observe(busy_s)
        waits = self._batches.queue_wait_seconds.labels(step)
        for wait_s in waited_s:
            waits.observe(wait_s)

    def note_loss(self, cause: str) -> None:
        """Record a worker that is gone and has to be replaced."""
        self._workers.restarts.labels(self.pool, cause).inc()

    def watch(self, worker: _Worker) -> None:
        """Tell of a worker whenever the metrics are asked for."""
        self._workers.memory_bytes.labels(worker.name).set_function(lambda: worker.memory_bytes)
