"""Names, units and labels of every metric, in one place. Who records them is not decided here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
_COUNTS: Final = (1, 2, 4, 8, 16, 32, 64, 128)


class PoolMetrics:
    """One pool's view of the metrics that all pools share."""

    def __init__(self, metrics: Metrics, pool: str) -> None:
        self._metrics = metrics
        self.dropped = metrics.dropped_items.labels(pool)
        self.lost_batches = metrics.lost_batches.labels(pool)

    def observe(self, key: object, count: int, waited_s: Sequence[float], busy_s: float) -> None:
        """Record one batch that ran. `key` names its kind by `str(key)`."""
        step = str(key)
        self._metrics.batch_items.labels(step).observe(count)
        self._metrics.busy_seconds.labels(step).observe(busy_s)
        waits = self._metrics.queue_wait_seconds.labels(step)
        for wait_s in waited_s:
            waits.observe(wait_s)


class Metrics:
    """All metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "inkstream_requests",
            "Calls that ended, by method and by reason (OK where they succeeded).",
            ("method", "reason"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "inkstream_request_duration_seconds",
            "Time from a call's arrival to its end.",
            ("method",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.stream_documents = Counter(
            "inkstream_stream_documents",
            "Documents of RecognizeStream that ended, by reason (OK where they succeeded).",
            ("reason",),
            registry=self.registry,
        )
        self.pages = Counter(
            "inkstream_pages", "Pages read, by reason (OK where they succeeded).", ("reason",),
            registry=self.registry,
        )  # fmt: skip
        self.lines = Counter("inkstream_lines", "Text lines read.", registry=self.registry)
        self.pages_in_flight = Gauge(
            "inkstream_pages_in_flight", "Pages being read now.", registry=self.registry
        )
        self.queue_wait_seconds = Histogram(
            "inkstream_queue_wait_seconds",
            "Time an item waited for its batch, by step.",
            ("step",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batch_items = Histogram(
            "inkstream_batch_items", "Items a batch held, by step.", ("step",), buckets=_COUNTS,
            registry=self.registry,
        )  # fmt: skip
        self.busy_seconds = Histogram(
            "inkstream_batch_busy_seconds",
            "Time a worker took for a batch, by step.",
            ("step",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.dropped_items = Counter(
            "inkstream_dropped_items",
            "Items whose caller was gone before they ran, by pool.",
            ("pool",),
            registry=self.registry,
        )
        self.lost_batches = Counter(
            "inkstream_lost_batches",
            "Batches whose worker died or hung, by pool.",
            ("pool",),
            registry=self.registry,
        )
