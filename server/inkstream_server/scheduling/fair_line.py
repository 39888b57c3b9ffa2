"""A line of waiting items, served by the shares of whose they are. It keeps no account itself."""

from __future__ import annotations

import heapq
from typing import Generic, Protocol, TypeVar

from inkstream_server.scheduling.shares import Share


class Waiting(Protocol):
    """What stands in a line. Items of one document are ordered among themselves."""

    @property
    def share(self) -> Share: ...

    @property
    def is_waiting(self) -> bool: ...

    def __lt__(self, other: object, /) -> bool: ...


W = TypeVar("W", bound=Waiting)


class _Standing(Generic[W]):
    """One share's part of a line: its children's parts, or, of a document, its items.

    Shares start later and later while they stand here, and items cease to wait. Both are noticed
    when they come to the front; till then they are left alone, since an old key is too small only.
    """

    __slots__ = ("children", "heap", "items", "share")

    def __init__(self, share: Share | None) -> None:
        self.share = share
        self.children: dict[Share, _Standing[W]] = {}
        self.heap: list[tuple[float, int, _Standing[W]]] = []
        self.items: list[W] = []

    def child(self, share: Share) -> _Standing[W]:
        found = self.children.get(share)
        if found is None:
            found = self.children[share] = _Standing(share)
            heapq.heappush(self.heap, (share.start, share.order, found))
        return found

    def first(self) -> W | None:
        while self.items and not self.items[0].is_waiting:
            heapq.heappop(self.items)
        if self.items:
            return self.items[0]
        while self.heap:
            start, order, child = self.heap[0]
            assert child.share is not None, "only the line itself has none"
            if (start, order) != (child.share.start, child.share.order):
                heapq.heapreplace(self.heap, (child.share.start, child.share.order, child))
                continue
            found = child.first()
            if found is not None:
                return found
            heapq.heappop(self.heap)
            del self.children[child.share]
        return None


class FairLine(Generic[W]):
    """Items in the order that their shares give. One that waits no more is passed over."""

    def __init__(self) -> None:
        self._line: _Standing[W] = _Standing(None)

    def add(self, item: W) -> None:
        """Let an item stand in line, in time logarithmic in what stands there."""
        document = item.share
        client = document.parent
        assert client is not None, "an item's share is a document's"
        priority = client.parent
        assert priority is not None, "an item's share is a document's"
        place = self._line.child(priority).child(client).child(document)
        heapq.heappush(place.items, item)

    def first(self) -> W | None:
        """The item that is served next; it stays until it waits no more."""
        return self._line.first()
