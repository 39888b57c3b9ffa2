"""Shows what simulations came to, for people and for programs. It simulates nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from inkstream_server.simulation.costs import RECOGNITION
from inkstream_server.simulation.summary import BusyShares, KindSummary, Summary

# Rows of figures are read across: too long for a terminal they are better broken than squeezed.
_LEAST_WIDTH: Final = 160
_FULL: Final = 0.9


@dataclass(frozen=True, slots=True)
class Outcome:
    """One variant's summary; `x` and `series` are the values of what varied."""

    x: Any
    series: Any
    summary: Summary


def to_json(outcomes: Sequence[Outcome]) -> str:
    trees = [
        {"x": outcome.x, "series": outcome.series, **outcome.summary.to_values()}
        for outcome in outcomes
    ]
    return json.dumps(trees, indent=2)


def write_tables(outcomes: Sequence[Outcome], names: tuple[str, str]) -> None:
    """One run at length, or several as rows. `names` are of what varied."""
    console = Console(width=max(Console().width, _LEAST_WIDTH))
    if len(outcomes) == 1:
        for table in _tables(outcomes[0].summary):
            console.print(table)
    else:
        console.print(_comparison(outcomes, names))


def shares(busy: BusyShares) -> dict[str, float]:
    """What can be busy, by name, and its busy share."""
    named = {
        "devices": busy.devices,
        "model workers": busy.model_workers,
        "CPU workers": busy.cpu_workers,
        "front": busy.front,
        "cores": busy.cores,
    }
    return {name: share for name, share in named.items() if share is not None}


def _comparison(outcomes: Sequence[Outcome], names: tuple[str, str]) -> Table:
    varied, compared = names
    table = Table(box=None, pad_edge=False)
    kinds = list(outcomes[0].summary.kinds)
    # Of a long key the end tells most.
    heads = [name.rpartition(".")[-1] for name in (compared, varied) if name]
    heads += ["pages/s", "lines/s"]
    heads += [f"{kind} {share} s" for kind in kinds for share in ("p50", "p95")]
    for head in (*heads, "lines a batch", "busiest", "front", "refused"):
        table.add_column(head, justify="right", no_wrap=True)
    for outcome in outcomes:
        summary = outcome.summary
        lead = [
            str(value) for value, name in ((outcome.series, compared), (outcome.x, varied)) if name
        ]
        table.add_row(
            *lead,
            f"{summary.pages_per_s:.2f}",
            f"{summary.lines_per_s:.0f}",
            *(text for kind in kinds for text in _p50_p95(summary.kinds.get(kind))),
            _lines_a_batch(summary),
            _busiest(summary.busy),
            f"{summary.busy.front:.0%}",
            f"{_refused_share(summary):.1%}",
        )
    return table


def _p50_p95(kind: KindSummary | None) -> tuple[str, str]:
    if kind is None or not kind.latency_s.count:
        return "-", "-"
    return f"{kind.latency_s.p50:.3f}", f"{kind.latency_s.p95:.3f}"


def _lines_a_batch(summary: Summary) -> str:
    batches = summary.batches.get(RECOGNITION)
    return f"{batches.mean_items:.1f}" if batches else "-"


def _busiest(busy: BusyShares) -> str:
    # A model worker that waits for its device or a core is busy too: that tells more.
    named = shares(busy)
    workers = named.pop("model workers")
    name, share = max(named.items(), key=lambda each: each[1])
    if share < _FULL and workers > share:
        name, share = "model workers", workers
    return f"{name} {share:.0%}"


def _refused_share(summary: Summary) -> float:
    ended = sum(sum(kind.ended.values()) for kind in summary.kinds.values())
    return sum(summary.refused.values()) / ended if ended else 0.0


def _tables(summary: Summary) -> list[Table]:
    return [_rates(summary), _latencies(summary), _batches(summary), _busy(summary), _ends(summary)]


def _rates(summary: Summary) -> Table:
    table = _table("", "a second")
    table.add_row("pages", f"{summary.pages_per_s:.2f}")
    table.add_row("lines", f"{summary.lines_per_s:.1f}")
    return table


def _latencies(summary: Summary) -> Table:
    table = _table("seconds", "count", "p50", "p90", "p95", "p99")
    for name, kind in summary.kinds.items():
        for label, found in ((name, kind.latency_s), (f"{name}, first page", kind.first_page_s)):
            values = (found.p50, found.p90, found.p95, found.p99)
            table.add_row(label, str(found.count), *(f"{value:.3f}" for value in values))
    return table


def _batches(summary: Summary) -> Table:
    table = _table("batches", "a second", "items", "of the most", "ms")
    for model, found in summary.batches.items():
        table.add_row(
            model,
            f"{found.batches_per_s:.1f}",
            f"{found.mean_items:.2f}",
            f"{found.fill:.0%}",
            f"{found.mean_s * 1e3:.1f}",
        )
    table.add_row("lines' own pixels", "", "", f"{summary.pixel_use:.0%}", "")
    return table


def _busy(summary: Summary) -> Table:
    table = _table("busy", "of the time")
    for name, share in shares(summary.busy).items():
        table.add_row(name, f"{share:.1%}")
    return table


def _ends(summary: Summary) -> Table:
    table = _table("admission", "")
    for reason, count in summary.refused.items():
        table.add_row(reason, str(count))
    found = summary.predictions
    if found.count:
        table.add_row(
            "real to predicted time, p10 / p50 / p90",
            f"{found.p10:.2f} / {found.p50:.2f} / {found.p90:.2f}",
        )
    table.add_row("calls", str(summary.call_count))
    table.add_row("calls not ended yet", str(summary.unended_count))
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first, min_width=24)
    for head in others:
        table.add_column(head, justify="right")
    return table
