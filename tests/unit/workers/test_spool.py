from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Coroutine
from pathlib import Path

import pytest
from tests.reading_room import until

from inkstream_server.errors import InternalError
from inkstream_server.workers.spool import (
    FileHandle,
    SpoolFile,
    SpoolFull,
    SpoolUnusable,
    check_spool,
)


def run_scenario(scenario: Coroutine[object, object, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(10.0):
            await scenario

    asyncio.run(limited())


def open_files(folder: Path) -> list[Path]:
    """Files of a folder that this process has open, also those without a name."""
    seen = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            seen.append(descriptor.readlink())
    return [path for path in seen if path.parent == folder]


def content_of(handle: FileHandle) -> bytes:
    return Path(handle.path).read_bytes()


def has_no_name(folder: Path) -> bool:
    return not list(folder.iterdir()) and len(open_files(folder)) == 1


def test_what_is_appended_can_be_read_by_its_handle(tmp_path: Path) -> None:
    async def scenario() -> None:
        with SpoolFile(tmp_path) as file:
            await file.append([b"one ", b"two "])
            await file.append([b"three"])

            assert file.handle.size_bytes == 13
            assert content_of(file.handle) == b"one two three"
            assert has_no_name(tmp_path)

    run_scenario(scenario())


def test_the_file_is_gone_when_the_last_holder_has_left(tmp_path: Path) -> None:
    async def scenario() -> None:
        file = SpoolFile(tmp_path)
        await file.append([b"content"])
        handle = file.handle
        with file.hold():
            file.release()
            assert content_of(handle) == b"content"

        await until(lambda: not open_files(tmp_path))

    run_scenario(scenario())


def test_a_writer_who_goes_away_leaves_the_file_to_the_thread(tmp_path: Path) -> None:
    async def scenario() -> None:
        file = SpoolFile(tmp_path)
        writing = asyncio.create_task(file.append([bytes(1 << 20)] * 32))
        await asyncio.sleep(0)

        writing.cancel()
        file.release()

        with pytest.raises(asyncio.CancelledError):
            await writing
        await until(lambda: bool(open_files(tmp_path)))
        await until(lambda: not open_files(tmp_path))

    run_scenario(scenario())


def test_a_full_disk_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    full_disk = open("/dev/full", "r+b", buffering=0)  # noqa: SIM115, PTH123 - the file closes it
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full_disk)

    async def scenario() -> None:
        with SpoolFile(None) as file:
            with pytest.raises(SpoolFull, match="No space left"):
                await file.append([b"some"])
            assert file.handle.size_bytes == 0

    run_scenario(scenario())


def test_a_folder_that_vanished_is_our_own_failure(tmp_path: Path) -> None:
    async def scenario() -> None:
        with SpoolFile(tmp_path / "none") as file, pytest.raises(InternalError, match="No such"):
            await file.append([b"some"])

    run_scenario(scenario())


def test_a_folder_that_cannot_be_written_to_is_found_at_the_start(tmp_path: Path) -> None:
    check_spool(tmp_path)
    check_spool(None)

    with pytest.raises(SpoolUnusable, match="choose with --set uploads"):
        check_spool(tmp_path / "none")
