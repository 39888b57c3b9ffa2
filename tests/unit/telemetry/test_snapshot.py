from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.telemetry.snapshot import History, take_snapshot


def counter(registry: CollectorRegistry, name: str, *labels: str) -> Counter:
    return Counter(f"inkstream_{name}", "A count.", labels, registry=registry)


def gauge(registry: CollectorRegistry, name: str, *labels: str) -> Gauge:
    return Gauge(f"inkstream_{name}", "A state.", labels, registry=registry)


def histogram(registry: CollectorRegistry, name: str) -> Histogram:
    return Histogram(f"inkstream_{name}", "Sizes.", ("step",), registry=registry)


def test_a_snapshot_tells_what_the_metrics_have_counted() -> None:
    registry = CollectorRegistry()
    pages = counter(registry, "pages", "reason")
    pages.labels("OK").inc(4)
    pages.labels("PDF_DAMAGED").inc()
    counter(registry, "lines").inc(80)
    gauge(registry, "pages_in_flight").set(2)
    restarts = counter(registry, "worker_restarts", "pool", "cause")
    restarts.labels("cpu", "crashed").inc()
    restarts.labels("model", "killed").inc(2)
    gauge(registry, "queued_items", "pool").labels("model").set(7)
    gauge(registry, "worker_memory_bytes", "worker").labels("model worker 0").set(5 << 20)
    gauge(registry, "arena_size_bytes", "arena").labels("pages").set(1000)
    gauge(registry, "arena_taken_bytes", "arena").labels("pages").set(400)

    snapshot = take_snapshot(registry)

    assert (snapshot.pages, snapshot.failed_pages, snapshot.lines) == (4, 1, 80)
    assert (snapshot.in_flight, snapshot.restarts) == (2, 3)
    assert snapshot.queued == {"model": 7}
    assert snapshot.workers == {"model worker 0": 5 << 20}
    assert snapshot.arenas == {"pages": (400, 1000)}


def test_what_batches_were_like_is_told_by_step() -> None:
    registry = CollectorRegistry()
    items, busy = histogram(registry, "batch_items"), histogram(registry, "batch_busy_seconds")
    for count, busy_s in ((3, 0.125), (1, 0.375)):
        items.labels("a model").observe(count)
        busy.labels("a model").observe(busy_s)
    items.labels("find").observe(1)
    histogram(registry, "queue_wait_seconds").labels("a model").observe(1.0)
    for name, count in (
        ("dropped_items", 1), ("batch_places", 8), ("batch_padded_pixels", 100),
        ("batch_own_pixels", 90),
    ):  # fmt: skip
        counter(registry, name, "step").labels("a model").inc(count)

    steps = take_snapshot(registry).steps

    assert steps["a model"] == pytest.approx(
        {
            "batches": 2, "items": 4, "busyS": 0.5, "waitedS": 1.0, "dropped": 1,
            "places": 8, "paddedPixels": 100, "ownPixels": 90,
        }
    )  # fmt: skip
    assert steps["find"] == {"batches": 1, "items": 1}


def test_a_server_that_has_not_worked_yet_has_a_snapshot_too() -> None:
    snapshot = take_snapshot(Metrics().registry)

    assert (snapshot.pages, snapshot.lines, snapshot.steps) == (0, 0, {})


def test_metrics_that_are_not_there_are_left_out() -> None:
    snapshot = take_snapshot(CollectorRegistry())

    assert (snapshot.in_flight, snapshot.queued, snapshot.arenas) == (0, {}, {})


def test_of_a_history_only_what_is_new_is_told() -> None:
    history = History(length=10)
    for told in (b"a", b"b", b"c"):
        history.add(told)

    assert history.last_number == 3
    assert list(history.after(0)) == [b"a", b"b", b"c"]
    assert list(history.after(2)) == [b"c"]
    assert list(history.after(3)) == []
    assert list(history.after(99)) == []


def test_a_history_forgets_the_oldest_and_goes_on_counting() -> None:
    history = History(length=2)
    for told in (b"a", b"b", b"c"):
        history.add(told)

    assert history.last_number == 3
    assert list(history.after(0)) == [b"b", b"c"]
    assert list(history.after(1)) == [b"b", b"c"]
