"""Whose an item is, and its turn there: what its place among all that wait follows from."""

from __future__ import annotations

from dataclasses import dataclass

from inkstream_server.scheduling.priority import Priority


@dataclass(frozen=True, slots=True)
class Flow:
    """The work of one document. `client` is who sent it; `document` is unique in the server."""

    priority: Priority
    client: str
    document: int


@dataclass(frozen=True, slots=True)
class Place:
    """An item's flow, and the number of its page: within a document earlier pages go first."""

    flow: Flow
    turn: int = 1
