"""Lets documents in: admits them, and puts their bytes where the workers can read them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from inkstream_server.document.page_ranges import PageRanges
from inkstream_server.errors import ContentTooLarge, EmptyInput, QueueFull
from inkstream_server.pipeline.dispatcher import Dispatcher
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.scheduling.admission import Admission, Seat
from inkstream_server.scheduling.place import Flow
from inkstream_server.scheduling.priority import Priority
from inkstream_server.workers.arena import Arena, Lease
from inkstream_server.workers.cpu_tasks import CloseDocument, DocumentRef, RawLayout
from inkstream_server.workers.memory import ArrayHandle, SharedMemory

# Up to here a copy into shared memory takes less time than handing it to a thread.
_SMALL_BYTES: Final = 1 << 20


class PageOrder(Enum):
    """The order in which pages come back."""

    DOCUMENT = "document"
    COMPLETION = "completion"


@dataclass(frozen=True, slots=True)
class DocumentJob:
    """A document to read.

    `client` is who it is read for, among whom the server is shared fairly; `deadline_at` is when
    nobody waits for it any more (time.monotonic, None: never). `dpi` None: the server's default.
    """

    content: bytes
    settings: PageSettings
    priority: Priority
    client: str = ""
    deadline_at: float | None = None
    password: str = ""
    raw: RawLayout | None = None
    ranges: PageRanges = field(default_factory=PageRanges)
    dpi: int | None = None
    order: PageOrder = PageOrder.DOCUMENT


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document whose bytes lie in shared memory, and its place inside."""

    ref: DocumentRef
    content: Lease
    seat: Seat


class Intake:
    """The door. A document inside is counted, and its bytes stay put until it leaves."""

    def __init__(
        self, admission: Admission, memory: SharedMemory, contents: Arena, cpu: Dispatcher
    ) -> None:
        self._admission = admission
        self._memory = memory
        self._contents = contents
        self._cpu = cpu
        self._document_ids = itertools.count(1)

    @asynccontextmanager
    async def stored(self, job: DocumentJob) -> AsyncIterator[StoredDocument]:
        """The document, inside for the block.

        Raises EmptyInput, ContentTooLarge, QueueFull, StartingUp or ShuttingDown.
        """
        size = len(job.content)
        self._check_size(size)
        flow = Flow(job.priority, job.client, next(self._document_ids))
        with self._admission.admit(flow) as seat, self._block(size, flow) as block:
            handle = block.array((size,))
            await self._write(handle, job.content, block)
            ref = DocumentRef(flow.document, handle, job.password, job.raw)
            try:
                yield StoredDocument(ref, block, seat)
            finally:
                self._cpu.tell_all(CloseDocument(ref.document_id))

    def _check_size(self, size: int) -> None:
        if size == 0:
            raise EmptyInput("the source is empty")
        if not self._contents.fits(size):
            raise ContentTooLarge(
                f"the source has {size} bytes; at most {self._contents.size_bytes} are taken",
                bytes=size,
                max_bytes=self._contents.size_bytes,
            )

    def _block(self, size: int, flow: Flow) -> Lease:
        """Room for the bytes. Nobody waits at the door: a large one would hold up others."""
        block = self._contents.lease_now(size)
        if block is None:
            raise QueueFull(
                f"the documents that are being read leave no room for {size} bytes",
                retry_after_s=self._admission.retry_after_s(flow),
                bytes=size,
                taken_bytes=self._contents.taken_bytes,
                max_bytes=self._contents.size_bytes,
            )
        return block

    async def _write(self, handle: ArrayHandle, content: bytes, block: Lease) -> None:
        if len(content) <= _SMALL_BYTES:
            self._memory.write(handle, content)
            return
        # The thread goes on should the caller go away, and holds the block until it is done.
        writing = asyncio.ensure_future(asyncio.to_thread(self._memory.write, handle, content))
        block.hold()
        writing.add_done_callback(lambda _: block.release())
        await asyncio.shield(writing)
