"""A whole pipeline around two pools of workers, and what of it a test looks at."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.engines.engine import EngineSettings
from inkstream_server.engines.fake import PLAIN_CHARACTERS, FakeEngine
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.pipeline.dispatcher import Dispatcher
from inkstream_server.pipeline.document import DocumentReader
from inkstream_server.pipeline.gate import PageGate
from inkstream_server.pipeline.intake import DocumentJob, Intake
from inkstream_server.pipeline.lines import LineReader, LineTools
from inkstream_server.pipeline.page import PageArenas, PagePipeline, Pools
from inkstream_server.pipeline.page_work import PageWork
from inkstream_server.pipeline.results import Page
from inkstream_server.pipeline.settings import PageDefaults, ServedModels, SettingsBook
from inkstream_server.pipeline.upload import UploadConfig, UploadSpace
from inkstream_server.scheduling.admission import Admission
from inkstream_server.scheduling.backlog import Backlog
from inkstream_server.scheduling.batcher import Load
from inkstream_server.scheduling.learning import DrainRate
from inkstream_server.scheduling.place import Flow, Place
from inkstream_server.scheduling.priority import Priority
from inkstream_server.stages.line_widths import EXACT
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.workers.arena import Arena
from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.model_tasks import ModelBucket, ModelToLoad

MODELS = ServedModels("det", "rec", "cls")
BOOK = SettingsBook(PageDefaults(), MODELS)
SOMEWHERE = Place(Flow(Priority.INTERACTIVE, "client", 1))


def models_to_load(engine: FakeEngine | None = None) -> tuple[ModelToLoad, ...]:
    files = [
        ModelFiles("det", Module.TEXT_DETECTION, Path("det"), None),
        ModelFiles("rec", Module.TEXT_RECOGNITION, Path("rec"), None, PLAIN_CHARACTERS),
        ModelFiles("cls", Module.TEXTLINE_ORIENTATION, Path("cls"), None),
        ModelFiles("ori", Module.DOC_ORIENTATION, Path("ori"), None),
        ModelFiles("flat", Module.DOC_UNWARPING, Path("flat"), None),
    ]
    return tuple(ModelToLoad(each, engine or FakeEngine(), EngineSettings()) for each in files)


def load_of(bucket: ModelBucket) -> Load:
    return Load(bucket.item_pixels, bucket.item_pixels * 1e-9)


def reading(page: Page) -> tuple[object, ...]:
    """All of a page but the time that it took."""
    return page.page_number, page.width_px, page.height_px, page.lines, page.regions


async def until(condition: Callable[[], bool], limit_s: float = 5.0) -> None:
    """Wait for what nothing tells of."""
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)


@asynccontextmanager
async def serving(*dispatchers: Dispatcher) -> AsyncIterator[None]:
    loops = [asyncio.create_task(each.serve()) for each in dispatchers]
    try:
        yield
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)


@asynccontextmanager
async def shared_memory(
    documents_bytes: int = 8 << 20, pages_bytes: int = 256 << 20
) -> AsyncIterator[SharedMemory]:
    memory = SharedMemory.create([documents_bytes, pages_bytes, 160 << 20])
    try:
        yield memory
    finally:
        for address in memory.addresses:
            os.close(address.descriptor)


@dataclass(frozen=True)
class ReadingRoom:
    intake: Intake
    reader: DocumentReader
    lines: LineReader
    admission: Admission
    arenas: tuple[Arena, ...]
    metrics: Metrics
    gate: PageGate

    @property
    def taken_bytes(self) -> int:
        return sum(arena.taken_bytes for arena in self.arenas)

    async def read(self, job: DocumentJob) -> Page:
        """An image's page."""
        return (await self.reader.read_image(job)).page

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@dataclass(frozen=True)
class Rules:
    """What a pipeline lets in."""

    limits: DocumentLimits = field(default_factory=DocumentLimits)
    max_documents: int = 100
    window_page_count: int = 4
    uploads: UploadConfig = field(default_factory=UploadConfig)


@asynccontextmanager
async def reading_room(
    memory: SharedMemory, pools: Pools, metrics: Metrics, rules: Rules
) -> AsyncIterator[ReadingRoom]:
    """A pipeline that serves. At the end it must be empty."""
    contents, pages, tensors = (
        Arena(n, each.size_bytes) for n, each in enumerate(memory.addresses)
    )
    admission = Admission(rules.max_documents, Backlog(), DrainRate(initial=2.0))
    admission.open()
    intake = Intake(admission, memory, contents, pools.cpu, UploadSpace(rules.uploads))
    gate = PageGate(8)
    work = PageWork(load_of, admission.drain, busy_page_count=2)
    tools = LineTools(pools, tensors, gate, work, lambda model: EXACT)
    reader = DocumentReader(
        intake,
        PagePipeline(pools, PageArenas(pages, tensors), gate, work, lambda model: EXACT),
        work,
        rules.limits,
        metrics,
        window_page_count=rules.window_page_count,
    )
    room = ReadingRoom(
        intake,
        reader,
        LineReader(intake, tools, metrics),
        admission,
        (contents, pages, tensors),
        metrics,
        gate,
    )
    async with serving(pools.cpu, pools.models):
        yield room
        await until(lambda: not room.taken_bytes)  # what was cancelled may run to its end yet
    assert admission.document_count == 0
    assert room.metric("inkstream_pages_in_flight") == 0
