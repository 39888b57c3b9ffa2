"""Knows what work is still to be done, and whose; predicts when more of it would be done.

Work is measured in seconds that one worker takes for it by the cost table. It does not decide
whether that is soon enough.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from inkstream_server.scheduling.place import Flow
from inkstream_server.scheduling.priority import Priority
from inkstream_server.scheduling.shares import DEFAULT_BATCH_SHARE

_OTHER: Final = {
    Priority.INTERACTIVE: Priority.BATCH,
    Priority.BATCH: Priority.INTERACTIVE,
}


@dataclass(frozen=True, slots=True)
class Work:
    """What a document still takes, in all and for one of its pages: a page is served in one go."""

    total_s: float
    page_s: float

    @classmethod
    def of_one_page(cls, seconds: float) -> Self:
        return cls(seconds, seconds)

    def without(self, seconds: float) -> Work:
        """When that much of it is done."""
        left_s = max(0.0, self.total_s - seconds)
        return Work(left_s, min(self.page_s, left_s))

    def served_meanwhile_s(self, seconds: float) -> float:
        """What of it is served until another one was served that much before its last page.

        Whose turn it is follows from where pages start: the one that started by then is finished.
        """
        return min(self.total_s, seconds + self.page_s)


class Backlog:
    """The work of every document inside, as far as it is not done."""

    def __init__(self, batch_share: float = DEFAULT_BATCH_SHARE) -> None:
        self._kept_share = {
            Priority.INTERACTIVE: 1.0 - batch_share,
            Priority.BATCH: batch_share,
        }
        self._work: dict[Priority, dict[str, dict[int, Work]]] = {
            priority: defaultdict(dict) for priority in Priority
        }
        self._total_s = dict.fromkeys(Priority, 0.0)

    @property
    def total_s(self) -> float:
        return sum(self._total_s.values())

    def set(self, flow: Flow, work: Work) -> None:
        """Note what a document still takes."""
        documents = self._work[flow.priority][flow.client]
        before = documents.get(flow.document)
        self._total_s[flow.priority] += work.total_s - (before.total_s if before else 0.0)
        documents[flow.document] = work

    def drop(self, flow: Flow) -> None:
        """Forget a document that was set: it is done, or given up."""
        clients = self._work[flow.priority]
        self._total_s[flow.priority] -= clients[flow.client].pop(flow.document).total_s
        if not clients[flow.client]:
            del clients[flow.client]
        if not clients:
            self._total_s[flow.priority] = 0.0  # sums of floats leave crumbs

    def until_done_s(self, flow: Flow, work: Work) -> float:
        """What one worker would do before a document is done that takes `work`, that included.

        Shares are equal: until its last page begins another document of the client is served no
        more than this one, and another client no more than this one; the other priority takes its
        part of it all.
        """
        clients = self._work[flow.priority]
        before_s = work.total_s - work.page_s
        own = clients.get(flow.client, {})
        client_s = work.total_s + sum(
            other.served_meanwhile_s(before_s)
            for document, other in own.items()
            if document != flow.document
        )
        ahead_s = sum(
            _together(documents).served_meanwhile_s(client_s - work.page_s)
            for client, documents in clients.items()
            if client != flow.client
        )
        priority_s = client_s + ahead_s
        other_s = self._total_s[_OTHER[flow.priority]]
        return min(priority_s + other_s, priority_s / self._kept_share[flow.priority])


def _together(documents: Mapping[int, Work]) -> Work:
    """A client's documents as one."""
    return Work(
        sum(each.total_s for each in documents.values()),
        max(each.page_s for each in documents.values()),
    )
