"""Small scenarios with times that sums can be done in."""

from __future__ import annotations

from typing import Any, Final

from inkstream_server.scheduling.cost_table import Measurement
from inkstream_server.simulation.costs import DETECTION, RECOGNITION, BatchTimes
from inkstream_server.simulation.run import simulate
from inkstream_server.simulation.scenario import Scenario
from inkstream_server.simulation.summary import Summary

SHAPE: Final[tuple[int, ...]] = (640, 640)
WIDTH = 320
NO_STEPS = {"open": 0.0, "measure": 0.0, "draw": 0.0, "find": 0.0, "cut": 0.0, "cut_line": 0.0}


def constant_times(
    detection_s: float = 0.1,
    line_s: float = 0.0001,
    *,
    batch_s: float = 0.0,
    host_share: float = 0.0,
) -> BatchTimes:
    """A line's batch takes `batch_s`, and `line_s` for each of its items."""
    seconds = {(DETECTION, SHAPE, 1): detection_s}
    for count in (1, 2, 4, 8, 16, 32, 64):
        seconds[RECOGNITION, (WIDTH,), count] = batch_s + count * line_s
    return BatchTimes(
        Measurement(*what, taken_s, taken_s * (1.0 - host_share))
        for what, taken_s in seconds.items()
    )


def page_kind(lines: int | dict[int, int] = 0, **others: object) -> dict[str, Any]:
    sheet = {"detector_shape": SHAPE, "lines": lines, "line_width_px": WIDTH}
    return {"sheets": [sheet], "steps": NO_STEPS, **others}


def scenario(**parts: object) -> Scenario:
    """One worker with enough cores, and one caller, unless something else is said."""
    tree: dict[str, object] = {
        "machine": {"cores": 4, "model_workers": 1},
        "server": {"text_recognition": {"max_count": 8}},
        "kinds": {"page": page_kind()},
        "traffic": [{"arrivals": {"callers": 1}, "kinds": {"page": 1}}],
        "warm_up_s": 10.0,
        "duration_s": 100.0,
    }
    return Scenario.model_validate({**tree, **parts})


def source(arrivals: dict[str, float], kind: str = "page", clients: int = 1) -> dict[str, object]:
    return {"arrivals": arrivals, "kinds": {kind: 1}, "clients": clients}


def run(times: BatchTimes | None = None, **parts: object) -> Summary:
    return simulate(scenario(**parts), times or constant_times())
