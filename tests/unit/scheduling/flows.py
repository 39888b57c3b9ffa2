"""Flows and places for tests of scheduling."""

from __future__ import annotations

from inkstream_server.scheduling.place import Flow, Place
from inkstream_server.scheduling.priority import Priority


def flow(
    document: int = 1, *, client: str = "client", priority: Priority = Priority.INTERACTIVE
) -> Flow:
    return Flow(priority, client, document)


def place(
    document: int = 1,
    *,
    client: str = "client",
    priority: Priority = Priority.INTERACTIVE,
    turn: int = 1,
) -> Place:
    return Place(flow(document, client=client, priority=priority), turn)
