from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.unit.scheduling.flows import flow

from inkstream_server.pipeline.upload import Upload, UploadConfig, UploadSpace
from inkstream_server.scheduling.admission import Admission, Seat
from inkstream_server.scheduling.backlog import Backlog, Work
from inkstream_server.scheduling.learning import DrainRate
from inkstream_server.workers.spool import SpoolFull


def run_scenario(scenario: Coroutine[object, object, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(10.0):
            await scenario

    asyncio.run(limited())


def space(tmp_path: Path, **settings: int) -> UploadSpace:
    return UploadSpace(UploadConfig.model_validate({"dir": tmp_path, **settings}))


def nobodys_seat() -> Seat:
    return Seat(flow(), Admission(1, Backlog(), DrainRate(1.0)), Work.of_one_page(1.0))


def on_disk(upload: Upload) -> bytes:
    assert upload.file is not None
    return Path(upload.file.handle.path).read_bytes()


def test_a_small_document_stays_in_memory(tmp_path: Path) -> None:
    async def scenario() -> None:
        room = space(tmp_path, max_in_memory_bytes=8)
        upload = Upload(room, nobodys_seat(), ExitStack())

        await upload.append(b"four")
        await upload.append(b"more")

        assert upload.file is None
        assert upload.parts == (b"four", b"more")
        assert (room.memory.taken, room.disk.taken) == (8, 0)
        upload.close()

    run_scenario(scenario())


def test_a_document_that_grows_large_moves_to_disk(tmp_path: Path) -> None:
    async def scenario() -> None:
        room = space(tmp_path, max_in_memory_bytes=8)
        upload = Upload(room, nobodys_seat(), ExitStack())

        for part in (b"four", b"more", b"and", b"more"):
            await upload.append(part)

        assert on_disk(upload) == b"fourmoreandmore"
        assert upload.size_bytes == 15
        assert (room.memory.taken, room.disk.taken) == (0, 15)
        upload.close()

    run_scenario(scenario())


def test_a_document_that_finds_no_memory_goes_to_disk(tmp_path: Path) -> None:
    async def scenario() -> None:
        room = space(tmp_path, memory_bytes=6)
        first, second = (
            Upload(room, nobodys_seat(), ExitStack()),
            Upload(room, nobodys_seat(), ExitStack()),
        )

        await first.append(b"four")
        await second.append(b"four")

        assert first.file is None
        assert on_disk(second) == b"four"
        for upload in (first, second):
            upload.close()

    run_scenario(scenario())


def test_a_document_that_finds_no_room_anywhere_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        room = space(tmp_path, max_in_memory_bytes=2, disk_bytes=6)
        upload = Upload(room, nobodys_seat(), ExitStack())
        await upload.append(b"four")

        with pytest.raises(SpoolFull):
            await upload.append(b"more")

        upload.close()
        assert room.disk.taken == 0

    run_scenario(scenario())


@pytest.mark.parametrize("max_in_memory_bytes", [2, 100])
def test_closing_gives_everything_back(tmp_path: Path, max_in_memory_bytes: int) -> None:
    async def scenario() -> None:
        left: list[str] = []
        inside = ExitStack()
        inside.callback(left.append, "left")
        room = space(tmp_path, max_in_memory_bytes=max_in_memory_bytes)
        upload = Upload(room, nobodys_seat(), inside)
        await upload.append(b"some content")

        upload.close()
        upload.close()

        assert (room.memory.taken, room.disk.taken) == (0, 0)
        assert left == ["left"]

    run_scenario(scenario())
