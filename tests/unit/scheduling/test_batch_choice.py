from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.scheduling.batch_choice import choose_policy
from inkstream_server.scheduling.cost_table import CostTable, Measurement, NotMeasured
from inkstream_server.scheduling.policy import BatchPolicy

WIDTHS = (320, 640, 1280, 2400)
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)
HEIGHT = 48

# Seconds of a batch of `count` items of `width`.
Curve = Callable[[int, int], float]


def flat(width: int, count: int) -> float:
    """A processor that gains nothing: a millisecond for every 64 px."""
    return width * count / 64_000


def overhead(width: int, count: int) -> float:
    """A device with 5 ms of its own for every batch, whatever is in it."""
    return 0.005 + width * count / 6_400_000


def full_at_2560_px(width: int, count: int) -> float:
    """A processor that reads a batch of 2560 px in half the time of its lines one by one."""
    gain = min(1.0, width * count / 2560)
    return width * count * (2 - gain) / 64_000


def table(
    curve: Curve,
    *,
    counts: Sequence[int] = COUNTS,
    noise: Callable[[], float] = lambda: 1.0,
) -> CostTable:
    return CostTable(
        Measurement("m", (width,), count, curve(width, count) * noise())
        for width in WIDTHS
        for count in counts
    )


def chosen(times: CostTable, *, powers_of_two: bool = True) -> BatchPolicy:
    return choose_policy(
        times,
        "m",
        item_pixels=lambda shape: HEIGHT * shape[0],
        powers_of_two=powers_of_two,
    )


def largest_counts(policy: BatchPolicy) -> list[int]:
    return [policy.largest_count(HEIGHT * width) for width in WIDTHS]


def test_where_batches_gain_nothing_they_stay_alone() -> None:
    policy = chosen(table(flat))

    assert policy.max_count == 1
    assert policy.max_wait_s == 0.0


def test_where_every_batch_costs_much_they_grow() -> None:
    policy = chosen(table(overhead))

    assert largest_counts(policy)[:2] == [128, 128]


def test_where_the_gain_ends_at_some_width_batches_end_there() -> None:
    policy = chosen(table(full_at_2560_px))

    assert largest_counts(policy) == [8, 4, 2, 1]
    assert policy.max_pixels == HEIGHT * 2560


def test_a_gain_below_the_tolerance_is_not_worth_a_longer_batch() -> None:
    times = [Measurement("m", (320,), 1, 1.0), Measurement("m", (320,), 2, 1.92)]

    assert chosen(CostTable(times)).max_count == 1


def test_a_gain_above_it_is() -> None:
    times = [Measurement("m", (320,), 1, 1.0), Measurement("m", (320,), 2, 1.88)]

    assert chosen(CostTable(times)).max_count == 2


def test_growth_that_ended_early_is_gone_on_with_in_proportion() -> None:
    narrow = [Measurement("m", (320,), n, full_at_2560_px(320, n)) for n in COUNTS]
    wide = [Measurement("m", (2400,), 1, full_at_2560_px(2400, 1))]

    policy = chosen(CostTable([*narrow, *wide]))

    assert policy.largest_count(HEIGHT * 320) == 8


def test_counts_are_kept_to_powers_of_two_where_asked_for() -> None:
    assert chosen(table(overhead), powers_of_two=True).powers_of_two
    assert not chosen(table(overhead), powers_of_two=False).powers_of_two


def test_without_a_measurement_there_is_no_choice() -> None:
    with pytest.raises(NotMeasured):
        chosen(CostTable([]))


@given(seed=st.integers(0, 10_000))
def test_a_few_percent_of_noise_do_not_make_batches_grow_for_nothing(seed: int) -> None:
    chance = random.Random(seed)

    policy = chosen(table(flat, counts=COUNTS[:5], noise=lambda: chance.uniform(1.0, 1.04)))

    assert max(largest_counts(policy)) == 1


@given(seed=st.integers(0, 10_000))
def test_nor_do_they_keep_them_small_where_much_is_to_be_gained(seed: int) -> None:
    chance = random.Random(seed)

    policy = chosen(table(overhead, noise=lambda: chance.uniform(1.0, 1.04)))

    assert policy.largest_count(HEIGHT * 320) >= 64


@given(width=st.sampled_from(WIDTHS), count=st.sampled_from(COUNTS[:5]))
def test_one_batch_that_met_other_work_turns_nothing(width: int, count: int) -> None:
    quiet = table(full_at_2560_px, counts=COUNTS[:5])
    disturbed = [
        Measurement("m", each.shape, each.count, 3 * each.seconds)
        if (each.shape, each.count) == ((width,), count)
        else each
        for each in quiet.measurements("m")
    ]

    policy = chosen(CostTable(disturbed))

    assert 2 <= policy.largest_count(HEIGHT * 320) <= 16
    assert policy.largest_count(HEIGHT * 2400) <= 2
