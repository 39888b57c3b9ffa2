"""Documents that came in parts are read as those that came in one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.pictures import pdf, picture, png, tiff
from tests.reading_room import BOOK, ReadingRoom, reading, until
from tests.unit.pipeline.in_process import in_process_room
from tests.unit.pipeline.test_document_reader import events_of, job, run_scenario

from inkstream_server.errors import EmptyInput, QueueFull
from inkstream_server.pipeline.intake import DocumentJob
from inkstream_server.pipeline.results import DocumentEvent, Page
from inkstream_server.pipeline.settings import PageWishes
from inkstream_server.pipeline.upload import Upload, UploadConfig
from inkstream_server.scheduling.priority import Priority

PDF = pdf("one", "two", "three")
TIFF = tiff(picture("one"), picture("two"))
PNG = png(picture("a line"))
ON_DISK = UploadConfig(max_in_memory_bytes=0)
IN_MEMORY = UploadConfig()


async def uploaded(room: ReadingRoom, content: bytes) -> Upload:
    upload = room.intake.open_upload(Priority.BATCH, "client")
    middle = len(content) // 2
    for part in (content[:middle], content[middle:]):
        await upload.append(part)
    return upload


async def read_uploaded(room: ReadingRoom, content: bytes) -> list[DocumentEvent]:
    upload = await uploaded(room, content)
    try:
        settings = BOOK.fill_in(PageWishes())
        return await events_of(room, DocumentJob(upload, settings, Priority.BATCH))
    finally:
        upload.close()


def pages(events: Sequence[DocumentEvent]) -> list[tuple[object, ...]]:
    return [reading(event) for event in events if isinstance(event, Page)]


@pytest.mark.parametrize("uploads", [IN_MEMORY, ON_DISK], ids=["in memory", "on disk"])
@pytest.mark.parametrize("content", [PDF, TIFF, PNG], ids=["pdf", "tiff", "png"])
def test_it_reads_the_same_wherever_it_was_kept(uploads: UploadConfig, content: bytes) -> None:
    async def scenario() -> None:
        async with in_process_room(uploads=uploads) as room:
            expected = await events_of(room, job(content))
            seen = await read_uploaded(room, content)

        assert pages(seen) == pages(expected)
        assert len(seen) == len(expected) >= 3

    run_scenario(scenario())


def test_an_upload_is_inside_from_its_start_to_its_close() -> None:
    async def scenario() -> None:
        async with in_process_room(max_documents=1) as room:
            upload = await uploaded(room, PNG)
            with pytest.raises(QueueFull):
                room.intake.open_upload(Priority.BATCH, "client")
            with pytest.raises(QueueFull):
                await events_of(room, job(PNG))
            upload.close()

            assert len(await events_of(room, job(PNG))) == 3

    run_scenario(scenario())


def test_a_document_that_finds_no_shared_memory_is_read_from_disk() -> None:
    async def scenario() -> None:
        async with in_process_room(documents_bytes=4096) as room:
            expected = await events_of(room, job(PNG))
            seen = await read_uploaded(room, PNG + bytes(5000))

        assert pages(seen) == pages(expected)

    run_scenario(scenario())


def test_a_document_of_no_byte_is_empty() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            with pytest.raises(EmptyInput):
                await read_uploaded(room, b"")

    run_scenario(scenario())


@pytest.mark.parametrize("uploads", [IN_MEMORY, ON_DISK], ids=["in memory", "on disk"])
def test_its_memory_is_free_when_it_has_been_read(uploads: UploadConfig) -> None:
    async def scenario() -> None:
        async with in_process_room(uploads=uploads) as room:
            await read_uploaded(room, PDF)

            await until(lambda: room.taken_bytes == 0)
            assert room.admission.document_count == 0

    run_scenario(scenario())
