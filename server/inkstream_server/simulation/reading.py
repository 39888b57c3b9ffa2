"""Reads documents in virtual time: the same steps, in the same order, as the server's pipeline."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from inkstream_server.errors import OcrError
from inkstream_server.pipeline.page_work import PageWork
from inkstream_server.scheduling.admission import Admission, Seat
from inkstream_server.scheduling.backlog import Work
from inkstream_server.scheduling.place import Flow, Place
from inkstream_server.simulation.calls import Call, CallRecord, PageContent
from inkstream_server.simulation.clock import Cancelled, Clock, Process, Steps
from inkstream_server.simulation.costs import DETECTION, RECOGNITION
from inkstream_server.simulation.front import Front
from inkstream_server.simulation.gate import Gate
from inkstream_server.simulation.pool import Pool
from inkstream_server.simulation.records import Records
from inkstream_server.simulation.workers import CpuStep, ModelKey
from inkstream_server.stages.line_widths import LineWidths
from inkstream_server.stages.recognition import LINE_HEIGHT_PX, line_width
from inkstream_server.workers.model_tasks import ModelBucket

LATE = "DEADLINE_EXCEEDED"
OK = "OK"
# How long a caller who was refused keeps still that is not told when to come back.
_UNTOLD_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Parts:
    """The simulated server that documents are read by."""

    clock: Clock
    front: Front
    admission: Admission
    gate: Gate
    work: PageWork
    cpu: Pool[CpuStep]
    models: Pool[ModelKey]
    records: Records


@dataclass(frozen=True, slots=True)
class Bounds:
    """How a document is taken apart."""

    window_page_count: int
    widths: LineWidths
    batches_within_pages_only: bool


@dataclass(frozen=True, slots=True)
class _Inside:
    """A document that was let in."""

    call: Call
    record: CallRecord
    seat: Seat


class Reader:
    """Reads any number of documents at once."""

    def __init__(self, parts: Parts, bounds: Bounds) -> None:
        self._parts = parts
        self._bounds = bounds
        self._page_numbers = itertools.count(1)

    def read(self, call: Call, record: CallRecord) -> Steps[None]:
        """Read a document, or be refused; what came of it is in the record."""
        parts = self._parts
        flow = Flow(call.kind.priority, call.client, call.number)
        try:
            yield from parts.front.spend(parts.front.costs.document_s)
            with parts.admission.admit(flow) as seat:
                inside = _Inside(call, record, seat)
                if call.kind.is_document:
                    yield from self._read_document(inside)
                else:
                    yield from self._read_picture(inside)
            self._end(record, OK)
        except OcrError as refusal:
            record.retry_after_s = float(refusal.facts.get("retry_after_s", _UNTOLD_RETRY_S))
            self._end(record, refusal.reason)
        except Cancelled:
            self._end(record, LATE)
            raise

    def _end(self, record: CallRecord, reason: str) -> None:
        assert not record.reason, "a call ends once"
        record.reason = reason
        record.ended_at = self._parts.clock.now

    def _expect(self, inside: _Inside, work: Work) -> None:
        now = self._parts.clock.now
        deadline_s = inside.call.kind.deadline_s
        arrived_at = inside.record.arrived_at
        left_s = None if deadline_s is None else arrived_at + deadline_s - now
        inside.seat.expect(work, left_s=left_s)
        inside.record.predicted_at = now
        inside.record.predicted_s = inside.seat.predicted_s

    def _read_picture(self, inside: _Inside) -> Steps[None]:
        (content,) = inside.call.pages
        place = Place(inside.seat.flow, 1)
        work_s = yield from self._measure(inside, place, content)
        self._expect(inside, Work.of_one_page(work_s))
        yield from self._read_page(inside, place, content, work_s)

    def _read_document(self, inside: _Inside) -> Steps[None]:
        parts, call = self._parts, inside.call
        opening = CpuStep("open", call.kind.steps.open)
        yield from parts.cpu.run([opening], Place(inside.seat.flow))
        page_s = parts.work.usual_page_s(RECOGNITION)
        self._expect(inside, Work(len(call.pages) * page_s, page_s))
        starts = (
            parts.clock.start(self._read_page_of(inside, number, content))
            for number, content in enumerate(call.pages, 1)
        )
        reading = list(itertools.islice(starts, self._bounds.window_page_count))
        try:
            while reading:
                done = yield from self._next_done(reading, in_order=call.kind.order == "document")
                reading.remove(done)
                reading += itertools.islice(starts, 1)
        finally:
            for page in reading:
                page.cancel()

    def _next_done(self, reading: list[Process[None]], *, in_order: bool) -> Steps[Process[None]]:
        if in_order:
            yield from reading[0].ended.wait()
            return reading[0]
        yield from self._parts.clock.any_of([page.ended for page in reading])
        return next(page for page in reading if page.ended.has_happened)

    def _read_page_of(self, inside: _Inside, number: int, content: PageContent) -> Steps[None]:
        place = Place(inside.seat.flow, number)
        work_s = yield from self._measure(inside, place, content)
        yield from self._read_page(inside, place, content, work_s)
        inside.seat.note_page_done()

    def _measure(self, inside: _Inside, place: Place, content: PageContent) -> Steps[float]:
        """What the page will probably take."""
        parts = self._parts
        yield from parts.cpu.run([CpuStep("measure", inside.call.kind.steps.measure)], place)
        return parts.work.expected_s(_detection(content), RECOGNITION)

    def _read_page(
        self, inside: _Inside, place: Place, content: PageContent, work_s: float
    ) -> Steps[None]:
        parts = self._parts
        try:
            yield from parts.gate.enter(place, work_s)
            with self._inside_gate(place):
                yield from self._detect(inside, place, content)
                buckets = self._line_buckets(content)
                yield from self._recognise(inside, place, buckets)
            lines_s = parts.work.of(buckets)
            parts.work.note(_detection(content), RECOGNITION, lines_s, now=parts.clock.now)
        finally:
            parts.work.note_inside(parts.gate.inside_count)
        yield from parts.front.pass_page()
        parts.records.note_page(inside.record, content, buckets)

    @contextmanager
    def _inside_gate(self, place: Place) -> Iterator[None]:
        try:
            yield
        finally:
            self._parts.gate.leave(place)

    def _detect(self, inside: _Inside, place: Place, content: PageContent) -> Steps[None]:
        parts, steps = self._parts, inside.call.kind.steps
        yield from parts.cpu.run([CpuStep("draw", steps.draw)], place)
        yield from parts.models.run([ModelKey(_detection(content))], place)
        yield from parts.cpu.run([CpuStep("find", steps.find)], place)

    def _recognise(self, inside: _Inside, place: Place, buckets: list[ModelBucket]) -> Steps[None]:
        if not buckets:
            return
        parts, steps = self._parts, inside.call.kind.steps
        cutting = CpuStep("cut", steps.cut + len(buckets) * steps.cut_line)
        yield from parts.cpu.run([cutting], place)
        yield from parts.front.pass_page(len(buckets))
        group = next(self._page_numbers) if self._bounds.batches_within_pages_only else 0
        yield from parts.models.run([ModelKey(bucket, group) for bucket in buckets], place)

    def _line_buckets(self, content: PageContent) -> list[ModelBucket]:
        widths = self._bounds.widths
        return [
            ModelBucket(RECOGNITION, (line_width(LINE_HEIGHT_PX, width_px, widths)[1],))
            for width_px in content.line_widths_px
        ]


def _detection(content: PageContent) -> ModelBucket:
    return ModelBucket(DETECTION, content.detector_shape)
