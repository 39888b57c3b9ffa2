from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream.load.distribution import Distribution, histogram, percentile

samples = st.lists(st.floats(min_value=1e-3, max_value=1e7), min_size=1, max_size=200)


def test_no_samples_have_no_distribution() -> None:
    assert Distribution.of([]) is None


def test_a_thousand_samples_have_the_percentiles_that_one_counts() -> None:
    distribution = Distribution.of([float(n) for n in range(1000, 0, -1)])

    assert distribution == Distribution(
        sample_count=1000,
        min=1.0,
        mean=500.5,
        p50=500.0,
        p90=900.0,
        p95=950.0,
        p99=990.0,
        p99_9=999.0,
        max=1000.0,
    )


@given(samples, st.floats(min_value=0, max_value=100))
def test_a_percentile_is_the_least_sample_that_enough_do_not_exceed(
    values: list[float], percent: float
) -> None:
    ordered = sorted(values)
    found = percentile(ordered, percent)
    wanted = len(ordered) * percent / 100

    assert found in ordered
    assert sum(value <= found for value in ordered) >= wanted - 1e-6
    below = sum(value < found for value in ordered)
    assert below < wanted or found == ordered[0]


@given(samples)
def test_every_sample_is_in_its_bucket(values: list[float]) -> None:
    buckets = histogram(values)

    for bucket in buckets:
        assert bucket.count == sum(bucket.low <= value < bucket.high for value in values)
    assert sum(bucket.count for bucket in buckets) == len(values)


@given(samples)
def test_buckets_have_one_ratio_and_no_gap(values: list[float]) -> None:
    buckets = histogram(values)

    ratio = buckets[0].high / buckets[0].low
    assert all(math.isclose(bucket.high / bucket.low, ratio) for bucket in buckets)
    assert [b.high for b in buckets[:-1]] == [b.low for b in buckets[1:]]
    assert buckets[0].count and buckets[-1].count
    assert len(buckets) <= 20


def test_close_samples_get_fine_buckets() -> None:
    assert len(histogram([10.0, 20.0, 30.0])) == 10


@pytest.mark.parametrize("edge", [10 ** (n / 20) for n in range(-60, 100)])
def test_a_sample_on_an_edge_belongs_above_it(edge: float) -> None:
    (bucket,) = histogram([edge])

    assert bucket.low <= edge < bucket.high


def test_no_samples_have_no_buckets() -> None:
    assert histogram([]) == ()
