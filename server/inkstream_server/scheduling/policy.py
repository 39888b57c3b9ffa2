"""The limits that batches keep. What measures good values for them is not here."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, Field

NO_BOUND: Final = 1 << 62
"""More than any batch has."""


class BatchPolicy(BaseModel, frozen=True, extra="forbid"):
    """How large a batch may grow, and how long an item may be made to wait for company."""

    max_count: int = Field(default=8, ge=1, le=4096)
    # Only 1, 2, 4, 8 … items: for engines to which every size of a batch is another shape.
    powers_of_two: bool = False
    # Padded pixels (or whatever unit the items' sizes are in). One item may exceed it alone.
    max_pixels: int = Field(default=NO_BOUND, ge=1)
    # 0: an idle worker takes what is there at once.
    max_wait_s: float = Field(default=0.0, ge=0.0, le=10.0)

    def largest_count(self, item_size: int) -> int:
        """The most items of this size that may share a batch, and one at least."""
        most = self.max_count if item_size == 0 else self.max_pixels // item_size
        return self._allowed(max(1, min(self.max_count, most)))

    def count_of(self, waiting_count: int, item_size: int) -> int:
        """How many of so many waiting items, at least one, go together next."""
        return self._allowed(min(waiting_count, self.largest_count(item_size)))

    def _allowed(self, count: int) -> int:
        return 1 << (count.bit_length() - 1) if self.powers_of_two else count


ONE_BY_ONE: Final = BatchPolicy(max_count=1)
"""No two items ever share a batch."""


class BatchWishes(BaseModel, frozen=True, extra="forbid"):
    """What the configuration says of a policy. None: as it was measured."""

    # Items of a batch.
    max_count: int | None = Field(default=None, ge=1, le=4096)
    # Whether only batches of 1, 2, 4, 8 … are made.
    powers_of_two: bool | None = None
    # Padded pixels of a batch; one item may exceed it alone.
    max_pixels: int | None = Field(default=None, ge=1)
    # How long an item may be made to wait for company.
    max_wait_s: float | None = Field(default=None, ge=0.0, le=10.0)

    def over(self, policy: BatchPolicy) -> BatchPolicy:
        """The policy with what is wished in place of its own values."""
        return policy.model_copy(update=self.model_dump(exclude_none=True))
