"""Draws what a sweep of simulations came to. Needs matplotlib (the extra `plot`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inkstream_server.cli.simulate_output import Outcome, shares
from inkstream_server.simulation.costs import RECOGNITION
from inkstream_server.simulation.summary import Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(outcomes: Sequence[Outcome], names: tuple[str, str], path: Path) -> None:
    """Throughput, latency, batches and busy shares over what varied, a line for each series."""
    import matplotlib as mpl  # an extra: every module can be imported without it
    from matplotlib.figure import Figure

    varied, compared = names
    with mpl.rc_context({"axes.grid": True, "grid.alpha": 0.3, "font.size": 8}):
        figure = Figure(figsize=(9, 6), layout="constrained")
        axes = figure.subplots(2, 2)
        panels: tuple[tuple[Axes, str, Callable[[Summary], float]], ...] = (
            (axes[0, 0], "pages/s", lambda summary: summary.pages_per_s),
            (axes[0, 1], "p95 of all documents, s", _worst_p95_s),
            (axes[1, 0], "lines a batch", _lines_a_batch),
        )
        for panel, title, value_of in panels:
            panel.set_title(title)
            _draw(panel, outcomes, compared, value_of)
        axes[0, 1].set_yscale("log")
        _draw_shares(axes[1, 1], outcomes, compared)
        for panel in axes.flat:
            _scale(panel, outcomes)
            panel.set_xlabel(varied)
            panel.legend()
        figure.savefig(path, dpi=110)


def _draw(
    panel: Axes, outcomes: Sequence[Outcome], compared: str, value_of: Callable[[Summary], float]
) -> None:
    for series in dict.fromkeys(outcome.series for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.series == series]
        label = f"{compared} = {series}" if compared else None
        values = [value_of(outcome.summary) for outcome in own]
        panel.plot([outcome.x for outcome in own], values, marker=".", label=label)


def _draw_shares(panel: Axes, outcomes: Sequence[Outcome], compared: str) -> None:
    """Of the first series: what is busy."""
    own = [outcome for outcome in outcomes if outcome.series == outcomes[0].series]
    panel.set_title(f"busy share, {compared} = {own[0].series}" if compared else "busy share")
    for name in shares(own[0].summary.busy):
        values = [shares(outcome.summary.busy)[name] for outcome in own]
        panel.plot([outcome.x for outcome in own], values, marker=".", label=name)
    panel.set_ylim(0.0, 1.05)


def _scale(panel: Axes, outcomes: Sequence[Outcome]) -> None:
    """Values that double again and again stand at equal distances."""
    values = [outcome.x for outcome in outcomes]
    if all(isinstance(value, int | float) and value > 0 for value in values) and max(
        values
    ) >= 8 * min(values):
        panel.set_xscale("log", base=2)
        ticks = sorted(set(values))
        panel.set_xticks(ticks, [f"{value:g}" for value in ticks])


def _worst_p95_s(summary: Summary) -> float:
    return max((kind.latency_s.p95 for kind in summary.kinds.values()), default=0.0)


def _lines_a_batch(summary: Summary) -> float:
    batches = summary.batches.get(RECOGNITION)
    return batches.mean_items if batches else 0.0
