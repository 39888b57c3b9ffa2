"""What a page reads as never depends on what else is read: alone, and in a crowd, to the last bit.

It would fail if neighbours in a batch could reach a line: if a line were padded to the widest one
of its batch (its score, and now and then its text, follow the width of the padding), if a request's
options leaked into another one's pages, or if two pages were ever given the same memory.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from tests.reference_data import needs_reference_data, reference_files

from inkstream import AsyncClient, Options
from reading import Expectations, Work, keep_busy
from samples import pdf, small_pictures
from served import RunningServer, running_server

pytestmark = pytest.mark.models

RECOGNISER: Final = "PP-OCRv4_mobile_rec"
CLIENTS: Final = 24
TIMES: Final = 2
CALL_S: Final = 600.0
REFERENCE_PICTURES: Final = 16
SMALL_PAGES_PT: Final = ((420, 297), (297, 210), (298, 420))
# Other lines are found in them, cut otherwise, or read in another order of urgency.
WAYS: Final[tuple[Options, ...]] = (
    {},
    {"use_textline_orientation": True, "priority": "batch"},
    {"text_det_unclip_ratio": 1.4, "text_det_limit_type": "min", "text_det_limit_side_len": 320},
    {"return_word_box": True, "visualize": True},
)


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server() as running:
        yield running
        assert running.stop() == 0


def generated_works() -> list[Work]:
    pictures = [
        Work(f"picture {number} in way {way}", content, options=WAYS[way])
        for number, content in enumerate(small_pictures(12))
        for way in range(len(WAYS))
        if way != number % len(WAYS)
    ]
    documents = [
        Work(f"document {number}", pdf(4, number, SMALL_PAGES_PT), is_document=True, options=way)
        for number, way in enumerate(WAYS)
    ]
    return pictures + documents


def reference_works() -> list[Work]:
    files = sorted(reference_files("data/images"), key=lambda file: file.stat().st_size)
    return [Work(file.name, file.read_bytes()) for file in files[:REFERENCE_PICTURES]]


@dataclass(frozen=True)
class LinesAndBatches:
    """How much text recognition a server has done."""

    lines: float
    batches: float

    @classmethod
    def of(cls, server: RunningServer) -> LinesAndBatches:
        kinds = ("inkstream_batch_items_sum", "inkstream_batch_items_count")
        return cls(*(server.metric(kind, step=RECOGNISER) for kind in kinds))

    @property
    def ratio(self) -> float:
        return self.lines / self.batches

    def __sub__(self, earlier: LinesAndBatches) -> LinesAndBatches:
        return LinesAndBatches(self.lines - earlier.lines, self.batches - earlier.batches)


async def read_in_a_crowd(server: RunningServer, works: list[Work]) -> Expectations:
    mix = works * TIMES
    random.Random(1).shuffle(mix)
    async with AsyncClient(server.target, timeout_s=CALL_S) as client:
        start = LinesAndBatches.of(server)
        expectations = await Expectations.read_alone(client, works)
        middle = LinesAndBatches.of(server)
        await keep_busy(CLIENTS, iter(mix), lambda work: expectations.read(client, work), CALL_S)
    alone, crowded = middle - start, LinesAndBatches.of(server) - middle
    assert crowded.ratio > alone.ratio, "the lines of several pages shared no batches"
    return expectations


@pytest.mark.parametrize(
    "works",
    [
        pytest.param(generated_works, id="generated"),
        pytest.param(reference_works, id="reference", marks=needs_reference_data),
    ],
)
def test_a_page_reads_the_same_alone_and_in_a_crowd(
    works: Callable[[], list[Work]], server: RunningServer
) -> None:
    mixed = works()

    seen = asyncio.run(read_in_a_crowd(server, mixed))

    assert not seen.failed, "\n".join(seen.failed)
    assert not seen.wrong, "\n".join(seen.wrong)
    assert seen.right_count == TIMES * len(mixed)
