"""Reads what the metrics tell of the batcher at one moment, and keeps the last minutes of it.

Who asks for a snapshot when, and who looks at it, is not decided here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry

_QUEUED: Final = "inkstream_queued_items"
_MEMORY: Final = "inkstream_worker_memory_bytes"
_PAGES: Final = "inkstream_pages_total"
_IN_FLIGHT: Final = "inkstream_pages_in_flight"
_LINES: Final = "inkstream_lines_total"
_RESTARTS: Final = "inkstream_worker_restarts_total"
_ARENA_SIZE: Final = "inkstream_arena_size_bytes"
_ARENA_TAKEN: Final = "inkstream_arena_taken_bytes"
# What is told of each step, and the sample that it is from.
_OF_STEPS: Final = {
    "inkstream_batch_items_count": "batches",
    "inkstream_batch_items_sum": "items",
    "inkstream_batch_places_total": "places",
    "inkstream_batch_padded_pixels_total": "paddedPixels",
    "inkstream_batch_own_pixels_total": "ownPixels",
    "inkstream_batch_busy_seconds_sum": "busyS",
    "inkstream_queue_wait_seconds_sum": "waitedS",
    "inkstream_dropped_items_total": "dropped",
}
_NAMES: Final = (
    _QUEUED, _MEMORY, _PAGES, _IN_FLIGHT, _LINES, _RESTARTS, _ARENA_SIZE, _ARENA_TAKEN, *_OF_STEPS,
)  # fmt: skip

Samples = dict[str, list[tuple[dict[str, str], float]]]
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was so at one moment; counts are since the server's start.

    `steps`: of each step its `batches`, their `items`, how many these could have held (`places`),
    the pixels that ran and what of them was no padding (`paddedPixels`, `ownPixels`), `busyS`,
    `waitedS` and `dropped`: those that are counted.
    `workers`: of each its bytes in memory, 0 while it is being replaced.
    """

    pages: float
    failed_pages: float
    lines: float
    in_flight: float
    restarts: float
    queued: Figures
    workers: Figures
    arenas: dict[str, tuple[float, float]]
    steps: dict[str, Figures]


def take_snapshot(registry: CollectorRegistry) -> Snapshot:
    """What the registry tells now. A metric that it does not have counts as 0, or is left out."""
    samples = _samples(registry)
    pages = samples.get(_PAGES, [])
    sizes = _by(samples, _ARENA_SIZE, "arena")
    return Snapshot(
        pages=sum(value for labels, value in pages if labels["reason"] == "OK"),
        failed_pages=sum(value for labels, value in pages if labels["reason"] != "OK"),
        lines=_total(samples, _LINES),
        in_flight=_total(samples, _IN_FLIGHT),
        restarts=_total(samples, _RESTARTS),
        queued=_by(samples, _QUEUED, "pool"),
        workers=_by(samples, _MEMORY, "worker"),
        arenas={
            name: (taken, sizes.get(name, 0.0))
            for name, taken in _by(samples, _ARENA_TAKEN, "arena").items()
        },
        steps=_steps(samples),
    )


def _samples(registry: CollectorRegistry) -> Samples:
    found: Samples = {}
    for family in registry.restricted_registry(_NAMES).collect():
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def _total(samples: Samples, name: str) -> float:
    return sum(value for _, value in samples.get(name, []))


def _by(samples: Samples, name: str, label: str) -> Figures:
    """The sums of a metric by one of its labels."""
    sums: Figures = {}
    for labels, value in samples.get(name, []):
        sums[labels[label]] = sums.get(labels[label], 0.0) + value
    return sums


def _steps(samples: Samples) -> dict[str, Figures]:
    steps: dict[str, Figures] = {}
    for name, member in _OF_STEPS.items():
        for step, value in _by(samples, name, "step").items():
            steps.setdefault(step, {})[member] = value
    return steps


class History:
    """The latest of what was added, each with its number, of which the first has 1."""

    def __init__(self, length: int) -> None:
        self._kept: deque[bytes] = deque(maxlen=length)
        self.last_number = 0

    def add(self, told: bytes) -> None:
        self._kept.append(told)
        self.last_number += 1

    def after(self, number: int) -> Iterable[bytes]:
        """Those that came after the one with this number, the oldest first, as far as kept."""
        return list(self._newest(self.last_number - number))

    def _newest(self, count: int) -> Iterator[bytes]:
        skipped = len(self._kept) - count
        return (told for at, told in enumerate(self._kept) if at >= skipped)
