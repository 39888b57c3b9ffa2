from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace

import numpy as np
import pytest
from tests.pictures import picture, png
from tests.reading_room import BOOK, reading
from tests.unit.pipeline.in_process import in_process_room

from inkstream_server.document.page_size import PageSize
from inkstream_server.errors import WorkerCrashed
from inkstream_server.models.recipe import PageView
from inkstream_server.pipeline.frames import Frame
from inkstream_server.pipeline.intake import DocumentJob
from inkstream_server.pipeline.sheet import block_bytes
from inkstream_server.pipeline.straightening import model_calls
from inkstream_server.scheduling.priority import Priority
from inkstream_server.workers.free_list import aligned
from inkstream_server.workers.model_tasks import FindWarp, ModelBucket

FLAT = picture("", "first line", "second", height_px=600, width_px=520)
BENT = np.ascontiguousarray(FLAT[:, ::-1])  # as the fake engine understands it
PLAIN = BOOK.defaults
UNWARPED = replace(PLAIN, doc_unwarping_model="flat")
READY = replace(UNWARPED, doc_orientation_model="ori")
TWO_PAGES_BYTES = 2 * aligned(FLAT.nbytes)


def job(page: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], **settings: object) -> DocumentJob:
    chosen = replace(READY, **settings)  # type: ignore[arg-type] # a test's own
    return DocumentJob(content=png(page), settings=chosen, priority=Priority.BATCH)


def run_scenario(scenario: Coroutine[object, object, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(20.0):
            await scenario

    asyncio.run(limited())


def test_a_page_that_is_unwarped_takes_up_twice_its_pixels() -> None:
    size = PageSize(40, 30)

    assert block_bytes(size, PLAIN) == 40 * 30 * 3
    assert block_bytes(size, UNWARPED) == aligned(40 * 30 * 3) + 40 * 30 * 3


def test_what_models_do_for_a_page_before_detection_depends_on_no_size() -> None:
    assert model_calls(PLAIN) == []
    assert model_calls(READY) == [ModelBucket("ori", (224, 224)), ModelBucket("flat", (712, 488))]
    tiled = replace(PLAIN, doc_orientation_model="ori", page_view=PageView.TEXT_TILES)
    assert model_calls(tiled) == [ModelBucket("ori", (288, 288))]


def test_pages_that_wait_for_each_others_memory_are_all_read() -> None:
    async def scenario() -> None:
        async with in_process_room(pages_bytes=TWO_PAGES_BYTES) as room:
            alone = await room.read(job(BENT))
            together = await asyncio.gather(*(room.read(job(BENT)) for _ in range(6)))

        assert alone.lines
        assert {reading(page) for page in together} == {reading(alone)}

    run_scenario(scenario())


def test_a_page_reads_the_same_flat_or_bent_and_on_its_side() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            flat = await room.read(job(FLAT, doc_unwarping_model=None, doc_orientation_model=None))
            bent = await room.read(job(np.rot90(BENT, -1), frame=Frame.READ))

        assert [line.text for line in bent.lines] == [line.text for line in flat.lines] != []
        assert (bent.height_px, bent.width_px, bent.frame) == (600, 520, Frame.READ)
        assert bent.angle == 90

    run_scenario(scenario())


def test_a_page_whose_unwarping_fails_fails_alone_and_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        async with in_process_room(pages_bytes=TWO_PAGES_BYTES) as room:
            for slot in room.model_slots:
                slot.dies = lambda items: isinstance(items[0], FindWarp)
            with pytest.raises(WorkerCrashed):
                await room.read(job(BENT))
            for slot in room.model_slots:
                slot.dies = lambda items: False
            page = await room.read(job(BENT))

        assert page.lines

    run_scenario(scenario())
