from __future__ import annotations

from typing import Any

import pytest

from inkstream_server.simulation.cost_values import measurements_from
from inkstream_server.simulation.costs import DETECTION, RECOGNITION, BatchTimes
from inkstream_server.workers.model_tasks import ModelBucket


def report(module: str, shape: list[int], *batches: tuple[int, float, float]) -> dict[str, Any]:
    rows = [
        {"shape": shape, "count": count, "batch_s": batch_s, "engine_s": engine_s}
        for count, batch_s, engine_s in batches
    ]
    return {"model": f"some {module} model", "module": module, "engine": "x", "rows": rows}


REPORTS = [
    report("text_detection", [320, 320], (1, 0.1, 0.09)),
    report("textline_orientation", [48, 192], (1, 0.1, 0.09)),
    report("text_recognition", [320], (1, 0.02, 0.01), (8, 0.1, 0.05)),
]


def test_models_are_called_by_what_they_do() -> None:
    times = BatchTimes(measurements_from(REPORTS))

    assert set(times.models) == {DETECTION, RECOGNITION}


def test_a_worker_is_busy_longer_than_its_engine() -> None:
    times = BatchTimes(measurements_from(REPORTS))

    time = times.of(ModelBucket(RECOGNITION, (320,)), 8)

    assert time.worker_s == pytest.approx(0.1)
    assert time.engine_s == pytest.approx(0.05)
    assert time.host_s == pytest.approx(0.05)


def test_where_the_engines_part_is_unknown_it_is_all() -> None:
    unknown = [report("text_detection", [320, 320], (1, 0.1, 0.0)), REPORTS[2]]
    times = BatchTimes(measurements_from(unknown))

    assert times.of(ModelBucket(DETECTION, (320, 320)), 1).host_s == 0.0


def test_of_several_recognisers_one_is_simulated() -> None:
    other = {**report("text_recognition", [320], (1, 7.0, 7.0)), "model": "other"}
    several = [*REPORTS, other]
    lines = ModelBucket(RECOGNITION, (320,))

    first = BatchTimes(measurements_from(several)).of(lines, 1)
    named = BatchTimes(measurements_from(several, "other")).of(lines, 1)

    assert first.worker_s == pytest.approx(0.02)
    assert named.worker_s == pytest.approx(7.0)


def test_a_recogniser_without_times_cannot_be_simulated() -> None:
    with pytest.raises(ValueError, match="no times of recognition by unheard-of"):
        measurements_from(REPORTS, "unheard-of")


@pytest.mark.parametrize(
    "values", [None, {}, [1], [{"model": "x"}], REPORTS[:1], [{**REPORTS[0], "rows": [{}]}]]
)
def test_other_values_are_refused(values: object) -> None:
    with pytest.raises(ValueError, match=r"inkstream tune --json|no times of"):
        measurements_from(values)
