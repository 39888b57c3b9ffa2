from __future__ import annotations

import pytest

from inkstream_server.scheduling.survey import is_worth_growing


def seconds(*item_ms: float) -> dict[int, float]:
    """Batches of 1, 2, 4 … items that take so many milliseconds each."""
    return {1 << power: ms * (1 << power) / 1e3 for power, ms in enumerate(item_ms)}


@pytest.mark.parametrize(
    "item_ms",
    [
        (5.0,),
        (5.0, 4.0),
        (5.0, 5.1),  # one size that gains nothing may have been disturbed
        (5.0, 9.0, 4.0),
        (5.0, 4.9, 4.8),  # little by little is a gain too
    ],
)
def test_growth_goes_on_while_it_may_gain(item_ms: tuple[float, ...]) -> None:
    assert is_worth_growing(seconds(*item_ms))


@pytest.mark.parametrize(
    "item_ms",
    [
        (5.0, 5.0, 5.0),
        (5.0, 4.0, 4.0, 4.1),
        (5.0, 4.0, 3.95, 3.9),
        (70.0, 70.0),  # so long a batch is measured well
        (1001.0,),
        (600.0, 550.0),  # a gain, but who would wait
    ],
)
def test_growth_ends_where_it_gains_no_more(item_ms: tuple[float, ...]) -> None:
    assert not is_worth_growing(seconds(*item_ms))
