"""Accounts for who was served how much, and grants everybody an equal share of the next service.

Start-time fair queueing (Goyal, Vin and Cheng, 1996), in a tree of three levels: priorities, the
clients of a priority, the documents of a client. Who may be served now is not known here.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable
from typing import Final

from inkstream_server.scheduling.place import Flow
from inkstream_server.scheduling.priority import Priority

DEFAULT_BATCH_SHARE: Final = 0.1


class Share:
    """One contender. Among siblings who wait, the one that starts earliest is served next.

    `start` is the virtual time at which its next service begins. It only ever grows: by each
    service's cost over its weight, and to its siblings' time when it comes back from idleness, so
    that nobody saves up service. `order` tells equals apart: who has waited longest goes first.
    """

    __slots__ = (
        "children", "idle", "key", "now", "order", "parent", "start", "waiting_count", "weight",
    )  # fmt: skip

    def __init__(self, parent: Share | None, key: Hashable, weight: float) -> None:
        self.parent = parent
        self.key = key
        self.weight = weight
        self.start = 0.0
        self.order = 0
        self.waiting_count = 0
        self.forget_children()

    def forget_children(self) -> None:
        # The virtual time among its children, and the children themselves.
        self.now = 0.0
        self.children: dict[Hashable, Share] = {}
        # Children that wait for nothing, by when their debts will be paid.
        self.idle: list[tuple[float, int, Share]] = []


class Shares:
    """The accounts of one queue."""

    def __init__(self, batch_share: float = DEFAULT_BATCH_SHARE) -> None:
        """`batch_share` is what batch work keeps while interactive work waits, in 0..1."""
        self._weights = {
            Priority.INTERACTIVE: 1.0 - batch_share,
            Priority.BATCH: batch_share,
        }
        self._woken_count = 0
        self._root = self._new_root()

    def enter(self, flow: Flow) -> Share:
        """Note that one more item of the flow waits; its document's share."""
        share = self._root
        share.waiting_count += 1
        for key in (flow.priority, flow.client, flow.document):
            child = share.children.get(key)
            if child is None:
                child = share.children[key] = Share(share, key, 1.0)
            if child.waiting_count == 0:
                self._wake(child, share)
            child.waiting_count += 1
            share = child
        return share

    def leave(self, document: Share) -> None:
        """Note that an item waits no more, after its service was charged if it had any."""
        child = document
        while child.parent is not None:
            child.waiting_count -= 1
            if child.waiting_count == 0:  # among those who wait for nothing nobody owes anything
                child.forget_children()
                if child.parent is not self._root:
                    heapq.heappush(child.parent.idle, (child.start, child.order, child))
            child = child.parent
        child.waiting_count -= 1
        if child.waiting_count == 0:
            self._root = self._new_root()

    def charge(self, document: Share, cost: float, *, leads: bool) -> None:
        """Account for one item's service.

        `leads` for the item that was due next; others that are served along with it pay too, and
        do not move the time that newcomers start from.
        """
        child = document
        while child.parent is not None:
            parent = child.parent
            if leads:
                parent.now = max(parent.now, child.start)
                _forget_who_owes_nothing(parent)
            child.start += cost / child.weight
            child = parent

    def lead_s(self, first: Share, other: Share) -> float:
        """How much more than `first` another document would have had, were it served before it.

        Counted where the two compete: between priorities there is no such comparison.
        """
        mine, others = _path(first), _path(other)
        for level, (one, two) in enumerate(zip(mine, others, strict=True)):
            if one is not two:
                return math.inf if level == 0 else two.start - one.start
        return 0.0

    def _new_root(self) -> Share:
        root = Share(None, None, 1.0)
        for order, (priority, weight) in enumerate(self._weights.items()):
            share = root.children[priority] = Share(root, priority, weight)
            share.order = order
        return root

    def _wake(self, child: Share, parent: Share) -> None:
        if parent is not self._root:  # priorities are always in the same order
            self._woken_count += 1
            child.order = self._woken_count
        child.start = max(child.start, parent.now)


def _path(document: Share) -> tuple[Share, Share, Share]:
    client = document.parent
    assert client is not None, "a document has a client"
    assert client.parent is not None, "a client has a priority"
    return client.parent, client, document


def _forget_who_owes_nothing(parent: Share) -> None:
    while parent.idle and parent.idle[0][0] <= parent.now:
        _, order, child = heapq.heappop(parent.idle)
        if child.waiting_count == 0 and child.order == order:  # it has not woken since
            del parent.children[child.key]
