from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace

import pymupdf
import pytest
from tests.pictures import pdf, picture, png, tiff
from tests.reading_room import BOOK, ReadingRoom, reading, until
from tests.unit.pipeline.in_process import in_process_room
from tests.unit.scheduling.flows import flow

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.page_ranges import parse_page_ranges
from inkstream_server.errors import (
    ContentTooLarge,
    DeadlineTooShort,
    EmptyInput,
    ImageTooLarge,
    InvalidField,
    OcrError,
    PdfPasswordRequired,
    PdfPasswordWrong,
    QueueFull,
    TooManyPages,
    UnsupportedMediaType,
)
from inkstream_server.pipeline.intake import DocumentJob, PageOrder
from inkstream_server.pipeline.results import (
    NOT_CLASSIFIED,
    DocumentEnd,
    DocumentEvent,
    DocumentStart,
    FailedPage,
    Page,
)
from inkstream_server.pipeline.settings import PageWishes
from inkstream_server.scheduling.backlog import Work
from inkstream_server.scheduling.priority import Priority
from inkstream_server.workers.cpu_tasks import CloseDocument, DrawPage, RawLayout
from inkstream_server.workers.model_tasks import Recognise

SIX_PAGES = pdf(*(f"page {number}" for number in range(1, 7)))


def job(content: bytes, wishes: PageWishes | None = None) -> DocumentJob:
    settings = BOOK.fill_in(wishes or PageWishes())
    return DocumentJob(content=content, settings=settings, priority=Priority.BATCH)


def run_scenario(scenario: Coroutine[object, object, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(20.0):
            await scenario

    asyncio.run(limited())


async def events_of(room: ReadingRoom, document: DocumentJob) -> list[DocumentEvent]:
    async with aclosing(room.reader.read_document(document)) as events:
        return [event async for event in events]


def page_numbers(events: Sequence[DocumentEvent]) -> list[int]:
    return [event.page_number for event in events if isinstance(event, Page | FailedPage)]


def test_an_image_is_read_line_by_line() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            image = png(picture("first line", "second", height_px=200, width_px=500))
            page = await room.read(job(image, PageWishes(use_textline_orientation=False)))

        assert (page.page_number, page.width_px, page.height_px) == (1, 500, 200)
        assert len(page.lines) == len(page.regions) >= 2
        assert all(line.text and 0.0 < line.score <= 1.0 for line in page.lines)
        assert {line.angle for line in page.lines} == {NOT_CLASSIFIED}
        assert page.timing.total_s >= page.timing.queued_s >= 0.0
        assert page.timing.mean_batch_size >= 1.0

    run_scenario(scenario())


def test_with_line_orientation_every_line_has_an_angle() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            page = await room.read(
                job(png(picture("a line", "another")), PageWishes(use_textline_orientation=True))
            )

        assert {line.angle for line in page.lines} <= {0, 180}
        assert page.lines

    run_scenario(scenario())


def test_a_page_without_text_is_a_page() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            page = await room.read(job(png(picture())))

        assert page.lines == () and page.regions == ()
        assert page.timing.mean_batch_size == 0.0

    run_scenario(scenario())


def test_a_line_below_the_score_is_left_out_and_its_region_stays() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            page = await room.read(
                job(png(picture("a line")), PageWishes(text_rec_score_thresh=1.0))
            )

        assert page.lines == ()
        assert page.regions

    run_scenario(scenario())


def test_raw_pixels_read_as_their_file_does() -> None:
    async def scenario() -> None:
        image = picture("a line", height_px=100, width_px=300)
        raw = replace(job(image.tobytes()), raw=RawLayout(100, 300, 3))
        async with in_process_room() as room:
            from_file = await room.read(job(png(image)))
            from_raw = await room.read(raw)

        assert reading(from_file) == reading(from_raw)

    run_scenario(scenario())


def test_a_page_reads_the_same_alone_and_in_a_crowd() -> None:
    async def scenario() -> None:
        images = [png(picture(f"picture {n}", "x" * (n % 5))) for n in range(24)]
        async with in_process_room() as room:
            alone = [await room.read(job(image)) for image in images]
            crowd = await asyncio.gather(*(room.read(job(each)) for each in images))

        assert [reading(page) for page in crowd] == [reading(page) for page in alone]
        assert max(page.timing.mean_batch_size for page in crowd) > 2

    run_scenario(scenario())


def test_a_page_of_many_wide_lines_is_read_in_portions() -> None:
    async def scenario() -> None:
        image = picture(height_px=2600, width_px=3200)
        for number in range(42):
            image[60 * number + 30 : 60 * number + 60, 20:3150] = 0
        async with in_process_room(documents_bytes=32 << 20) as room:
            page = await room.read(job(png(image), PageWishes(use_textline_orientation=True)))

        assert len(page.lines) == 42
        assert [line.polygon for line in page.lines] == [each.polygon for each in page.regions]

    run_scenario(scenario())


def test_the_first_page_of_a_document_can_be_read_as_an_image() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            page = await room.read(job(SIX_PAGES))

        assert page.page_number == 1

    run_scenario(scenario())


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", EmptyInput),
        (b"no picture", UnsupportedMediaType),
        (bytes(9 << 20), ContentTooLarge),
        (pdf("secret", password="pw"), PdfPasswordRequired),
        (png(picture(height_px=1001, width_px=1000)), ImageTooLarge),
    ],
)
def test_an_image_that_cannot_be_read_is_refused(content: bytes, kind: type[OcrError]) -> None:
    async def scenario() -> None:
        async with in_process_room(limits=DocumentLimits(max_image_pixels=1_000_000)) as room:
            with pytest.raises(kind):
                await room.read(job(content))

    run_scenario(scenario())


def test_a_document_is_a_start_its_pages_and_an_end() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            start, *pages, end = await events_of(room, job(SIX_PAGES))

            assert room.metric("inkstream_pages_total", reason="OK") == 6
        assert isinstance(start, DocumentStart) and start.predicted_s > 0
        assert start == DocumentStart("application/pdf", 6, 6, start.predicted_s)
        assert page_numbers(pages) == [1, 2, 3, 4, 5, 6]
        assert isinstance(end, DocumentEnd)
        assert (end.ok_page_count, end.failed_page_count) == (6, 0)

    run_scenario(scenario())


def test_a_tiff_has_pages_too() -> None:
    async def scenario() -> None:
        content = tiff(picture("one"), picture("two", width_px=300), picture())
        async with in_process_room() as room:
            events = await events_of(room, job(content))

        pages = [event for event in events if isinstance(event, Page)]
        assert [page.width_px for page in pages] == [480, 300, 480]

    run_scenario(scenario())


def test_only_the_selected_pages_are_read() -> None:
    async def scenario() -> None:
        selected = replace(job(SIX_PAGES), ranges=parse_page_ranges("5-,2"))
        async with in_process_room() as room:
            start, *pages, _ = await events_of(room, selected)

        assert isinstance(start, DocumentStart)
        assert (start.page_count, start.selected_page_count) == (6, 3)
        assert page_numbers(pages) == [2, 5, 6]

    run_scenario(scenario())


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (replace(job(SIX_PAGES), ranges=parse_page_ranges("7")), InvalidField),
        (job(pdf("secret", password="pw")), PdfPasswordRequired),
        (replace(job(pdf("secret", password="pw")), password="no"), PdfPasswordWrong),
        (job(SIX_PAGES), TooManyPages),
    ],
)
def test_a_document_that_cannot_be_read_fails_before_its_start(
    document: DocumentJob, kind: type[OcrError]
) -> None:
    async def scenario() -> None:
        limits = DocumentLimits(max_document_pages=5)
        async with in_process_room(limits=limits) as room:
            with pytest.raises(kind):
                await events_of(room, document)

    run_scenario(scenario())


def test_a_password_opens_a_document() -> None:
    async def scenario() -> None:
        document = replace(job(pdf("secret", password="pw")), password="pw")
        async with in_process_room() as room:
            assert page_numbers(await events_of(room, document)) == [1]

    run_scenario(scenario())


def test_a_bad_page_fails_alone() -> None:
    source = pymupdf.open(stream=SIX_PAGES, filetype="pdf")
    source[2].set_mediabox(pymupdf.Rect(0, 0, 9000, 9000))
    content: bytes = source.tobytes()
    source.close()

    async def scenario() -> None:
        async with in_process_room() as room:
            events = await events_of(room, replace(job(content), dpi=200))

            assert room.metric("inkstream_pages_total", reason="PAGE_TOO_LARGE") == 1
        failed = [event for event in events if isinstance(event, FailedPage)]
        assert [(each.page_number, each.error.reason) for each in failed] == [(3, "PAGE_TOO_LARGE")]
        assert page_numbers(events) == [1, 2, 3, 4, 5, 6]
        end = events[-1]
        assert isinstance(end, DocumentEnd)
        assert (end.ok_page_count, end.failed_page_count) == (5, 1)

    run_scenario(scenario())


def test_a_bug_costs_its_page_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            for slot in room.model_slots:
                slot.spoils = lambda items: isinstance(items[0], Recognise)
            events = await events_of(room, replace(job(SIX_PAGES), ranges=parse_page_ranges("1")))

        (failed,) = (event for event in events if isinstance(event, FailedPage))
        assert failed.error.reason == "INTERNAL"

    with caplog.at_level(logging.ERROR):
        run_scenario(scenario())

    assert "page 1 failed" in caplog.text


@pytest.mark.parametrize(
    ("order", "expected"),
    [(PageOrder.DOCUMENT, [1, 2, 3]), (PageOrder.COMPLETION, [2, 3, 1])],
)
def test_pages_come_in_the_order_that_was_asked_for(order: PageOrder, expected: list[int]) -> None:
    async def scenario() -> None:
        document = replace(job(pdf("one", "two", "three")), order=order)
        async with in_process_room() as room:
            for slot in room.cpu_slots:
                slot.holds = lambda items: (
                    isinstance(items[0], DrawPage) and (items[0].page_number == 1)
                )
            reading_pages = asyncio.create_task(events_of(room, document))
            await until(lambda: room.metric("inkstream_pages_total", reason="OK") == 2)
            for slot in room.cpu_slots:
                slot.go.set()
            numbers = page_numbers(await reading_pages)

        assert numbers == expected

    run_scenario(scenario())


def test_a_caller_who_is_slow_to_ask_holds_up_no_more_than_a_window() -> None:
    async def scenario() -> None:
        async with in_process_room(window_page_count=2) as room:
            async with aclosing(room.reader.read_document(job(SIX_PAGES))) as events:
                first = [await anext(events) for _ in range(2)]
                for _ in range(2000):
                    await asyncio.sleep(0)

                drawn = {
                    item.page_number
                    for slot in room.cpu_slots
                    for batch in slot.batches
                    for item in batch
                    if isinstance(item, DrawPage)
                }
            assert page_numbers(first) == [1]
            assert drawn == {1, 2, 3}

    run_scenario(scenario())


def test_a_document_that_is_left_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            async with aclosing(room.reader.read_document(job(SIX_PAGES))) as events:
                async for event in events:
                    if isinstance(event, Page):
                        break

            assert room.admission.document_count == 0
            told = [slot.told for slot in room.cpu_slots]
            assert told == [[CloseDocument(1)], [CloseDocument(1)]]

    run_scenario(scenario())


@pytest.mark.parametrize("step_count", range(0, 120, 17))
def test_a_caller_may_go_at_any_moment(step_count: int) -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            calls = [asyncio.create_task(events_of(room, job(SIX_PAGES))) for _ in range(3)]
            for _ in range(step_count):
                await asyncio.sleep(0)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

            assert room.admission.document_count == 0
            again = await room.read(job(png(picture("still well"))))
            assert again.lines

    run_scenario(scenario())


def test_one_document_too_many_is_refused_at_the_door() -> None:
    async def scenario() -> None:
        async with in_process_room(max_documents=1) as room:
            async with aclosing(room.reader.read_document(job(SIX_PAGES))) as events:
                await anext(events)
                with pytest.raises(QueueFull):
                    await room.read(job(SIX_PAGES))

            await room.read(job(SIX_PAGES))

    run_scenario(scenario())


def test_a_document_that_finds_no_room_is_refused_and_smaller_ones_are_read() -> None:
    async def scenario() -> None:
        large, small = SIX_PAGES + b"\n" * (2 << 20), SIX_PAGES
        async with in_process_room(documents_bytes=5 << 20) as room:
            outcomes = await asyncio.gather(
                *(room.read(job(each)) for each in (large, large, large, small)),
                return_exceptions=True,
            )

        refused = outcomes.pop(2)
        assert isinstance(refused, QueueFull) and refused.facts["bytes"] == str(len(large))
        assert len({reading(page) for page in outcomes if isinstance(page, Page)}) == 1
        assert len(outcomes) == 3 and all(isinstance(each, Page) for each in outcomes)

    run_scenario(scenario())


def test_a_large_document_may_be_left_while_it_is_written() -> None:
    async def scenario() -> None:
        content = SIX_PAGES + b"\n" * (4 << 20)
        async with in_process_room() as room:
            for step_count in range(8):
                call = asyncio.create_task(room.read(job(content)))
                for _ in range(step_count):
                    await asyncio.sleep(0)
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)

            assert room.admission.document_count == 0

    run_scenario(scenario())


def test_a_deadline_that_cannot_be_met_is_refused_before_anything_is_drawn() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            for number in range(-2000, 0):
                other = flow(number, client=f"client {number}", priority=Priority.BATCH)
                room.admission.backlog.set(other, Work.of_one_page(1000.0))
            late = replace(job(SIX_PAGES), deadline_at=time.monotonic() + 1.0)

            with pytest.raises(DeadlineTooShort):
                await events_of(room, late)
            with pytest.raises(DeadlineTooShort) as refused:
                await room.read(replace(late, content=png(picture("text"))))

            assert float(refused.value.facts["retry_after_s"]) > 0.0
            drawn = [each for slot in room.cpu_slots for batch in slot.batches for each in batch]
            assert not any(isinstance(each, DrawPage) for each in drawn)

    run_scenario(scenario())


def test_a_deadline_far_away_changes_nothing() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            patient = replace(job(SIX_PAGES), deadline_at=time.monotonic() + 1000.0)

            assert page_numbers(await events_of(room, patient)) == [1, 2, 3, 4, 5, 6]

    run_scenario(scenario())


def test_no_more_pages_are_in_work_than_the_gate_lets_in_whatever_waits() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            for slot in room.model_slots:
                slot.holds = lambda items: True
            readers = [asyncio.create_task(events_of(room, job(SIX_PAGES))) for _ in range(12)]
            await until(lambda: room.gate.inside_count == 8)
            for _ in range(50):
                await asyncio.sleep(0)
            assert room.gate.inside_count == 8

            for slot in room.model_slots:
                slot.holds = lambda items: False
                slot.go.set()
            assert all(len(events) == 8 for events in await asyncio.gather(*readers))

    run_scenario(scenario())
