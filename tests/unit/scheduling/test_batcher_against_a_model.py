"""The batcher beside the simplest thing that could be right: a list, searched from end to end."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from inkstream_server.scheduling.batcher import Batcher, Ticket
from inkstream_server.scheduling.policy import BatchPolicy

POLICIES = {
    "hasty": BatchPolicy(max_count=3, max_cost=10),
    "patient": BatchPolicy(max_count=3, max_cost=10, max_wait_s=1.0),
    "roomy": BatchPolicy(max_count=100, max_cost=25, max_wait_s=0.25),
    "doubling": BatchPolicy(max_count=8, max_cost=12, max_wait_s=0.25, powers_of_two=True),
    "single": BatchPolicy(max_count=1, max_wait_s=2.0),
}

KEYS = st.sampled_from(sorted(POLICIES))
COSTS = st.integers(0, 14)
RANKS = st.integers(-3, 3).map(float)
STEPS_S = st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0])


@dataclass(frozen=True)
class Item:
    number: int
    key: str
    cost: int
    rank: float
    added_at: float

    @property
    def place(self) -> tuple[float, int]:
        return self.rank, self.number

    @property
    def due_at(self) -> float:
        return self.added_at + POLICIES[self.key].max_wait_s


def is_ready(items: list[Item], policy: BatchPolicy, now: float) -> bool:
    """Whether a bucket with these items gives a batch."""
    is_due = any(item.due_at <= now for item in items)
    is_full = len(items) >= policy.max_count or sum(i.cost for i in items) >= policy.max_cost
    return is_due or bool(items and is_full)


def first_batch(items: list[Item], policy: BatchPolicy) -> list[Item]:
    """What of a bucket goes together."""
    batch: list[Item] = []
    for item in sorted(items, key=lambda item: item.place):
        cost = sum(each.cost for each in [*batch, item])
        if len(batch) == policy.max_count or (batch and cost > policy.max_cost):
            break
        batch.append(item)
    sizes = [1, 2, 4, 8] if policy.powers_of_two else range(101)
    return batch[: max(size for size in sizes if size <= len(batch))]


class BatcherBesideItsModel(RuleBasedStateMachine):
    """Every answer of the batcher is the model's; so nothing is lost, doubled, early or late."""

    def __init__(self) -> None:
        super().__init__()
        self.batcher: Batcher[str, Item] = Batcher(POLICIES.__getitem__)
        self.waiting: dict[int, Item] = {}
        self.tickets: list[Ticket[str, Item]] = []
        self.now = 0.0

    @rule(key=KEYS, cost=COSTS, rank=RANKS)
    def add(self, key: str, cost: int, rank: float) -> None:
        item = Item(len(self.tickets), key, cost, rank, self.now)
        self.waiting[item.number] = item
        self.tickets.append(self.batcher.add(key, item, cost=cost, rank=rank, now=self.now))

    @rule(key=KEYS, count=st.integers(2, 6), rank=RANKS)
    def add_several(self, key: str, count: int, rank: float) -> None:
        for _ in range(count):
            self.add(key, 2, rank)

    @rule(draw=st.data())
    def remove(self, draw: st.DataObject) -> None:
        if not self.tickets:
            return
        number = draw.draw(st.integers(0, len(self.tickets) - 1))

        was_there = self.waiting.pop(number, None) is not None

        assert self.batcher.remove(self.tickets[number]) == was_there

    @rule(seconds=STEPS_S)
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def take(self) -> None:
        expected = self.expected_batch()

        batch = self.batcher.take(now=self.now)

        assert (list(batch.items) if batch else []) == expected
        if batch:
            assert batch.key == expected[0].key
            assert batch.waited_s == tuple(self.now - item.added_at for item in expected)
        for item in expected:
            del self.waiting[item.number]

    @rule()
    def take_all(self) -> None:
        while self.expected_batch():
            self.take()
        self.take()
        assert self.batcher.next_due_at() == min(
            (item.due_at for item in self.waiting.values()), default=None
        )

    @invariant()
    def counts_what_waits(self) -> None:
        assert len(self.batcher) == len(self.waiting)

    @invariant()
    def asks_to_be_asked_in_time(self) -> None:
        due_at = self.batcher.next_due_at()
        if not self.waiting:
            assert due_at is None
        elif self.expected_batch():
            assert due_at is not None and due_at <= self.now
        else:
            assert due_at is not None
            assert due_at <= min(item.due_at for item in self.waiting.values())

    def expected_batch(self) -> list[Item]:
        buckets = [
            [item for item in self.waiting.values() if item.key == key] for key in sorted(POLICIES)
        ]
        batches = [
            first_batch(items, POLICIES[items[0].key])
            for items in buckets
            if items and is_ready(items, POLICIES[items[0].key], self.now)
        ]
        return min(batches, key=lambda batch: batch[0].place, default=[])


BatcherBesideItsModel.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None
)
TestBatcher = BatcherBesideItsModel.TestCase
