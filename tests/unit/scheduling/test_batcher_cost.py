"""What a decision costs, counted in comparisons: it must not grow with what waits."""

from __future__ import annotations

import pytest

from inkstream_server.scheduling.batcher import Batcher, Ticket
from inkstream_server.scheduling.policy import BatchPolicy

FEW, MANY = 400, 6_400
ROUND_COUNT = 200


class CountedFloat(float):
    """A number that counts how often numbers of its kind are compared."""

    comparison_count = 0

    def __lt__(self, other: float) -> bool:
        CountedFloat.comparison_count += 1
        return float(self) < float(other)

    def __le__(self, other: float) -> bool:
        CountedFloat.comparison_count += 1
        return float(self) <= float(other)

    def __eq__(self, other: object) -> bool:
        CountedFloat.comparison_count += 1
        return float(self) == other

    def __hash__(self) -> int:
        return hash(float(self))

    def __add__(self, other: float) -> CountedFloat:
        return CountedFloat(float(self) + other)


class Crowd:
    """A batcher in which much waits, of many buckets."""

    def __init__(self, waiting_count: int, *, max_wait_s: float) -> None:
        policy = BatchPolicy(max_count=4, max_wait_s=max_wait_s)
        self.batcher: Batcher[int, int] = Batcher(lambda key: policy)
        self.clock_s = 0.0
        self.tickets: list[Ticket[int, int]] = []
        for _ in range(waiting_count):
            self.add()

    def add(self) -> None:
        number = len(self.tickets)
        self.clock_s += 0.001
        rank = CountedFloat(number * 7919 % 10_007)
        ticket = self.batcher.add(
            number % 37, number, cost=1, rank=rank, now=CountedFloat(self.clock_s)
        )
        self.tickets.append(ticket)

    def comparisons_of_rounds(self) -> int:
        """How many comparisons the next rounds of every kind of decision take."""
        CountedFloat.comparison_count = 0
        for _ in range(ROUND_COUNT):
            for _ in range(5):
                self.add()
            self.batcher.remove(self.tickets[-3])
            assert self.batcher.take(now=CountedFloat(self.clock_s)) is not None
            self.batcher.next_due_at()
        return CountedFloat.comparison_count


@pytest.mark.parametrize("max_wait_s", [0.0, 0.5])
def test_a_decision_among_many_costs_hardly_more_than_among_few(max_wait_s: float) -> None:
    few = Crowd(FEW, max_wait_s=max_wait_s)
    few.comparisons_of_rounds()  # what fell due meanwhile is settled first
    many = Crowd(MANY, max_wait_s=max_wait_s)
    many.comparisons_of_rounds()

    assert many.comparisons_of_rounds() < 2 * few.comparisons_of_rounds()


def test_filling_and_emptying_costs_a_logarithm_each() -> None:
    CountedFloat.comparison_count = 0

    crowd = Crowd(MANY, max_wait_s=0.0)
    while crowd.batcher.take(now=CountedFloat(crowd.clock_s)) is not None:
        crowd.batcher.next_due_at()

    assert CountedFloat.comparison_count < 12 * MANY * MANY.bit_length()


def test_a_crowd_that_is_cancelled_costs_a_logarithm_each() -> None:
    CountedFloat.comparison_count = 0

    crowd = Crowd(MANY, max_wait_s=0.5)
    for ticket in crowd.tickets:
        crowd.batcher.remove(ticket)

    assert crowd.batcher.take(now=CountedFloat(crowd.clock_s)) is None
    assert crowd.batcher.next_due_at() is None
    assert CountedFloat.comparison_count < 12 * MANY * MANY.bit_length()
