"""A whole pipeline around two pools of workers, and what of it a test looks at."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.engines.engine import EngineSettings
from inkstream_server.engines.fake import PLAIN_CHARACTERS, FakeEngine
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.pipeline.dispatcher import Dispatcher
from inkstream_server.pipeline.document import DocumentReader
from inkstream_server.pipeline.intake import Intake
from inkstream_server.pipeline.page import PagePipeline
from inkstream_server.pipeline.results import Page
from inkstream_server.pipeline.settings import PageDefaults, ServedModels, SettingsBook
from inkstream_server.scheduling.admission import Admission
from inkstream_server.stages.line_widths import EXACT
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.workers.arena import Arena
from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.model_tasks import ModelToLoad

MODELS = ServedModels("det", "rec", "cls")
BOOK = SettingsBook(PageDefaults(), MODELS)


def models_to_load(engine: FakeEngine | None = None) -> tuple[ModelToLoad, ...]:
    files = [
        ModelFiles("det", Module.TEXT_DETECTION, Path("det"), None),
        ModelFiles("rec", Module.TEXT_RECOGNITION, Path("rec"), None, PLAIN_CHARACTERS),
        ModelFiles("cls", Module.TEXTLINE_ORIENTATION, Path("cls"), None),
    ]
    return tuple(ModelToLoad(each, engine or FakeEngine(), EngineSettings()) for each in files)


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
async def shared_memory(documents_bytes: int = 8 << 20) -> AsyncIterator[SharedMemory]:
    memory = SharedMemory.create([documents_bytes, 256 << 20, 160 << 20])
    try:
        yield memory
    finally:
        for address in memory.addresses:
            os.close(address.descriptor)


@dataclass(frozen=True)
class Pools:
    cpu: Dispatcher
    models: Dispatcher
    metrics: Metrics


@dataclass(frozen=True)
class ReadingRoom:
    reader: DocumentReader
    admission: Admission
    arenas: tuple[Arena, ...]
    metrics: Metrics

    @property
    def taken_bytes(self) -> int:
        return sum(arena.taken_bytes for arena in self.arenas)

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def reading_room(
    memory: SharedMemory,
    pools: Pools,
    *,
    limits: DocumentLimits | None = None,
    max_documents: int = 100,
    window_page_count: int = 4,
) -> AsyncIterator[ReadingRoom]:
    """A pipeline that serves. At the end it must be empty."""
    contents, pages, tensors = (
        Arena(n, each.size_bytes) for n, each in enumerate(memory.addresses)
    )
    admission = Admission(max_documents)
    admission.open()
    reader = DocumentReader(
        Intake(admission, memory, contents, pools.cpu),
        PagePipeline(pools.cpu, pools.models, pages, tensors, lambda model: EXACT),
        pools.cpu,
        limits or DocumentLimits(),
        pools.metrics,
        window_page_count=window_page_count,
    )
    room = ReadingRoom(reader, admission, (contents, pages, tensors), pools.metrics)
    async with serving(pools.cpu, pools.models):
        yield room
        await until(lambda: not room.taken_bytes)  # what was cancelled may run to its end yet
    assert admission.document_count == 0
    assert room.metric("inkstream_pages_in_flight") == 0
