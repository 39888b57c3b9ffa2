"""Shared memory that is handed out from its start on, and never given back."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from inkstream_server.workers.free_list import aligned
from inkstream_server.workers.memory import ArrayHandle, SharedMemory, size_bytes


class Room:
    def __init__(self, memory: SharedMemory) -> None:
        self.memory = memory
        self._used_bytes = 0

    def array(self, *shape: int, dtype: str = "uint8") -> ArrayHandle:
        handle = ArrayHandle(0, self._used_bytes, shape, dtype)
        self._used_bytes += aligned(size_bytes(shape, dtype))
        return handle

    def put(self, content: bytes) -> ArrayHandle:
        handle = self.array(len(content))
        self.memory.write(handle, content)
        return handle

    def put_array(self, values: NDArray[Any]) -> ArrayHandle:
        handle = self.array(*values.shape, dtype=str(values.dtype))
        self.memory.view(handle)[...] = values
        return handle
