"""Decides which waiting items share the next batch. Waiting, measuring and running are not its own.

Pure: time is an argument, and there is no lock, task or model inside, so that the server and a
simulator with a virtual clock run the same class.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from inkstream_server.scheduling.fair_line import FairLine
from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.scheduling.shares import DEFAULT_BATCH_SHARE, Share, Shares

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


# By how much of a worker's time one may get ahead of who is next, and how often that may happen to
# him, so that a worker stays with a shape: another one costs it some 2 ms of every batch's 20.
_NEARLY_AS_FAIR_S: Final = 0.05
_MOST_PASSED_OVER: Final = 3


@dataclass(frozen=True, slots=True)
class Batch(Generic[K, T]):
    """Items of one bucket that run together, in the order that they were due in."""

    key: K
    items: tuple[T, ...]
    waited_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """What an item takes up: of a batch (such as padded pixels), and of a worker's time.

    All items of one bucket have one size. The cost, in seconds, is what its flow is charged with.
    """

    size: int = 0
    cost_s: float = 1.0


class Ticket(Generic[K, T]):
    """An item's place in the queue; what `remove` takes it out by."""

    __slots__ = (
        "added_at", "cost_s", "due_at", "is_ready", "is_waiting", "item", "key", "number",
        "passed_over_count", "share", "turn",
    )  # fmt: skip

    def __init__(self, key: K, item: T, turn: int, cost_s: float, share: Share) -> None:
        self.key = key
        self.item = item
        self.turn = turn
        self.cost_s = cost_s
        self.share = share
        self.number = 0
        self.added_at = 0.0
        self.due_at = 0.0
        self.is_waiting = True
        self.is_ready = False
        self.passed_over_count = 0

    def __lt__(self, other: object) -> bool:
        """Whether it goes before another one of the same document."""
        assert isinstance(other, Ticket), other
        return (self.turn, self.number) < (other.turn, other.number)


@dataclass(slots=True)
class _Bucket(Generic[K, T]):
    """The waiting items of one key."""

    policy: BatchPolicy
    item_size: int
    line: FairLine[Ticket[K, T]] = field(default_factory=FairLine)
    count: int = 0
    ready_count: int = 0

    def is_full(self) -> bool:
        return self.count >= self.policy.largest_count(self.item_size)


class Batcher(Generic[K, T]):
    """Queues items per bucket; only items of one bucket may share a batch.

    Who is next follows from the shares (`Shares`): priorities, then clients, then documents are
    served in equal parts, and within a document earlier pages go first. The item that is next
    leads a batch, which others of its bucket join in the same order. An item is ready once it has
    waited `max_wait_s`, or once its bucket is full; with `max_wait_s = 0` whatever waits goes as
    soon as a worker asks. Each call takes time logarithmic in what waits.
    """

    def __init__(
        self,
        policy_of: Callable[[K], BatchPolicy],
        *,
        batch_share: float = DEFAULT_BATCH_SHARE,
    ) -> None:
        self._policy_of = policy_of
        self._shares = Shares(batch_share)
        self._buckets: dict[K, _Bucket[K, T]] = {}
        self._ready: FairLine[Ticket[K, T]] = FairLine()
        self._due: list[tuple[float, int, Ticket[K, T]]] = []
        self._added_count = 0
        self._waiting_count = 0

    def __len__(self) -> int:
        return self._waiting_count

    def add(self, key: K, item: T, *, place: Place, load: Load, now: float) -> Ticket[K, T]:
        """Queue one item."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._policy_of(key), load.size)
        assert load.size == bucket.item_size, "items of one bucket have one size"
        ticket = Ticket(key, item, place.turn, load.cost_s, self._shares.enter(place.flow))
        self._added_count += 1
        ticket.number = self._added_count
        ticket.added_at = now
        ticket.due_at = now + bucket.policy.max_wait_s
        bucket.line.add(ticket)
        bucket.count += 1
        self._waiting_count += 1
        if bucket.policy.max_wait_s == 0.0:
            self._make_ready(bucket, ticket)
        else:
            heapq.heappush(self._due, (ticket.due_at, ticket.number, ticket))
            self._let_full_go(bucket)
        return ticket

    def remove(self, ticket: Ticket[K, T]) -> bool:
        """Take a waiting item out; False where it has left already."""
        if not ticket.is_waiting:
            return False
        bucket = self._buckets[ticket.key]
        self._drop(bucket, ticket)
        self._settle(ticket.key, bucket)
        return True

    def take(self, *, now: float, last: K | None = None) -> Batch[K, T] | None:
        """The batch to run next, or None while nothing is ready.

        `last` is what the asking worker ran before. Engines have to get ready for another shape,
        so more of the same goes first, where that is nearly as fair and passes nobody over often.
        """
        self._note_due(now)
        head = self._ready.first()
        if head is None:
            return None
        head = self._more_of(last, head) or head
        bucket = self._buckets[head.key]
        taken: list[Ticket[K, T]] = []
        for _ in range(bucket.policy.count_of(bucket.count, bucket.item_size)):
            ticket = bucket.line.first()
            assert ticket is not None, "so many wait"
            self._shares.charge(ticket.share, ticket.cost_s, leads=not taken)
            self._drop(bucket, ticket)
            taken.append(ticket)
        self._settle(head.key, bucket)
        return Batch(
            key=head.key,
            items=tuple(ticket.item for ticket in taken),
            waited_s=tuple(now - ticket.added_at for ticket in taken),
        )

    def next_due_at(self) -> float | None:
        """When `take` should be asked next (in the past when it is high time), or None."""
        ready = self._ready.first()
        if ready is not None:
            return ready.added_at
        while self._due and not self._due[0][2].is_waiting:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def _more_of(self, last: K | None, head: Ticket[K, T]) -> Ticket[K, T] | None:
        """The first of the bucket `last`, if it may go before the head."""
        bucket = None if last is None or last == head.key else self._buckets.get(last)
        other = None if bucket is None else bucket.line.first()
        if other is None or not other.is_ready or head.passed_over_count >= _MOST_PASSED_OVER:
            return None
        if other.share is head.share and other.turn != head.turn:  # pages end one by one
            return None
        if self._shares.lead_s(head.share, other.share) > _NEARLY_AS_FAIR_S:
            return None
        head.passed_over_count += 1
        return other

    def _note_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            ticket = heapq.heappop(self._due)[2]
            if ticket.is_waiting and not ticket.is_ready:
                self._make_ready(self._buckets[ticket.key], ticket)

    def _make_ready(self, bucket: _Bucket[K, T], ticket: Ticket[K, T]) -> None:
        ticket.is_ready = True
        bucket.ready_count += 1
        self._ready.add(ticket)

    def _let_full_go(self, bucket: _Bucket[K, T]) -> None:
        """In a full bucket one item at least is ready: it takes the others along."""
        if bucket.ready_count == 0 and bucket.is_full():
            first = bucket.line.first()
            assert first is not None, "so many wait"
            self._make_ready(bucket, first)

    def _drop(self, bucket: _Bucket[K, T], ticket: Ticket[K, T]) -> None:
        ticket.is_waiting = False
        bucket.count -= 1
        bucket.ready_count -= ticket.is_ready
        self._waiting_count -= 1
        self._shares.leave(ticket.share)

    def _settle(self, key: K, bucket: _Bucket[K, T]) -> None:
        if bucket.count == 0:
            del self._buckets[key]
        else:
            self._let_full_go(bucket)
        if self._waiting_count == 0:  # what stands in line are the gone
            self._ready = FairLine()
            self._due.clear()
