"""Shared memory as every process sees it: segments of bytes, and arrays laid over them.

Segments are anonymous files (memfd), handed to the workers as descriptors: they need no room in
/dev/shm, which containers keep small, and nothing is left behind however the processes end.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ArrayHandle:
    """Where an array lies. This is what messages carry in place of pixels."""

    segment: int
    offset: int
    shape: tuple[int, ...]
    dtype: str = "uint8"

    @property
    def size_bytes(self) -> int:
        return size_bytes(self.shape, self.dtype)


def size_bytes(shape: Sequence[int], dtype: str = "uint8") -> int:
    """Bytes of an array of that shape."""
    return int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize


@dataclass(frozen=True, slots=True)
class SegmentAddress:
    """How a worker finds a segment: a descriptor that it inherits."""

    descriptor: int
    size_bytes: int


class SharedMemory:
    """All segments, mapped into this process."""

    def __init__(self, addresses: Sequence[SegmentAddress]) -> None:
        self.addresses = tuple(addresses)
        self._maps = [mmap.mmap(each.descriptor, each.size_bytes) for each in addresses]

    @classmethod
    def create(cls, sizes_bytes: Sequence[int]) -> Self:
        """New, empty segments; memory is taken only as it is touched."""
        addresses = []
        for number, size in enumerate(sizes_bytes):
            descriptor = os.memfd_create(f"inkstream-{number}", os.MFD_CLOEXEC)
            os.truncate(descriptor, size)
            addresses.append(SegmentAddress(descriptor, size))
        return cls(addresses)

    def view(self, handle: ArrayHandle) -> NDArray[Any]:
        """The array itself, writable, without a copy."""
        return np.ndarray(
            handle.shape,
            dtype=np.dtype(handle.dtype),
            buffer=self._maps[handle.segment],
            offset=handle.offset,
        )

    def write(self, handle: ArrayHandle, content: bytes) -> None:
        """Put bytes there. Other threads run meanwhile."""
        written = 0
        descriptor = self.addresses[handle.segment].descriptor
        while written < len(content):
            rest = memoryview(content)[written:]
            written += os.pwrite(descriptor, rest, handle.offset + written)

    def read(self, handle: ArrayHandle) -> bytes:
        """A copy of the bytes there."""
        return self.view(handle).tobytes()
