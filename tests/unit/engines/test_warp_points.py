from __future__ import annotations

from dataclasses import replace

import pytest

from inkstream_server.engines.warp_points import Kind, NotUvDoc, Step, points_tensor

SHRINK = Step(Kind.RESIZE, ("page",), "shrunk", size=(712, 488))
NETWORK = Step(Kind.OTHER, ("shrunk",), "points")
SPREAD = Step(Kind.RESIZE, ("points",), "spread")
TRANSPOSE = Step(Kind.TRANSPOSE, ("spread",), "grid")
SAMPLE = Step(Kind.SAMPLE, ("page", "grid"), "flat")
UVDOC = (SHRINK, NETWORK, SPREAD, TRANSPOSE, SAMPLE)


def with_step(old: Step, new: Step) -> list[Step]:
    return [new if step is old else step for step in UVDOC]


def test_the_points_are_what_is_spread_over_the_page() -> None:
    assert points_tensor(UVDOC, "page", "flat") == "points"


def test_the_grid_need_not_be_transposed() -> None:
    steps = [SHRINK, NETWORK, replace(SPREAD, output="grid"), SAMPLE]

    assert points_tensor(steps, "page", "flat") == "points"


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        (SAMPLE, replace(SAMPLE, kind=Kind.OTHER), "does not end with sampling"),
        (SAMPLE, replace(SAMPLE, is_uvdocs=False), "does not end with sampling"),
        (SAMPLE, replace(SAMPLE, output="another"), "does not end with sampling"),
        (SAMPLE, replace(SAMPLE, inputs=("shrunk", "grid")), "something else than the page"),
        (SPREAD, replace(SPREAD, is_uvdocs=False), "does not spread points"),
        (SPREAD, replace(SPREAD, kind=Kind.OTHER), "does not spread points"),
        (TRANSPOSE, replace(TRANSPOSE, output="another"), "does not spread points"),
        (SHRINK, replace(SHRINK, size=(488, 712)), "does not shrink the page to 488 x 712"),
        (SHRINK, replace(SHRINK, size=None), "does not shrink"),
        (SHRINK, replace(SHRINK, is_uvdocs=False), "does not shrink"),
        (SHRINK, replace(SHRINK, kind=Kind.OTHER), "does not shrink"),
        (NETWORK, replace(SHRINK, output="points"), "does not shrink"),
    ],
)
def test_a_model_that_does_something_else_is_not_cut(old: Step, new: Step, cause: str) -> None:
    with pytest.raises(NotUvDoc, match=cause):
        points_tensor(with_step(old, new), "page", "flat")
