from __future__ import annotations

import ctypes
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.front.single_precision import as_written


def sent(value: float) -> float:
    """What arrives of a number over the wire."""
    return ctypes.c_float(value).value


@pytest.mark.parametrize("written", [0.3, 0.6, 1.1, 2.0, 1.5, 0.0, -0.25, 0.123456, 100.5, 1e-7])
def test_a_number_is_what_its_sender_wrote(written: float) -> None:
    assert as_written(sent(written)) == written


@given(value=st.floats(width=32, allow_nan=False))
def test_every_float_is_still_itself_over_the_wire(value: float) -> None:
    assert sent(as_written(value)) == value


def test_what_is_no_number_stays_none() -> None:
    assert math.isnan(as_written(math.nan))
    assert as_written(math.inf) == math.inf
