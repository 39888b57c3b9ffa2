"""Owns the blocks of one shared segment: who has which, and who waits for one."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from inkstream_server.workers.free_list import FreeList, aligned
from inkstream_server.workers.memory import ArrayHandle, size_bytes


class Lease:
    """A block of an arena. It is given back when its last holder releases it.

    A worker that still writes into a block holds it too: a caller who goes away must not free
    memory that is about to be written.
    """

    def __init__(self, arena: Arena, offset: int, size: int) -> None:
        self._arena = arena
        self._offset = offset
        self._size = size
        self._holder_count = 1

    def array(self, shape: Sequence[int], dtype: str = "uint8", *, skip: int = 0) -> ArrayHandle:
        """A handle of an array `skip` bytes into the block."""
        assert skip + size_bytes(shape, dtype) <= self._size, "the array passes its block's end"
        return ArrayHandle(self._arena.segment, self._offset + skip, tuple(shape), dtype)

    def hold(self) -> Self:
        assert self._holder_count > 0, "the block is free already"
        self._holder_count += 1
        return self

    def release(self) -> None:
        assert self._holder_count > 0, "the block is free already"
        self._holder_count -= 1
        if self._holder_count == 0:
            self._arena.give_back(self._offset)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class Arena:
    """A segment of fixed size. Who asks for more than is free waits, lower ranks going first.

    Nobody is overtaken by a smaller block of a higher rank: the first in line is served first, so
    that large pages are not starved by small ones.
    """

    def __init__(self, segment: int, size: int) -> None:
        self.segment = segment
        self._free_list = FreeList(size)
        self._waiting: list[tuple[float, int, int, asyncio.Future[int]]] = []
        self._asked_count = 0

    @property
    def size_bytes(self) -> int:
        return self._free_list.size_bytes

    @property
    def taken_bytes(self) -> int:
        return self._free_list.taken_bytes

    def fits(self, size: int) -> bool:
        """Whether a block of that size could ever be had."""
        return aligned(size) <= self._free_list.size_bytes

    async def lease(self, size: int, *, rank: float = 0.0) -> Lease:
        """A block of at least `size` bytes, which `fits`; waits until there is one."""
        assert self.fits(size), "no such block will ever be free"
        granted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._asked_count += 1
        heapq.heappush(self._waiting, (rank, self._asked_count, size, granted))
        self._serve_waiting()
        try:
            return Lease(self, await granted, size)
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.give_back(granted.result())
            else:
                granted.cancel()
                self._serve_waiting()
            raise

    def lease_now(self, size: int) -> Lease | None:
        """A block of at least `size` bytes if there is one just now; nobody may be waiting."""
        assert not self._waiting, "who waits would be overtaken"
        offset = self._free_list.allocate(size)
        return None if offset is None else Lease(self, offset, size)

    def give_back(self, offset: int) -> None:
        self._free_list.free(offset)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self._waiting:
            _, _, size, granted = self._waiting[0]
            if not granted.done():
                offset = self._free_list.allocate(size)
                if offset is None:
                    return
                granted.set_result(offset)
            heapq.heappop(self._waiting)
