"""Reads crops of single lines: the end of the production line, without a page before it.

Crops are fitted, padded and batched exactly as those that are cut out of pages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from inkstream_server.document.page_size import PageSize
from inkstream_server.errors import OcrError
from inkstream_server.pipeline.fitted_lines import (
    UPSIDE_DOWN,
    LineFit,
    classifications,
    lay_out,
    orientation_shape,
    portions,
    recognitions,
    total_bytes,
)
from inkstream_server.pipeline.gate import PageGate
from inkstream_server.pipeline.intake import Content, Intake, StoredContents, left_s
from inkstream_server.pipeline.page import Pools
from inkstream_server.pipeline.page_work import PageWork
from inkstream_server.pipeline.results import NOT_CLASSIFIED, ReadLine
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.scheduling.backlog import Work
from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.priority import Priority
from inkstream_server.stages.line_widths import LineWidths
from inkstream_server.stages.recognition import LineText
from inkstream_server.telemetry.call import current_call
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.telemetry.tracing import stage
from inkstream_server.workers.arena import Arena, Lease
from inkstream_server.workers.cpu_tasks import (
    DocumentRef,
    FitForOrientation,
    FitLines,
    MeasureCrops,
)
from inkstream_server.workers.hold import Hold
from inkstream_server.workers.memory import ArrayHandle
from inkstream_server.workers.model_tasks import ModelBucket
from inkstream_server.workers.task import Task

# A crop takes far less time to decode than a page: one message to a worker for each would cost
# more than the work.
_GROUP_COUNT: Final = 16

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LinesJob:
    """Crops to read. One that is known to be wrong already stands as its error.

    `client` and `deadline_at` mean what they mean in a DocumentJob.
    """

    lines: tuple[Content | OcrError, ...]
    settings: PageSettings
    priority: Priority
    client: str = ""
    deadline_at: float | None = None


@dataclass(frozen=True, slots=True)
class LineTools:
    """What reading lines takes; `widths_of` tells what widths they are padded to."""

    pools: Pools
    tensors: Arena
    gate: PageGate
    work: PageWork
    widths_of: Callable[[str], LineWidths]


class LineReader:
    """Reads the crops of any number of callers at once."""

    def __init__(self, intake: Intake, tools: LineTools, metrics: Metrics) -> None:
        self._intake = intake
        self._tools = tools
        self._metrics = metrics

    async def read(self, job: LinesJob) -> list[ReadLine | OcrError]:
        """One answer for every crop, in order: what it says, or what is wrong with it.

        Raises OcrError where the request as a whole is not let in.
        """
        contents = [each for each in job.lines if not isinstance(each, OcrError)]
        async with self._intake.stored_all(contents, job.priority, job.client) as stored:
            answers = iter(await _Reading(self._tools, job, stored).run())
        read = [each if isinstance(each, OcrError) else next(answers) for each in job.lines]
        line_count = sum(isinstance(each, ReadLine) for each in read)
        self._metrics.pages.lines.inc(line_count)
        if (call := current_call()) is not None:
            call.line_count += line_count
        return read


@dataclass(slots=True, eq=False)
class _Line:
    """A crop on its way, and how far it has come: `answer` is an error as soon as there is one."""

    crop: DocumentRef
    size: PageSize = field(init=False)
    fit: LineFit = field(init=False)
    angle: int = NOT_CLASSIFIED
    answer: LineText | OcrError | None = None


class _Reading:
    """One request's lines."""

    def __init__(self, tools: LineTools, job: LinesJob, stored: StoredContents) -> None:
        self._tools = tools
        self._job = job
        self._settings = job.settings
        self._stored = stored
        self._place = Place(stored.seat.flow)
        self._turn = 0

    async def run(self) -> list[ReadLine | OcrError]:
        self._stored.seat.take_pages(1)
        lines = [_Line(ref) for ref in self._stored.refs]
        await self._measure(lines)
        work_s = self._work_s(_alive(lines))
        self._stored.seat.expect(Work.of_one_page(work_s), left_s=left_s(self._job.deadline_at))
        try:
            async with self._tools.gate.passing(self._place, work_s) as self._turn:
                for portion in portions(_alive(lines), self._settings.lines_classified_by):
                    await self._orient(portion)
                    await self._recognise(_alive(portion))
            self._tools.work.note_done(work_s, now=time.monotonic())
        finally:
            self._tools.work.note_inside(self._tools.gate.inside_count)
        return [_answer_of(line) for line in lines]

    def _work_s(self, lines: Sequence[_Line]) -> float:
        model = self._settings.text_rec_model
        return self._tools.work.of(ModelBucket(model, (line.fit.padded_px,)) for line in lines)

    async def _measure(self, lines: Sequence[_Line]) -> None:
        def task(part: slice) -> Task[list[PageSize | OcrError]]:
            return MeasureCrops(_crops(lines[part]))

        widths = self._tools.widths_of(self._settings.text_rec_model)
        for line, size in zip(lines, await self._on_cpu(task, len(lines), []), strict=True):
            if isinstance(size, OcrError):
                line.answer = size
            else:
                line.size = size
                line.fit = LineFit.of(size.height_px, size.width_px, widths)

    async def _orient(self, portion: Sequence[_Line]) -> None:
        """Set each line's angle, where the module is on."""
        model, family = self._settings.textline_orientation_model, self._settings.line_family
        if model is None:
            return
        shapes = [
            orientation_shape(line.size.height_px, line.size.width_px, family) for line in portion
        ]
        with await self._tools.tensors.lease(total_bytes(shapes), rank=self._turn) as block:
            fitted = lay_out(block, shapes)

            def task(part: slice) -> Task[list[OcrError | None]]:
                return FitForOrientation(_crops(portion[part]), family, fitted[part])

            lines, crops = await self._fit(task, portion, fitted, block)
            with stage("line_orientation", items=len(crops)):
                outcomes = await self._tools.pools.models.run_all(
                    classifications(model, family, crops), place=self._place, leases=[block]
                )
        for line, outcome in zip(lines, outcomes, strict=True):
            if isinstance(outcome.result, OcrError):
                line.answer = outcome.result
            else:
                line.angle = UPSIDE_DOWN if outcome.result.is_upside_down else 0

    async def _recognise(self, portion: Sequence[_Line]) -> None:
        if not portion:
            return
        shapes = [line.fit.shape for line in portion]
        with await self._tools.tensors.lease(total_bytes(shapes), rank=self._turn) as block:
            fitted = lay_out(block, shapes)
            upside_down = tuple(line.angle == UPSIDE_DOWN for line in portion)

            def task(part: slice) -> Task[list[OcrError | None]]:
                return FitLines(_crops(portion[part]), upside_down[part], fitted[part])

            lines, crops = await self._fit(task, portion, fitted, block)
            work = recognitions(self._settings.text_rec_model, crops, [line.fit for line in lines])
            with stage("recognise", items=len(work)):
                outcomes = await self._tools.pools.models.run_all(
                    work, place=self._place, leases=[block]
                )
        for line, outcome in zip(lines, outcomes, strict=True):
            line.answer = outcome.result

    async def _fit(
        self,
        task: Callable[[slice], Task[list[OcrError | None]]],
        portion: Sequence[_Line],
        fitted: Sequence[ArrayHandle],
        block: Lease,
    ) -> tuple[list[_Line], list[ArrayHandle]]:
        """Those lines, with their pixels, that could be fitted; the others have their answer."""
        for line, error in zip(
            portion, await self._on_cpu(task, len(portion), [block]), strict=True
        ):
            line.answer = error
        pairs = [
            (line, crop) for line, crop in zip(portion, fitted, strict=True) if line.answer is None
        ]
        return [line for line, _ in pairs], [crop for _, crop in pairs]

    async def _on_cpu(
        self, task: Callable[[slice], Task[list[T | OcrError]]], count: int, leases: list[Hold]
    ) -> list[T | OcrError]:
        """One answer for each of `count` lines. A group that fails is tried line by line."""
        groups = [slice(at, min(at + _GROUP_COUNT, count)) for at in range(0, count, _GROUP_COUNT)]
        answers: list[T | OcrError] = []
        for group, answer in zip(groups, await self._run(task, groups, leases), strict=True):
            if isinstance(answer, OcrError):
                singles = [slice(at, at + 1) for at in range(group.start, group.stop)]
                for alone in await self._run(task, singles, leases):
                    answers += [alone] if isinstance(alone, OcrError) else alone
            else:
                answers += answer
        return answers

    async def _run(
        self,
        task: Callable[[slice], Task[list[T | OcrError]]],
        parts: Sequence[slice],
        leases: list[Hold],
    ) -> list[list[T | OcrError] | OcrError]:
        outcomes = await self._tools.pools.cpu.run_all(
            [("crop", task(part)) for part in parts],
            place=self._place,
            leases=[self._stored.block, *leases],
        )
        return [outcome.result for outcome in outcomes]


def _alive(lines: Sequence[_Line]) -> list[_Line]:
    return [line for line in lines if line.answer is None]


def _crops(lines: Sequence[_Line]) -> tuple[DocumentRef, ...]:
    return tuple(line.crop for line in lines)


def _answer_of(line: _Line) -> ReadLine | OcrError:
    assert line.answer is not None
    if isinstance(line.answer, OcrError):
        return line.answer
    return ReadLine(line.answer.text, line.answer.score, line.angle)
