"""The limits that batches keep. What measures good values for them is not here."""

from __future__ import annotations

from pydantic import BaseModel, Field


class BatchPolicy(BaseModel, frozen=True, extra="forbid"):
    """How large a batch may grow, and how long an item may be made to wait for company."""

    max_count: int = Field(default=8, ge=1, le=4096)
    # Only 1, 2, 4, 8 … items: for engines to which every size of a batch is another shape.
    powers_of_two: bool = False
    # Padded pixels (or whatever unit the items' sizes are in). One item may exceed it alone.
    max_cost: int = Field(default=1 << 62, ge=1)
    # 0: an idle worker takes what is there at once.
    max_wait_s: float = Field(default=0.0, ge=0.0, le=10.0)

    def count_limit(self, item_size: int) -> int:
        """The most items of this size that may share a batch, and one at least."""
        most = self.max_count if item_size == 0 else self.max_cost // item_size
        return self._allowed(max(1, min(self.max_count, most)))

    def count_of(self, waiting_count: int, item_size: int) -> int:
        """How many of so many waiting items, at least one, go together next."""
        return self._allowed(min(waiting_count, self.count_limit(item_size)))

    def _allowed(self, count: int) -> int:
        return 1 << (count.bit_length() - 1) if self.powers_of_two else count
