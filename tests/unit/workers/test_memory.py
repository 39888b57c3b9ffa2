from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.workers.room import Room

from inkstream_server.workers.memory import ArrayHandle, SharedMemory, size_bytes


@given(
    shape=st.lists(st.integers(0, 9), max_size=4),
    dtype=st.sampled_from(["uint8", "float32", "int64"]),
)
def test_the_size_of_an_array_is_what_numpy_says(shape: list[int], dtype: str) -> None:
    assert size_bytes(shape, dtype) == np.empty(shape, dtype).nbytes
    assert ArrayHandle(0, 0, tuple(shape), dtype).size_bytes == np.empty(shape, dtype).nbytes


def test_the_size_of_a_huge_array_does_not_overflow() -> None:
    assert size_bytes((1 << 20, 1 << 20, 3)) == 3 << 40


def test_what_is_written_is_read(room: Room) -> None:
    content = bytes(range(256)) * 100

    handle = room.put(content)

    assert room.memory.read(handle) == content
    assert room.memory.view(handle)[300] == 300 % 256


def test_a_view_is_the_memory_itself(room: Room) -> None:
    handle = room.array(4, 6, dtype="float32")

    room.memory.view(handle)[2, 3] = 0.5

    assert room.memory.view(handle)[2, 3] == np.float32(0.5)
    assert room.memory.view(handle).shape == (4, 6)
    assert room.memory.view(handle).flags.writeable


def test_arrays_of_one_segment_lie_where_their_handles_say(room: Room) -> None:
    one, other = room.array(2, 3), room.array(2, 3)

    room.memory.view(one)[...] = 1
    room.memory.view(other)[...] = 2

    assert (room.memory.view(one) == 1).all()
    assert (room.memory.view(other) == 2).all()


def test_segments_are_apart() -> None:
    memory = SharedMemory.create([4096, 8192])
    memory.write(ArrayHandle(0, 0, (3,)), b"abc")
    memory.write(ArrayHandle(1, 0, (3,)), b"xyz")

    assert memory.read(ArrayHandle(0, 0, (3,))) == b"abc"
    assert memory.read(ArrayHandle(1, 0, (3,))) == b"xyz"

    for address in memory.addresses:
        os.close(address.descriptor)


def test_another_process_sees_the_same_bytes_by_the_addresses(room: Room) -> None:
    handle = room.put(b"written here")

    elsewhere = SharedMemory(room.memory.addresses)
    assert elsewhere.read(handle) == b"written here"
    elsewhere.view(handle)[:7] = np.frombuffer(b"READING", np.uint8)

    assert room.memory.read(handle) == b"READING here"


def test_a_handle_past_its_segment_is_refused(room: Room) -> None:
    size = room.memory.addresses[0].size_bytes

    with pytest.raises((TypeError, ValueError)):
        room.memory.view(ArrayHandle(0, size - 10, (11,)))


def test_memory_is_taken_only_as_it_is_touched() -> None:
    memory = SharedMemory.create([1 << 40])
    (address,) = memory.addresses

    memory.write(ArrayHandle(0, 1 << 39, (4,)), b"here")

    assert os.fstat(address.descriptor).st_blocks * 512 < 1 << 20
    os.close(address.descriptor)
