from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.unit.pipeline.test_upload import nobodys_seat, space

from inkstream_server.errors import ContentTooLarge, QueueFull
from inkstream_server.front.incoming import SMALL_BYTES, IncomingFile
from inkstream_server.pipeline.upload import Upload, UploadSpace
from inkstream_server.scheduling.budget import Budget


def never() -> Upload:
    raise AssertionError("a small file is no upload")


def opening(room: UploadSpace) -> Upload:
    return Upload(room, nobodys_seat(), ExitStack())


def ample() -> Budget:
    return Budget(2 * SMALL_BYTES)


def run(scenario: Coroutine[object, object, None]) -> None:
    asyncio.run(scenario)


def test_a_small_file_is_bytes_and_enters_nothing() -> None:
    async def scenario() -> None:
        with IncomingFile(never, limit_bytes=100, memory=ample()) as file:
            await file.append(b"one")
            await file.append(b"two")

            assert file.take() == b"onetwo"
            assert file.take() == b""  # nothing is held twice

    run(scenario())


def test_a_large_file_is_an_upload_from_its_first_megabyte_on(tmp_path: Path) -> None:
    async def scenario() -> None:
        room = space(tmp_path)
        part = b"x" * (SMALL_BYTES // 2)
        with IncomingFile(
            lambda: opening(room), limit_bytes=10 * SMALL_BYTES, memory=ample()
        ) as file:
            for _ in range(4):
                await file.append(part)

            upload = file.take()
            assert isinstance(upload, Upload)
            assert b"".join(upload.parts) == 4 * part
            assert room.memory.taken == 2 * SMALL_BYTES
        assert room.memory.taken == 0

    run(scenario())


def test_a_file_that_is_refused_holds_nothing(tmp_path: Path) -> None:
    def refuse() -> Upload:
        raise QueueFull("too many")

    memory = ample()

    async def scenario() -> None:
        with IncomingFile(refuse, 10 * SMALL_BYTES, memory) as file, pytest.raises(QueueFull):
            await file.append(b"x" * (SMALL_BYTES + 1))

    run(scenario())
    assert memory.taken == 0


def test_a_file_that_grows_too_large_is_refused() -> None:
    async def scenario() -> None:
        with IncomingFile(never, limit_bytes=5, memory=ample()) as file:
            await file.append(b"five!")
            with pytest.raises(ContentTooLarge, match="more than 5 bytes"):
                await file.append(b"!")

    run(scenario())


def test_all_that_are_on_their_way_share_one_memory() -> None:
    memory = Budget(10)

    async def scenario() -> None:
        with IncomingFile(never, 100, memory) as first, IncomingFile(never, 100, memory) as second:
            await first.append(b"seven..")
            with pytest.raises(QueueFull, match="no room"):
                await second.append(b"four")
            assert first.take() == b"seven.."
            await second.append(b"four")
            assert memory.taken == 4

    run(scenario())
    assert memory.taken == 0
