"""What a simulation amounts to: rates, waits, fill, shares and refusals, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from inkstream_server.simulation.calls import CallRecord
from inkstream_server.simulation.records import BatchCount, Records

_OK = "OK"


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of `count` values; nought where there are none."""

    count: int
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Percentiles:
        ordered = sorted(values)
        shares = (percentile(ordered, share) for share in (0.5, 0.9, 0.95, 0.99))
        return cls(len(ordered), fmean(ordered) if ordered else 0.0, *shares)


@dataclass(frozen=True, slots=True)
class KindSummary:
    """Documents of one kind that ended while it was counted, by what came of them."""

    latency_s: Percentiles
    first_page_s: Percentiles
    ended: dict[str, int]


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """One model's batches. `fill` is the mean batch's part of `max_count`."""

    batches_per_s: float
    mean_items: float
    fill: float
    mean_s: float


@dataclass(frozen=True, slots=True)
class BusyShares:
    """Of the time that there was, 0..1. `devices` is None where batches run on the cores."""

    model_workers: float
    devices: float | None
    cpu_workers: float
    front: float
    cores: float


@dataclass(frozen=True, slots=True)
class Predictions:
    """How long documents took, as multiples of what admission predicted for them."""

    count: int
    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What was counted. `unended_count` is of all calls, those of the warm-up included."""

    counted_s: float
    pages_per_s: float
    lines_per_s: float
    kinds: dict[str, KindSummary]
    batches: dict[str, BatchSummary]
    # Of the pixels that lines were padded to, those that were theirs.
    pixel_use: float
    busy: BusyShares
    refused: dict[str, int]
    predictions: Predictions
    call_count: int
    unended_count: int

    def to_values(self) -> dict[str, object]:
        """As values that JSON can hold."""
        return asdict(self)


def summarise(
    records: Records, counted_s: float, max_counts: Mapping[str, int], busy: BusyShares
) -> Summary:
    """Sum up what was noted in `counted_s`. `max_counts` are those of models' batches."""
    counts = records.counts
    ended = [
        call
        for call in records.calls
        if call.ended_at is not None and call.ended_at >= records.counted_since
    ]
    names = sorted({call.kind_name for call in records.calls})
    reasons = Counter(call.reason for call in ended if call.reason != _OK)
    return Summary(
        counted_s=counted_s,
        pages_per_s=counts.pages.pages / counted_s,
        lines_per_s=counts.pages.lines / counted_s,
        kinds={name: _kind([call for call in ended if call.kind_name == name]) for name in names},
        batches={
            model: _batches(count, counted_s, max_counts[model])
            for model, count in sorted(counts.batches.items())
        },
        pixel_use=counts.pages.own_px / counts.pages.padded_px if counts.pages.padded_px else 1.0,
        busy=busy,
        refused=dict(sorted(reasons.items())),
        predictions=_predictions(ended),
        call_count=len(records.calls),
        unended_count=sum(call.ended_at is None for call in records.calls),
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that this share of rising values does not exceed; linear between two of them."""
    if not ordered:
        return 0.0
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def _kind(calls: Sequence[CallRecord]) -> KindSummary:
    read = [call for call in calls if call.reason == _OK]
    first_s = [
        call.first_page_at - call.arrived_at for call in read if call.first_page_at is not None
    ]
    return KindSummary(
        latency_s=Percentiles.of([call.latency_s for call in read]),
        first_page_s=Percentiles.of(first_s),
        ended=dict(sorted(Counter(call.reason for call in calls).items())),
    )


def _batches(count: BatchCount, counted_s: float, max_count: int) -> BatchSummary:
    mean_items = count.items / count.batches
    return BatchSummary(
        batches_per_s=count.batches / counted_s,
        mean_items=mean_items,
        fill=mean_items / max_count,
        mean_s=count.busy_s / count.batches,
    )


def _predictions(ended: Sequence[CallRecord]) -> Predictions:
    ratios = sorted(
        (call.ended_at - call.predicted_at) / call.predicted_s
        for call in ended
        if call.reason == _OK and call.ended_at and call.predicted_at and call.predicted_s
    )
    return Predictions(len(ratios), *(percentile(ratios, share) for share in (0.1, 0.5, 0.9)))
