"""The batcher beside the simplest thing that could be right: lists, searched from end to end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.unit.scheduling.flows import place

from inkstream_server.scheduling.batcher import Batcher, Load, Ticket
from inkstream_server.scheduling.place import Flow, Place
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.scheduling.priority import Priority

POLICIES = {
    "hasty": BatchPolicy(max_count=3, max_pixels=10),
    "patient": BatchPolicy(max_count=3, max_pixels=10, max_wait_s=1.0),
    "roomy": BatchPolicy(max_count=100, max_pixels=25, max_wait_s=0.25),
    "doubling": BatchPolicy(max_count=8, max_pixels=36, max_wait_s=0.25, powers_of_two=True),
    "single": BatchPolicy(max_count=1, max_wait_s=2.0),
}
SIZES = {"hasty": 4, "patient": 2, "roomy": 7, "doubling": 5, "single": 99}
WEIGHTS = {Priority.INTERACTIVE: 0.75, Priority.BATCH: 0.25}

KEYS = st.sampled_from(sorted(POLICIES))
COSTS_S = st.sampled_from([0.03, 0.5, 1.0])
PLACES = st.builds(
    place,
    st.integers(1, 2),
    client=st.sampled_from(["ann", "bob"]),
    priority=st.sampled_from(Priority),
    turn=st.integers(1, 3),
)
STEPS_S = st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0])


@dataclass(eq=False)
class Item:
    number: int
    key: str
    place: Place
    cost_s: float
    added_at: float
    is_ready: bool = False
    passed_over_count: int = 0

    @property
    def due_at(self) -> float:
        return self.added_at + POLICIES[self.key].max_wait_s


@dataclass
class Account:
    start: float = 0.0
    order: int = 0
    now: float = 0.0


def paths(flow: Flow) -> list[tuple[object, ...]]:
    """The accounts of a flow, from its priority down to its document."""
    whole = (flow.priority, flow.client, flow.document)
    return [whole[:1], whole[:2], whole]


@dataclass
class Accounts:
    """Start-time fair queueing by its definition, with everything kept and nothing indexed."""

    of: dict[tuple[object, ...], Account] = field(default_factory=lambda: {(): Account()})
    woken_count: int = 0

    def wake(self, flow: Flow, waiting: Sequence[Item]) -> None:
        for path in paths(flow):
            if any(path in paths(item.place.flow) for item in waiting):
                continue
            account = self.of.setdefault(path, Account())
            account.start = max(account.start, self.of[path[:-1]].now)
            self.woken_count += 1
            is_priority = len(path) == 1
            account.order = [*Priority].index(flow.priority) if is_priority else self.woken_count

    def serve(self, item: Item, *, leads: bool) -> None:
        for path in paths(item.place.flow):
            account, parent = self.of[path], self.of[path[:-1]]
            if leads:
                parent.now = max(parent.now, account.start)
            weight = WEIGHTS[item.place.flow.priority] if len(path) == 1 else 1.0
            account.start += item.cost_s / weight

    def forget(self, waiting: Sequence[Item]) -> None:
        """Among those of whom nobody waits, nobody owes anything."""
        awake = {path for item in waiting for path in [(), *paths(item.place.flow)]}
        self.of = {
            path: account for path, account in self.of.items() if path == () or path[:-1] in awake
        }
        for path, account in self.of.items():
            if path not in awake:
                account.now = 0.0

    def lead_s(self, head: Item, other: Item) -> float:
        """By how much the other one would get ahead."""
        pairs = zip(paths(head.place.flow), paths(other.place.flow), strict=True)
        for mine, his in pairs:
            if mine != his:
                return 9.9 if len(mine) == 1 else self.of[his].start - self.of[mine].start
        return 0.0 if head.place.turn == other.place.turn else 9.9

    def rank(self, item: Item) -> tuple[object, ...]:
        levels = [self.of[path] for path in paths(item.place.flow)]
        starts = [value for each in levels for value in (each.start, each.order)]
        return (*starts, item.place.turn, item.number)


class BatcherBesideItsModel(RuleBasedStateMachine):
    """Every answer of the batcher is the model's; so nothing is lost, doubled, early or late."""

    def __init__(self) -> None:
        super().__init__()
        self.batcher: Batcher[str, Item] = Batcher(POLICIES.__getitem__, batch_share=0.25)
        self.accounts = Accounts()
        self.waiting: list[Item] = []
        self.tickets: list[Ticket[str, Item]] = []
        self.now = 0.0

    @rule(key=KEYS, at=PLACES, cost_s=COSTS_S)
    def add(self, key: str, at: Place, cost_s: float) -> None:
        item = Item(len(self.tickets), key, at, cost_s, self.now)
        item.is_ready = POLICIES[key].max_wait_s == 0.0
        self.accounts.wake(at.flow, self.waiting)
        self.waiting.append(item)
        self.let_full_go(key)
        load = Load(SIZES[key], cost_s)
        self.tickets.append(self.batcher.add(key, item, place=at, load=load, now=self.now))

    @rule(key=KEYS, at=PLACES, count=st.integers(2, 6))
    def add_several(self, key: str, at: Place, count: int) -> None:
        for _ in range(count):
            self.add(key, at, 1.0)

    @rule(draw=st.data())
    def remove(self, draw: st.DataObject) -> None:
        if not self.tickets:
            return
        number = draw.draw(st.integers(0, len(self.tickets) - 1))
        item = self.tickets[number].item
        was_there = item in self.waiting

        assert self.batcher.remove(self.tickets[number]) == was_there

        if was_there:
            self.forget([item])

    @rule(seconds=STEPS_S)
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(last=st.none() | KEYS)
    def take(self, last: str | None = None) -> None:
        expected = self.serve_batch(last)

        batch = self.batcher.take(now=self.now, last=last)

        assert (list(batch.items) if batch else []) == expected
        if batch:
            assert batch.key == expected[0].key
            assert batch.waited_s == tuple(self.now - item.added_at for item in expected)
            assert len(expected) <= POLICIES[batch.key].max_count
            size = SIZES[batch.key] * len(expected)
            assert size <= POLICIES[batch.key].max_pixels or len(expected) == 1

    @rule()
    def take_all(self) -> None:
        while self.batcher.next_due_at() is not None and self.is_anybody_ready():
            self.take()
        self.take()
        assert self.batcher.next_due_at() == min(
            (item.due_at for item in self.waiting), default=None
        )

    @invariant()
    def counts_what_waits(self) -> None:
        assert len(self.batcher) == len(self.waiting)

    @invariant()
    def asks_to_be_asked_in_time(self) -> None:
        due_at = self.batcher.next_due_at()
        if not self.waiting:
            assert due_at is None
        elif self.is_anybody_ready():
            assert due_at is not None and due_at <= self.now
        else:
            assert due_at == min(item.due_at for item in self.waiting)

    def is_anybody_ready(self) -> bool:
        return any(item.is_ready or item.due_at <= self.now for item in self.waiting)

    def serve_batch(self, last: str | None) -> list[Item]:
        """What the batcher should give now, gone from the model."""
        for item in self.waiting:
            item.is_ready |= item.due_at <= self.now
        ready = [item for item in self.waiting if item.is_ready]
        if not ready:
            return []
        key = self.leader(ready, last).key
        left = [item for item in self.waiting if item.key == key]
        batch: list[Item] = []
        for _ in range(POLICIES[key].count_of(len(left), SIZES[key])):
            first = min(left, key=self.accounts.rank)
            self.accounts.serve(first, leads=not batch)
            left.remove(first)
            batch.append(first)
        self.forget(batch)
        return batch

    def leader(self, ready: Sequence[Item], last: str | None) -> Item:
        """Who is next, or the first of the bucket that was last, if it may go before him."""
        head = min(ready, key=self.accounts.rank)
        if last == head.key or head.passed_over_count == 3:
            return head
        same = [item for item in self.waiting if item.key == last]
        first = min(same, key=self.accounts.rank, default=head)
        if first is head or not first.is_ready or self.accounts.lead_s(head, first) > 0.05:
            return head
        head.passed_over_count += 1
        return first

    def forget(self, items: list[Item]) -> None:
        self.waiting = [item for item in self.waiting if item not in items]
        self.let_full_go(items[0].key)
        self.accounts.forget(self.waiting)

    def let_full_go(self, key: str) -> None:
        items = [item for item in self.waiting if item.key == key]
        is_full = items and len(items) >= POLICIES[key].largest_count(SIZES[key])
        if is_full and not any(item.is_ready for item in items):
            min(items, key=self.accounts.rank).is_ready = True


BatcherBesideItsModel.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None
)
TestBatcher = BatcherBesideItsModel.TestCase
