from __future__ import annotations

from inkstream_server.app.batching import UNMEASURED
from inkstream_server.models.files import Module
from inkstream_server.models.recipe import RecognitionRecipe
from inkstream_server.stages.line_widths import EXACT, FEW, LADDER, LineWidths
from inkstream_server.workers.widths import shapes_to_warm, widths_of


def test_widths_are_exact_where_texts_are_to_be_those_of_paddlex() -> None:
    assert widths_of(None, "fp32") == EXACT


def test_widths_are_few_where_the_texts_differ_anyway() -> None:
    assert widths_of(None, "bf16") == FEW


def test_what_is_configured_has_the_last_word() -> None:
    assert widths_of(8, "bf16") == LineWidths(8)


def test_every_batch_that_the_ladder_and_the_default_policy_allow_is_warm() -> None:
    policy = UNMEASURED[Module.TEXT_RECOGNITION]
    allowed = {
        (policy.count_of(waiting, width * 48), width)
        for width in LADDER
        for waiting in range(1, policy.max_count + 1)
    }

    assert set(shapes_to_warm(FEW)) == allowed
    assert len(shapes_to_warm(FEW)) == len(allowed)


def test_of_exact_widths_only_the_one_that_most_lines_have_is_warm() -> None:
    assert {width for _, width in shapes_to_warm(EXACT)} == {320}


def test_the_largest_shape_comes_first_and_equal_areas_follow_each_other() -> None:
    areas = [count * width for count, width in shapes_to_warm(FEW)]

    assert areas == sorted(areas, reverse=True)


def test_widths_are_those_of_the_recognisers_lines() -> None:
    low = RecognitionRecipe(height_px=32, min_width_px=1000)

    assert widths_of(None, "fp32", low) == LineWidths(1, low)
    assert widths_of(None, "bf16", low) == LineWidths(None, low)
    assert {width for _, width in shapes_to_warm(LineWidths(1, low))} == {1000}
    assert min(width for _, width in shapes_to_warm(LineWidths(None, low))) == 1024
