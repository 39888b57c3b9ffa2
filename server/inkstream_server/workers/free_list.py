"""Decides where in a fixed range of bytes a block lies. Pure: it touches no memory."""

from __future__ import annotations

from bisect import insort
from typing import Final

# A page of memory: blocks never share one, so a worker that writes never slows its neighbour.
ALIGNMENT_BYTES: Final = 4096


def aligned(size_bytes: int, to_bytes: int = ALIGNMENT_BYTES) -> int:
    """What `size_bytes` take up where everything begins at a multiple of `to_bytes`."""
    return max(1, -(-size_bytes // to_bytes)) * to_bytes


class FreeList:
    """First fit, lowest offset first: memory that was touched once is what is touched again."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes // ALIGNMENT_BYTES * ALIGNMENT_BYTES
        self._holes: list[tuple[int, int]] = [(0, self.size_bytes)] if self.size_bytes else []
        self._taken: dict[int, int] = {}

    @property
    def taken_bytes(self) -> int:
        return sum(self._taken.values())

    def allocate(self, size_bytes: int) -> int | None:
        """The offset of a new block, or None where no hole is large enough."""
        wanted = aligned(size_bytes)
        for position, (offset, size) in enumerate(self._holes):
            if size >= wanted:
                rest = [(offset + wanted, size - wanted)] if size > wanted else []
                self._holes[position : position + 1] = rest
                self._taken[offset] = wanted
                return offset
        return None

    def free(self, offset: int) -> None:
        """Give a block back; its neighbouring holes become one."""
        insort(self._holes, (offset, self._taken.pop(offset)))
        merged: list[tuple[int, int]] = []
        for start, size in self._holes:
            if merged and merged[-1][0] + merged[-1][1] == start:
                merged[-1] = (merged[-1][0], merged[-1][1] + size)
            else:
                merged.append((start, size))
        self._holes = merged
