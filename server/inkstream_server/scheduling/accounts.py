"""Counts what each client has in flight, and refuses what would be more than it may have.

Who a client is, and what it may have, is decided elsewhere. It never makes anyone wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from inkstream_server.errors import (
    ByteQuotaFull,
    ContentTooLarge,
    OcrError,
    PageQuotaFull,
    RequestQuotaFull,
    TooManyPages,
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one client may have in flight at once. None: as much as the server takes."""

    max_requests: int | None = None
    max_pages: int | None = None
    max_bytes: int | None = None


UNBOUNDED: Final = Allowance()


class Accounts:
    """All clients' accounts. A client that has nothing in flight takes no memory."""

    def __init__(self, allowance_of: Callable[[str], Allowance] = lambda client: UNBOUNDED) -> None:
        """`allowance_of` is asked at every turn: what it says may change."""
        self.requests = Tally(
            "requests",
            lambda client: allowance_of(client).max_requests,
            full=RequestQuotaFull,
            never=RequestQuotaFull,
        )
        self.pages = Tally(
            "pages",
            lambda client: allowance_of(client).max_pages,
            full=PageQuotaFull,
            never=TooManyPages,
        )
        self.bytes = Tally(
            "bytes",
            lambda client: allowance_of(client).max_bytes,
            full=ByteQuotaFull,
            never=ContentTooLarge,
        )


class Tally:
    """One quantity, by client."""

    def __init__(
        self,
        unit: str,
        limit_of: Callable[[str], int | None],
        *,
        full: type[OcrError],
        never: type[OcrError],
    ) -> None:
        """`full` is raised where waiting may help, `never` where one document alone is too much."""
        self._unit = unit
        self._limit_of = limit_of
        self._full = full
        self._never = never
        self._taken: dict[str, int] = {}

    def taken_by(self, client: str) -> int:
        return self._taken.get(client, 0)

    def take(self, client: str, amount: int, *, own: int = 0) -> None:
        """Count as much more. `own` of what is taken already is the same document's.

        Raises the tally's errors, and then has taken nothing.
        """
        limit, taken = self._limit_of(client), self.taken_by(client)
        if limit is not None and taken + amount > limit:
            alone = own + amount
            if alone > limit:
                raise self._never(
                    f"it has {alone} {self._unit} or more; this client may have {limit} in flight",
                    **{f"max_{self._unit}": limit},
                )
            raise self._full(
                f"this client has {taken} {self._unit} in flight and may have {limit}; "
                f"{amount} more are too many now",
                **{f"{self._unit}_in_flight": taken, f"max_{self._unit}": limit},
            )
        if amount:
            self._taken[client] = taken + amount

    def give_back(self, client: str, amount: int) -> None:
        left = self.taken_by(client) - amount
        assert left >= 0, "nobody gives back what was not taken"
        if left:
            self._taken[client] = left
        else:
            self._taken.pop(client, None)
