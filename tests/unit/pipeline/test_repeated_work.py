"""Work that a lost worker has done already is done again: that must change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.pictures import picture, png
from tests.reading_room import BOOK, reading
from tests.unit.pipeline.in_process import InProcessRoom, in_process_room

from inkstream_server.pipeline.intake import DocumentJob
from inkstream_server.pipeline.settings import PageWishes
from inkstream_server.scheduling.priority import Priority

UPRIGHT = picture("", "first line", "second", height_px=600, width_px=520)
WISHES = PageWishes(use_textline_orientation=True)


def job(page: NDArray[np.uint8], *, is_unwarped: bool) -> DocumentJob:
    settings = replace(
        BOOK.fill_in(WISHES),
        doc_orientation_model="ori",
        doc_unwarping_model="flat" if is_unwarped else None,
    )
    return DocumentJob(content=png(page), settings=settings, priority=Priority.BATCH)


def lose_a_worker_after(room: InProcessRoom, number: int) -> Iterator[int]:
    """The batch of this number is done, and then its worker is gone; the others are counted."""
    batches = count()
    for slot in (*room.cpu_slots, *room.model_slots):
        slot.dies_after = lambda items: next(batches) == number
    return batches


@pytest.mark.parametrize("is_unwarped", [False, True])
@pytest.mark.parametrize("quarter_turns", [0, 1, 2])
def test_a_page_reads_the_same_whichever_of_its_steps_is_done_twice(
    quarter_turns: int, is_unwarped: bool
) -> None:
    page = np.ascontiguousarray(np.rot90(UPRIGHT, quarter_turns))

    async def scenario() -> None:
        async with asyncio.timeout(60.0), in_process_room() as room:
            expected = await room.read(job(page, is_unwarped=is_unwarped))
            step_count = sum(len(slot.batches) for slot in (*room.cpu_slots, *room.model_slots))
            for number in range(step_count):
                batches = lose_a_worker_after(room, number)

                again = await room.read(job(page, is_unwarped=is_unwarped))

                assert reading(again) == reading(expected), number
                assert next(batches) > step_count  # one was done twice

            assert len(expected.lines) > 1

    asyncio.run(scenario())
