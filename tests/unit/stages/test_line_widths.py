from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.stages.line_widths import EXACT, FEW, LADDER, LineWidths

exact_widths = st.integers(320, 3200)


def test_the_ladder_leads_from_the_narrowest_line_to_the_widest() -> None:
    assert (LADDER[0], LADDER[-1]) == (320, 3200)
    assert list(LADDER) == sorted(set(LADDER))


def test_no_rung_is_more_than_a_quarter_above_the_one_below() -> None:
    assert all(upper <= 1.25 * lower for lower, upper in pairwise(LADDER))


@given(exact_widths)
def test_a_line_gets_the_lowest_rung_that_it_fits_on(width_px: int) -> None:
    assert FEW.padded(width_px) == min(rung for rung in LADDER if rung >= width_px)


@given(exact_widths, exact_widths, st.sampled_from([EXACT, LineWidths(32), FEW]))
def test_a_wider_line_is_never_padded_to_less(one: int, other: int, widths: LineWidths) -> None:
    narrow, wide = sorted((one, other))

    assert widths.padded(narrow) <= widths.padded(wide)


@given(exact_widths, st.integers(1, 320))
def test_a_step_pads_to_its_multiples_up_to_the_widest_input(width_px: int, step_px: int) -> None:
    padded = LineWidths(step_px).padded(width_px)

    assert width_px <= padded < width_px + step_px
    assert padded % step_px == 0 or padded == 3200


@pytest.mark.parametrize("width_px", [320, 321, 1999, 3200])
def test_exact_widths_are_the_lines_own(width_px: int) -> None:
    assert EXACT.padded(width_px) == width_px
