"""Knows what work is still to be done, and whose; predicts when more of it would be done.

Work is measured in seconds that one worker takes for it by the cost table. It does not decide
whether that is soon enough.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from inkstream_server.scheduling.place import Flow
from inkstream_server.scheduling.priority import Priority
from inkstream_server.scheduling.shares import DEFAULT_BATCH_SHARE

_OTHER: Final = {
    Priority.INTERACTIVE: Priority.BATCH,
    Priority.BATCH: Priority.INTERACTIVE,
}


class Backlog:
    """The work of every document inside, as far as it is not done."""

    def __init__(self, batch_share: float = DEFAULT_BATCH_SHARE) -> None:
        self._kept_share = {
            Priority.INTERACTIVE: 1.0 - batch_share,
            Priority.BATCH: batch_share,
        }
        self._work_s: dict[Priority, dict[str, dict[int, float]]] = {
            priority: defaultdict(dict) for priority in Priority
        }
        self._total_s = dict.fromkeys(Priority, 0.0)

    @property
    def total_s(self) -> float:
        return sum(self._total_s.values())

    def set(self, flow: Flow, work_s: float) -> None:
        """Note what a document still takes."""
        documents = self._work_s[flow.priority][flow.client]
        self._total_s[flow.priority] += work_s - documents.get(flow.document, 0.0)
        documents[flow.document] = work_s

    def drop(self, flow: Flow) -> None:
        """Forget a document that was set: it is done, or given up."""
        clients = self._work_s[flow.priority]
        self._total_s[flow.priority] -= clients[flow.client].pop(flow.document)
        if not clients[flow.client]:
            del clients[flow.client]
        if not clients:
            self._total_s[flow.priority] = 0.0  # sums of floats leave crumbs

    def until_done_s(self, flow: Flow, work_s: float) -> float:
        """What one worker would do before `work_s` of a new document is done, that included.

        Shares are equal: until then another document of the client is served no more than this
        one, another client no more than this one, and the other priority takes its part of it.
        """
        clients = self._work_s[flow.priority]
        own = clients.get(flow.client, {})
        others = sum(min(left, work_s) for key, left in own.items() if key != flow.document)
        client_s = work_s + others
        ahead_s = sum(
            min(sum(documents.values()), client_s)
            for client, documents in clients.items()
            if client != flow.client
        )
        priority_s = client_s + ahead_s
        other_s = self._total_s[_OTHER[flow.priority]]
        return min(priority_s + other_s, priority_s / self._kept_share[flow.priority])
