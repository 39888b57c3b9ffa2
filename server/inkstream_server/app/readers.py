"""Builds what reads documents and lines with a server's pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inkstream_server.app.pools import ServerPools
from inkstream_server.config import ServerConfig
from inkstream_server.pipeline.bounds import window_page_count, working_page_count
from inkstream_server.pipeline.document import DocumentReader
from inkstream_server.pipeline.gate import PageGate
from inkstream_server.pipeline.intake import Intake
from inkstream_server.pipeline.lines import LineReader, LineTools
from inkstream_server.pipeline.page import PagePipeline
from inkstream_server.pipeline.page_work import PageWork
from inkstream_server.pipeline.upload import UploadSpace
from inkstream_server.scheduling.admission import Admission
from inkstream_server.stages.line_widths import LineWidths


@dataclass(frozen=True, slots=True)
class Readers:
    """The door, and who reads what came in."""

    intake: Intake
    documents: DocumentReader
    lines: LineReader
    gate: PageGate


def build_readers(
    config: ServerConfig,
    pools: ServerPools,
    admission: Admission,
    work: PageWork,
    widths_of: Callable[[str], LineWidths],
) -> Readers:
    worker_count = pools.plan.workers.model_workers
    gate = PageGate(config.working_pages or working_page_count(worker_count))
    space = UploadSpace(config.uploads)
    for place, budget in (("memory", space.memory), ("disk", space.disk)):
        pools.metrics.room.watch_uploads(place, budget)
    intake = Intake(admission, pools.memory, pools.documents, pools.workers.cpu, space)
    documents = DocumentReader(
        intake,
        PagePipeline(pools.workers, pools.arenas, gate, work, widths_of),
        work,
        config.limits,
        pools.metrics,
        window_page_count=config.window_pages or window_page_count(worker_count),
    )
    tools = LineTools(pools.workers, pools.arenas.tensors, gate, work, widths_of)
    return Readers(intake, documents, LineReader(intake, tools, pools.metrics), gate)
