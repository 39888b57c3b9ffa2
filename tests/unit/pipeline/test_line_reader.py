from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.pictures import pdf, picture, png
from tests.reading_room import BOOK
from tests.unit.pipeline.in_process import in_process_room
from tests.unit.pipeline.test_document_reader import run_scenario

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.errors import (
    EmptyInput,
    ImageTooLarge,
    OcrError,
    PdfPasswordRequired,
    QueueFull,
    UnsupportedMediaType,
    WorkerCrashed,
)
from inkstream_server.pipeline.intake import Content
from inkstream_server.pipeline.lines import LinesJob
from inkstream_server.pipeline.results import NOT_CLASSIFIED, ReadLine
from inkstream_server.pipeline.settings import PageWishes
from inkstream_server.scheduling.priority import Priority
from inkstream_server.workers.cpu_tasks import FitLines, MeasureCrops, RawLayout
from inkstream_server.workers.model_tasks import Recognise

CROP = picture("a line", height_px=80, width_px=300)
CROPS = [
    picture(text, height_px=80, width_px=width)
    for text, width in (("one", 120), ("two lines", 260), ("three", 900), ("four", 300))
]


def job(*lines: bytes | Content | OcrError, wishes: PageWishes | None = None) -> LinesJob:
    return LinesJob(
        tuple(Content(line) if isinstance(line, bytes) else line for line in lines),
        BOOK.fill_in(wishes or PageWishes()),
        Priority.INTERACTIVE,
    )


def kinds(answers: list[ReadLine | OcrError]) -> list[type]:
    return [type(answer) for answer in answers]


def test_lines_are_read_in_their_order_each_as_alone() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            together = await room.lines.read(job(*(png(crop) for crop in CROPS)))
            alone = [(await room.lines.read(job(png(crop))))[0] for crop in CROPS]

        assert together == alone
        assert len({answer.text for answer in together if isinstance(answer, ReadLine)}) == 4
        assert room.metric("inkstream_lines_total") == 8

    run_scenario(scenario())


def test_pixels_read_as_their_file_does() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            (seen,) = await room.lines.read(job(png(CROP)))
            raw = Content(CROP.tobytes(), raw=RawLayout(80, 300, 3))
            (from_pixels,) = await room.lines.read(job(raw))

        assert isinstance(seen, ReadLine) and seen.text and seen.angle == NOT_CLASSIFIED
        assert from_pixels == seen

    run_scenario(scenario())


def test_bad_lines_fail_alone_each_with_its_own_reason() -> None:
    async def scenario() -> None:
        limits = DocumentLimits(max_image_pixels=1_000_000)
        known = EmptyInput("the request has no source")
        async with in_process_room(limits=limits) as room:
            answers = await room.lines.read(
                job(
                    png(CROP),
                    b"no picture",
                    known,
                    png(picture(height_px=1001, width_px=1000)),
                    pdf("secret", password="pw"),
                    png(CROP),
                )
            )

        assert kinds(answers) == [
            ReadLine,
            UnsupportedMediaType,
            EmptyInput,
            ImageTooLarge,
            PdfPasswordRequired,
            ReadLine,
        ]
        assert answers[0] == answers[-1]

    run_scenario(scenario())


def test_a_line_that_can_be_measured_and_not_decoded_fails_alone() -> None:
    async def scenario() -> None:
        damaged = cv2.imencode(".jpg", CROP)[1].tobytes()[:400]
        for wishes in (PageWishes(), PageWishes(use_textline_orientation=True)):
            async with in_process_room() as room:
                answers = await room.lines.read(job(damaged, png(CROP), wishes=wishes))
                (alone,) = await room.lines.read(job(damaged, wishes=wishes))

            assert [isinstance(answer, OcrError) for answer in answers] == [True, False]
            assert isinstance(alone, OcrError)
            assert alone.reason == "IMAGE_DAMAGED"

    run_scenario(scenario())


def test_lines_upside_down_are_turned_where_orientation_is_on() -> None:
    async def scenario() -> None:
        # The fake classifier takes ink in the upper half for a line on its head.
        upright = np.full((48, 200, 3), 255, np.uint8)
        upright[30:44, 20:150:7] = 0
        turned = np.ascontiguousarray(upright[::-1, ::-1])
        wishes = PageWishes(use_textline_orientation=True)
        async with in_process_room() as room:
            seen = await room.lines.read(job(png(upright), png(turned), wishes=wishes))

        first, second = seen
        assert isinstance(first, ReadLine) and isinstance(second, ReadLine)
        assert (first.angle, second.angle) == (0, 180)
        assert first.text == second.text

    run_scenario(scenario())


def test_a_line_below_the_score_stays() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            wishes = PageWishes(text_rec_score_thresh=1.0)
            (seen,) = await room.lines.read(job(png(CROP), wishes=wishes))

        assert isinstance(seen, ReadLine)
        assert seen.text and seen.score < 1.0

    run_scenario(scenario())


def test_no_line_is_no_answer() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            assert await room.lines.read(job()) == []

    run_scenario(scenario())


def test_a_line_that_kills_its_worker_takes_no_other_line_with_it() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            killer = png(picture("killer", height_px=80, width_px=333))

            def dies(items: tuple[object, ...]) -> bool:
                return any(
                    isinstance(item, FitLines) and any(line.shape[1] == 200 for line in item.lines)
                    for item in items
                )

            for slot in room.cpu_slots:
                slot.dies = dies
            answers = await room.lines.read(job(png(CROP), killer, *(png(CROP),) * 30))

        assert [isinstance(each, OcrError) for each in answers] == [False, True, *[False] * 30]
        assert isinstance(answers[1], WorkerCrashed)

    run_scenario(scenario())


def test_lines_go_to_workers_in_groups_and_to_models_in_shared_batches() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            await room.lines.read(job(*(png(CROP),) * 40))
            measured = [
                item
                for slot in room.cpu_slots
                for batch in slot.batches
                for item in batch
                if isinstance(item, MeasureCrops)
            ]
            batches = [
                len(batch)
                for slot in room.model_slots
                for batch in slot.batches
                if isinstance(batch[0], Recognise)
            ]

        assert sorted(len(item.crops) for item in measured) == [8, 16, 16]
        assert sum(batches) == 40
        assert max(batches) == 8

    run_scenario(scenario())


def test_a_request_counts_as_one_document() -> None:
    async def scenario() -> None:
        async with in_process_room(max_documents=1) as room:
            assert kinds(await room.lines.read(job(*(png(CROP),) * 3))) == [ReadLine] * 3
            upload = room.intake.open_upload(Priority.BATCH, "client")
            with pytest.raises(QueueFull):
                await room.lines.read(job(png(CROP)))
            upload.close()

    run_scenario(scenario())


def test_lines_that_find_no_room_are_refused_together() -> None:
    async def scenario() -> None:
        async with in_process_room(documents_bytes=8192) as room:
            with pytest.raises(OcrError, match="at most 8192"):
                await room.lines.read(job(bytes(5000), bytes(5000)))

    run_scenario(scenario())


def test_settings_of_a_page_do_not_matter_to_lines() -> None:
    async def scenario() -> None:
        async with in_process_room() as room:
            plain = await room.lines.read(job(png(CROP)))
            detection = replace(
                job(png(CROP)), settings=BOOK.fill_in(PageWishes(text_det_thresh=1))
            )

            assert await room.lines.read(detection) == plain

    run_scenario(scenario())
