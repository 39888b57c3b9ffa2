from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.unit.workers.room import Room

from inkstream_server.workers.memory import SharedMemory


@pytest.fixture
def room() -> Iterator[Room]:
    """Shared memory with room for a few pages."""
    memory = SharedMemory.create([64 << 20])
    yield Room(memory)
    for address in memory.addresses:
        os.close(address.descriptor)
