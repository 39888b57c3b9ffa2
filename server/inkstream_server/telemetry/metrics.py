"""Names, units and labels of every metric, in one place. Who records them is not decided here.

Labels take few values, which the server chooses: never a caller's name, a document or a text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, ProcessCollector

from inkstream_server.telemetry.metric_maker import MetricFacts, MetricMaker
from inkstream_server.telemetry.renewal_metrics import RenewalMetrics

# A line takes milliseconds, a page some tenths of a second on a CPU, a waiting page many seconds.
_STEP_SECONDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
# A call may be anything from a cheap question to a book of a thousand pages.
_CALL_SECONDS: Final = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0,
)  # fmt: skip
_COUNTS: Final = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """All metrics of one server, in a registry of their own, grouped by what they are about."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        make = MetricMaker(self.registry)
        self.made: list[MetricFacts] = make.made
        self.calls = CallMetrics(make)
        self.pages = PageMetrics(make)
        self.batches = BatchMetrics(make)
        self.workers = WorkerMetrics(make)
        self.room = RoomMetrics(make)
        self.urls = UrlMetrics(make)
        self.server = ServerMetrics(make)
        self.renewals = RenewalMetrics(make)
        # process_resident_memory_bytes, process_cpu_seconds_total, process_open_fds and more: of
        # the front, since it is the front that is asked.
        ProcessCollector(registry=self.registry)


class CallMetrics:
    """What callers see."""

    def __init__(self, make: MetricMaker) -> None:
        self.ended = make.counter(
            "requests",
            "Calls that ended, by method and by reason (OK where they succeeded).",
            *("method", "reason"),
        )
        self.seconds = make.histogram(
            "request_duration_seconds",
            "Time from a call's arrival to its end, by method and by outcome: ok, cancelled, or who"
            " has to act: caller, unserved, busy, late, away, setup, server.",
            *("method", "outcome"),
            buckets=_CALL_SECONDS,
        )
        self.in_flight = make.gauge(
            "requests_in_flight", "Calls being answered now, by method.", "method"
        )
        self.received_bytes = make.counter(
            "received_bytes", "Bytes of requests, without their framing, by method.", "method"
        )
        self.sent_bytes = make.counter(
            "sent_bytes", "Bytes of answers, without their framing, by method.", "method"
        )
        self.stream_documents = make.counter(
            "stream_documents",
            "Documents of RecognizeStream that ended, by reason (OK where they succeeded).",
            "reason",
        )


class PageMetrics:
    """What is read."""

    def __init__(self, make: MetricMaker) -> None:
        self.read = make.counter(
            "pages", "Pages read, by reason (OK where they succeeded).", "reason"
        )
        self.seconds = make.histogram(
            "page_duration_seconds",
            "Time from a page's first step to its result, of those that succeeded.",
            buckets=_STEP_SECONDS,
        )
        self.lines = make.counter("lines", "Text lines read.")
        self.in_flight = make.gauge("pages_in_flight", "Pages being read now.")


class UrlMetrics:
    """What is fetched for callers."""

    def __init__(self, make: MetricMaker) -> None:
        self.ended = make.counter(
            "url_fetches",
            "Fetches of URLs that ended, by reason (OK where they succeeded).",
            "reason",
        )
        self.seconds = make.histogram(
            "url_fetch_duration_seconds",
            "Time from the first look at a URL to its last byte.",
            buckets=_STEP_SECONDS,
        )
        self.fetched_bytes = make.counter("url_fetched_bytes", "Bytes of documents fetched.")
        self.in_flight = make.gauge("url_fetches_in_flight", "URLs being fetched now.")


class BatchMetrics:
    """What waits and runs, by step (a model's name, or what is done on the CPU) and by pool."""

    def __init__(self, make: MetricMaker) -> None:
        self.queue_wait_seconds = make.histogram(
            "queue_wait_seconds",
            "Time an item waited for its batch, by step.",
            *("step",),
            buckets=_STEP_SECONDS,
        )
        self.items = make.histogram(
            "batch_items", "Items a batch held, by step.", "step", buckets=_COUNTS
        )
        self.places = make.counter(
            "batch_places",
            "Items that batches could have held, by step; inkstream_batch_items_sum of them were.",
            "step",
        )
        self.padded_pixels = make.counter(
            "batch_padded_pixels", "Pixels that models computed on, by step.", "step"
        )
        self.own_pixels = make.counter(
            "batch_own_pixels",
            "Pixels of these that items have of their own, by step; the others are padding.",
            "step",
        )
        self.busy_seconds = make.histogram(
            "batch_busy_seconds",
            "Time a worker took for a batch, by step.",
            *("step",),
            buckets=_STEP_SECONDS,
        )
        self.queued_items = make.gauge("queued_items", "Items that wait now, by pool.", "pool")
        self.dropped_items = make.counter(
            "dropped_items", "Items whose caller was gone before they ran, by step.", "step"
        )
        self.lost = make.counter(
            "lost_batches", "Batches whose worker was lost with them, by pool.", "pool"
        )


class WorkerMetrics:
    """The processes behind the front."""

    def __init__(self, make: MetricMaker) -> None:
        self.reloads = make.counter(
            "model_reloads",
            "Times that models were to be read again, by result: changed, unchanged or failed.",
            "result",
        )
        self.planned = make.gauge("workers", "Workers that a pool has when all is well.", "pool")
        self.ready = make.gauge("workers_ready", "Workers that are warm now, by pool.", "pool")
        self.busy = make.gauge("workers_busy", "Workers that have a batch now, by pool.", "pool")
        self.restarts = make.counter(
            "worker_restarts",
            "Workers that had to be replaced, by pool and by cause: crashed, killed (from outside),"
            " silent (no sign of life), overdue (with a batch), too_large (in memory).",
            *("pool", "cause"),
        )
        self.memory_bytes = make.gauge(
            "worker_memory_bytes",
            "Resident memory of a worker process without what it shares with others; 0 while the"
            " worker is being replaced.",
            "worker",
        )


class Amount(Protocol):
    """What is used of something that has a size."""

    @property
    def total(self) -> int: ...
    @property
    def taken(self) -> int: ...


class _Arena(Protocol):
    @property
    def size_bytes(self) -> int: ...
    @property
    def taken_bytes(self) -> int: ...


class RoomMetrics:
    """What is there for documents, pages and tensors; its size never changes."""

    def __init__(self, make: MetricMaker) -> None:
        self._arena_bytes = make.gauge(
            "arena_size_bytes", "Size of a segment of shared memory.", "arena"
        )
        self._taken_arena_bytes = make.gauge(
            "arena_taken_bytes", "What of a segment of shared memory is in use now.", "arena"
        )
        self._spool_bytes = make.gauge(
            "upload_size_bytes",
            "Room for documents on their way in: incoming (before they are let in), memory, disk.",
            "place",
        )
        self._taken_spool_bytes = make.gauge(
            "upload_taken_bytes", "What of that room is in use now.", "place"
        )
        self._documents = make.gauge("documents_in_flight", "Documents inside now.")
        self._most_documents = make.gauge(
            "documents_limit", "Documents that may be inside at once; more are refused."
        )

    def watch_arena(self, name: str, arena: _Arena) -> None:
        """Tell of an arena whenever the metrics are asked for; so with what follows."""
        self._arena_bytes.labels(name).set(arena.size_bytes)
        self._taken_arena_bytes.labels(name).set_function(lambda: arena.taken_bytes)

    def watch_uploads(self, place: str, amount: Amount) -> None:
        self._spool_bytes.labels(place).set(amount.total)
        self._taken_spool_bytes.labels(place).set_function(lambda: amount.taken)

    def watch_documents(self, count: Callable[[], int], limit: int) -> None:
        self._most_documents.set(limit)
        self._documents.set_function(count)


class ServerMetrics:
    """What the server is, as series whose value is 1."""

    def __init__(self, make: MetricMaker) -> None:
        self.build = make.gauge("build_info", "The server's version; always 1.", "version")
        self.model = make.gauge(
            "model_info",
            "A model that is served, once for each device; always 1.",
            *("model", "module", "engine", "device", "precision"),
        )
