"""Decides which waiting items share the next batch. Waiting, measuring and running are not its own.

Pure: time is an argument, and there is no lock, task or model inside, so that the server and a
simulator with a virtual clock run the same class.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from inkstream_server.scheduling.policy import BatchPolicy

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch(Generic[K, T]):
    """Items of one bucket that run together, first in rank first."""

    key: K
    items: tuple[T, ...]
    waited_s: tuple[float, ...]

    @property
    def count(self) -> int:
        return len(self.items)


@dataclass(slots=True, eq=False)
class Ticket(Generic[K, T]):
    """An item's place in the queue; what `remove` takes it out by."""

    key: K
    item: T
    cost: int
    rank: tuple[float, int]
    added_at: float
    due_at: float
    is_waiting: bool = True
    is_due: bool = False

    def __lt__(self, other: Ticket[K, T]) -> bool:
        return self.rank < other.rank


@dataclass(slots=True)
class _Bucket(Generic[K, T]):
    """The waiting items of one key. Removed ones stay in the heap until they surface."""

    policy: BatchPolicy
    heap: list[Ticket[K, T]] = field(default_factory=list)
    count: int = 0
    cost: int = 0
    due_count: int = 0

    def head(self) -> Ticket[K, T] | None:
        while self.heap and not self.heap[0].is_waiting:
            heapq.heappop(self.heap)
        return self.heap[0] if self.heap else None

    def is_full(self) -> bool:
        return self.count >= self.policy.max_count or self.cost >= self.policy.max_cost

    def is_ready(self) -> bool:
        return self.due_count > 0 or (self.count > 0 and self.is_full())

    def pop(self) -> list[Ticket[K, T]]:
        """Take the next batch out: as many as the policy allows, and one at least."""
        taken: list[Ticket[K, T]] = []
        cost = 0
        while (head := self.head()) is not None and len(taken) < self.policy.max_count:
            if taken and cost + head.cost > self.policy.max_cost:
                break
            cost += head.cost
            taken.append(heapq.heappop(self.heap))
        kept_count = self.policy.allowed_count(len(taken))
        for ticket in taken[kept_count:]:
            heapq.heappush(self.heap, ticket)
        for ticket in taken[:kept_count]:
            self.drop(ticket)
        return taken[:kept_count]

    def drop(self, ticket: Ticket[K, T]) -> None:
        ticket.is_waiting = False
        self.count -= 1
        self.cost -= ticket.cost
        self.due_count -= ticket.is_due


class Batcher(Generic[K, T]):
    """Queues items per bucket; only items of one bucket may share a batch.

    Lower ranks go first, both within a bucket and between buckets, where the rank of a bucket is
    that of its first item; equal ranks go in order of arrival. A bucket is ready once one of its
    items has waited `max_wait_s`, or once it is full; with `max_wait_s = 0` whatever waits goes as
    soon as a worker asks. Each call takes time logarithmic in what waits.
    """

    def __init__(self, policy_of: Callable[[K], BatchPolicy]) -> None:
        self._policy_of = policy_of
        self._buckets: dict[K, _Bucket[K, T]] = {}
        self._due: list[tuple[float, int, Ticket[K, T]]] = []
        self._ready: list[Ticket[K, T]] = []
        self._added_count = 0
        self._waiting_count = 0

    def __len__(self) -> int:
        return self._waiting_count

    def add(self, key: K, item: T, *, cost: int, rank: float, now: float) -> Ticket[K, T]:
        """Queue one item of `cost` (such as padded pixels)."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(self._policy_of(key))
        self._added_count += 1
        due_at = now + bucket.policy.max_wait_s
        ticket = Ticket(key, item, cost, (rank, self._added_count), now, due_at)
        heapq.heappush(bucket.heap, ticket)
        bucket.count += 1
        bucket.cost += cost
        self._waiting_count += 1
        heapq.heappush(self._due, (due_at, self._added_count, ticket))
        self._mark_ready(bucket)
        return ticket

    def remove(self, ticket: Ticket[K, T]) -> bool:
        """Take a waiting item out; False where it has left already."""
        if not ticket.is_waiting:
            return False
        bucket = self._buckets[ticket.key]
        bucket.drop(ticket)
        self._waiting_count -= 1
        self._mark_ready(bucket)
        self._forget_if_empty(ticket.key, bucket)
        return True

    def take(self, *, now: float) -> Batch[K, T] | None:
        """The batch to run next, or None while nothing is due."""
        self._note_due(now)
        while self._ready:
            ticket = self._ready[0]
            bucket = self._buckets.get(ticket.key)
            if not ticket.is_waiting or bucket is None or not bucket.is_ready():
                heapq.heappop(self._ready)
                continue
            # Whatever makes a bucket ready, or changes the head of a ready one, puts the head in.
            assert bucket.head() is ticket, "a bucket's head is the first of it to surface"
            heapq.heappop(self._ready)
            return self._fill(ticket.key, bucket, now)
        return None

    def next_due_at(self) -> float | None:
        """When `take` should be asked next (in the past when it is high time), or None."""
        while self._due and not self._due[0][2].is_waiting:
            heapq.heappop(self._due)
        while self._ready and not self._ready[0].is_waiting:
            heapq.heappop(self._ready)
        ready = [ticket.added_at for ticket in self._ready[:1]]
        due = [self._due[0][0]] if self._due else []
        return min(ready + due, default=None)

    def _note_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            ticket = heapq.heappop(self._due)[2]
            if ticket.is_waiting:
                bucket = self._buckets[ticket.key]
                ticket.is_due = True
                bucket.due_count += 1
                self._mark_ready(bucket)

    def _mark_ready(self, bucket: _Bucket[K, T]) -> None:
        head = bucket.head()
        if head is not None and bucket.is_ready():
            heapq.heappush(self._ready, head)

    def _fill(self, key: K, bucket: _Bucket[K, T], now: float) -> Batch[K, T]:
        taken = bucket.pop()
        self._waiting_count -= len(taken)
        self._mark_ready(bucket)
        self._forget_if_empty(key, bucket)
        return Batch(
            key=key,
            items=tuple(ticket.item for ticket in taken),
            waited_s=tuple(now - ticket.added_at for ticket in taken),
        )

    def _forget_if_empty(self, key: K, bucket: _Bucket[K, T]) -> None:
        if bucket.count == 0:
            del self._buckets[key]
