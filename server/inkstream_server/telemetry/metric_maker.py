"""Makes metrics in one registry and remembers what they are. Which there are is not its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX: Final = "inkstream_"


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """A metric by the name that it is asked for by; of a histogram without its endings."""

    name: str
    kind: str
    labels: tuple[str, ...]
    about: str


class MetricMaker:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.made: list[MetricFacts] = []
        self._registry = registry

    def counter(self, name: str, about: str, *labels: str) -> Counter:
        """`name` is without its prefix, and without the `_total` of what only grows."""
        self._note(f"{name}_total", "counter", labels, about)
        return Counter(PREFIX + name, about, labels, registry=self._registry)

    def gauge(self, name: str, about: str, *labels: str) -> Gauge:
        self._note(name, "gauge", labels, about)
        return Gauge(PREFIX + name, about, labels, registry=self._registry)

    def histogram(self, name: str, about: str, *labels: str, buckets: Sequence[float]) -> Histogram:
        self._note(name, "histogram", labels, about)
        return Histogram(PREFIX + name, about, labels, registry=self._registry, buckets=buckets)

    def _note(self, name: str, kind: str, labels: tuple[str, ...], about: str) -> None:
        self.made.append(MetricFacts(PREFIX + name, kind, labels, about))
