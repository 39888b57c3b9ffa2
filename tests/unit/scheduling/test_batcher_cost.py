"""What a decision costs, counted in comparisons: it must not grow with what waits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.scheduling.flows import place

from inkstream_server.scheduling.batcher import Batcher, Load, Ticket
from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.scheduling.priority import Priority

FEW = 1_000
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

    def __gt__(self, other: float) -> bool:
        CountedFloat.comparison_count += 1
        return float(self) > float(other)

    def __eq__(self, other: object) -> bool:
        CountedFloat.comparison_count += 1
        return float(self) == other

    def __ne__(self, other: object) -> bool:
        CountedFloat.comparison_count += 1
        return float(self) != other

    def __hash__(self) -> int:
        return hash(float(self))

    def __add__(self, other: float) -> CountedFloat:
        return CountedFloat(float(self) + float(other))

    def __radd__(self, other: float) -> CountedFloat:
        return CountedFloat(other + float(self))

    def __truediv__(self, other: float) -> CountedFloat:
        return CountedFloat(float(self) / other)


class CountedTurn(int):
    """A page number that is counted likewise."""

    def __lt__(self, other: int) -> bool:
        CountedFloat.comparison_count += 1
        return int(self) < int(other)

    def __eq__(self, other: object) -> bool:
        CountedFloat.comparison_count += 1
        return int(self) == other

    def __hash__(self) -> int:
        return hash(int(self))


def one_long_document(number: int) -> Place:
    return place(turn=CountedTurn(number * 7919 % 10_007))


def a_document_each(number: int) -> Place:
    priority = Priority.BATCH if number % 3 else Priority.INTERACTIVE
    client = f"client {number * 31 % 11}"
    return place(number, client=client, priority=priority, turn=CountedTurn(1))


CROWDS = pytest.mark.parametrize("place_of", [one_long_document, a_document_each])


class Crowd:
    """A batcher in which much waits, of many buckets."""

    def __init__(
        self, waiting_count: int, place_of: Callable[[int], Place], *, max_wait_s: float
    ) -> None:
        policy = BatchPolicy(max_count=4, max_wait_s=max_wait_s)
        self.batcher: Batcher[int, int] = Batcher(lambda key: policy)
        self.place_of = place_of
        self.clock_s = 0.0
        self.tickets: list[Ticket[int, int]] = []
        for _ in range(waiting_count):
            self.add()

    def add(self) -> None:
        number = len(self.tickets)
        self.clock_s += 0.001
        load = Load(cost_s=CountedFloat(1 + number % 5))
        at = self.place_of(number)
        now = CountedFloat(self.clock_s)
        self.tickets.append(self.batcher.add(number % 37, number, place=at, load=load, now=now))

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


@pytest.mark.parametrize(
    ("place_of", "max_wait_s", "many_count"),
    [
        (a_document_each, 0.0, 100_000),
        (a_document_each, 0.5, 10_000),
        (one_long_document, 0.0, 10_000),
        (one_long_document, 0.5, 10_000),
    ],
)
def test_a_decision_among_many_costs_hardly_more_than_among_few(
    place_of: Callable[[int], Place], max_wait_s: float, many_count: int
) -> None:
    few = Crowd(FEW, place_of, max_wait_s=max_wait_s)
    few.comparisons_of_rounds()  # what fell due meanwhile is settled first
    many = Crowd(many_count, place_of, max_wait_s=max_wait_s)
    many.comparisons_of_rounds()

    assert many.comparisons_of_rounds() < 2 * few.comparisons_of_rounds()


@CROWDS
def test_filling_and_emptying_costs_a_logarithm_each(place_of: Callable[[int], Place]) -> None:
    CountedFloat.comparison_count = 0

    crowd = Crowd(FEW * 6, place_of, max_wait_s=0.0)
    while crowd.batcher.take(now=CountedFloat(crowd.clock_s)) is not None:
        crowd.batcher.next_due_at()

    count = len(crowd.tickets)
    assert CountedFloat.comparison_count < 24 * count * count.bit_length()


@CROWDS
def test_a_crowd_that_is_cancelled_costs_a_logarithm_each(
    place_of: Callable[[int], Place],
) -> None:
    CountedFloat.comparison_count = 0

    crowd = Crowd(FEW * 6, place_of, max_wait_s=0.5)
    for ticket in crowd.tickets:
        crowd.batcher.remove(ticket)

    assert crowd.batcher.take(now=CountedFloat(crowd.clock_s)) is None
    assert crowd.batcher.next_due_at() is None
    count = len(crowd.tickets)
    assert CountedFloat.comparison_count < 24 * count * count.bit_length()
