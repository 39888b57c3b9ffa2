"""What a page comes back with beside its lines: words, and images to look at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.pictures import picture, png
from tests.reading_room import BOOK
from tests.unit.pipeline.in_process import in_process_room

from inkstream_server.pipeline.intake import Content, DocumentJob
from inkstream_server.pipeline.lines import LinesJob
from inkstream_server.pipeline.results import Page, ReadLine
from inkstream_server.pipeline.settings import Additions, PageWishes
from inkstream_server.scheduling.priority import Priority
from inkstream_server.workers.cpu_tasks import NO_IMAGES, ShowPage

PAGE = picture("one line", "and another")
STEP_ON_PAGE_PX = 14  # what one step of the fake recogniser sees of a line that is 80 px high
ALL = Additions(words=True, result_image=True, page_images=True)


def job(page: NDArray[np.uint8], wishes: PageWishes) -> DocumentJob:
    return DocumentJob(
        content=png(page), settings=BOOK.fill_in(wishes), priority=Priority.INTERACTIVE
    )


def read(page: NDArray[np.uint8], *wishes: PageWishes) -> list[Page]:
    async def scenario() -> list[Page]:
        async with asyncio.timeout(20.0), in_process_room() as room:
            return [await room.read(job(page, each)) for each in wishes]

    return asyncio.run(scenario())


def test_a_page_has_neither_words_nor_images_unless_asked() -> None:
    (page,) = read(PAGE, PageWishes())

    assert page.lines
    assert not any(line.words for line in page.lines)
    assert page.images == NO_IMAGES


def test_additions_change_nothing_that_is_read() -> None:
    plain, full = read(PAGE, PageWishes(), PageWishes(additions=ALL))

    assert full.regions == plain.regions
    assert [(line.text, line.score, line.polygon) for line in full.lines] == [
        (line.text, line.score, line.polygon) for line in plain.lines
    ]


def test_words_are_the_lines_parts_and_stand_within_it() -> None:
    (page,) = read(PAGE, PageWishes(additions=Additions(words=True)))

    for line in page.lines:
        assert "".join(word.text for word in line.words) == line.text
        columns = [x for x, _ in line.polygon]
        inside = [min(columns) <= x <= max(columns) for w in line.words for x, _ in w.polygon]
        assert inside and all(inside)


def test_words_of_a_line_upside_down_stand_where_it_is() -> None:
    wishes = PageWishes(use_textline_orientation=True, additions=Additions(words=True))
    upright_page = picture("bbbbbbb", height_px=120)
    turned_page = np.ascontiguousarray(upright_page[::-1, ::-1])

    (upright,) = read(upright_page, wishes)
    (turned,) = read(turned_page, wishes)

    assert [line.angle for line in (*upright.lines, *turned.lines)] == [0, 180]
    height, width, _ = upright_page.shape
    for (x, y), (u, v) in zip(_ends(upright), _ends(turned), strict=True):
        assert abs(width - u - x) <= STEP_ON_PAGE_PX and abs(height - v - y) <= 2


def test_a_line_upside_down_begins_at_its_texts_own_top_left() -> None:
    wishes = PageWishes(use_textline_orientation=True)
    upright_page = picture("bbbbbbb", height_px=120)
    turned_page = np.ascontiguousarray(upright_page[::-1, ::-1])

    (upright,) = read(upright_page, wishes)
    (turned,) = read(turned_page, wishes)

    (line,), (lying,), (region,) = upright.lines, turned.lines, turned.regions
    height, width, _ = upright_page.shape
    for (x, y), (u, v) in zip(line.polygon, lying.polygon, strict=True):
        assert abs(width - u - x) <= 2 and abs(height - v - y) <= 2
    assert set(region.polygon) == set(lying.polygon)
    assert region.polygon[0] == lying.polygon[2]  # a region has no text: it begins on the page's


def test_lines_that_are_not_told_are_not_drawn() -> None:
    additions = Additions(result_image=True)

    told, untold = read(
        PAGE,
        PageWishes(additions=additions),
        PageWishes(additions=additions, text_rec_score_thresh=1.0),
    )

    assert untold.lines == ()
    assert _panel(told).min() < 60
    assert _panel(untold).min() > 250


def test_words_are_drawn_where_they_are_known() -> None:
    lines, words = read(
        PAGE,
        PageWishes(additions=Additions(result_image=True)),
        PageWishes(additions=Additions(words=True, result_image=True)),
    )

    assert lines.images.result != words.images.result
    assert _panel(words).min() < 60


def test_a_page_is_shown_once_and_only_where_that_is_asked_for() -> None:
    async def scenario() -> list[object]:
        async with asyncio.timeout(20.0), in_process_room() as room:
            await room.read(job(PAGE, PageWishes()))
            await room.read(job(PAGE, PageWishes(additions=Additions(words=True))))
            await room.read(job(PAGE, PageWishes(additions=ALL)))
            return [item for slot in room.cpu_slots for batch in slot.batches for item in batch]

    items = asyncio.run(scenario())

    assert sum(isinstance(item, ShowPage) for item in items) == 1


def test_crops_have_no_words() -> None:
    async def scenario() -> Sequence[object]:
        settings = BOOK.fill_in(PageWishes(additions=ALL))
        crop = Content(png(picture("a line", height_px=80)), "", None)
        async with asyncio.timeout(20.0), in_process_room() as room:
            return await room.lines.read(LinesJob((crop,), settings, Priority.INTERACTIVE))

    (line,) = asyncio.run(scenario())

    assert isinstance(line, ReadLine) and line.text


def _ends(page: Page) -> list[tuple[int, int]]:
    """Where the text of a page with one line begins and ends: its top left, its bottom right."""
    (line,) = page.lines
    return [line.words[0].polygon[0], line.words[-1].polygon[2]]


def _panel(page: Page) -> NDArray[np.uint8]:
    """The right half of the result image."""
    image = cv2.imdecode(np.frombuffer(page.images.result, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image[:, image.shape[1] // 2 :], np.uint8)
