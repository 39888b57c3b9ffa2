"""Lets documents in: admits them, and puts their bytes where the workers can read them."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from inkstream_server.document.page_ranges import PageRanges
from inkstream_server.errors import ContentTooLarge, EmptyInput, QueueFull
from inkstream_server.pipeline.dispatcher import Dispatcher
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.pipeline.upload import Upload, UploadSpace
from inkstream_server.scheduling.admission import Admission, Seat
from inkstream_server.scheduling.place import Flow
from inkstream_server.scheduling.priority import Priority
from inkstream_server.workers.arena import Arena, Lease
from inkstream_server.workers.cpu_tasks import CloseDocument, DocumentRef, RawLayout
from inkstream_server.workers.hold import Hold
from inkstream_server.workers.memory import ArrayHandle, SharedMemory
from inkstream_server.workers.spool import FileHandle

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
    An upload was let in when it began, and is complete; whoever opened it closes it.
    """

    content: bytes | Upload
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
class Content:
    """The bytes of one picture among several, not empty."""

    data: bytes
    password: str = ""
    raw: RawLayout | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document whose bytes lie where workers read them, and its place inside.

    `job` is what it was, without them: what waits should hold them once.
    """

    job: DocumentJob
    ref: DocumentRef
    content: Hold
    seat: Seat


@dataclass(frozen=True, slots=True)
class StoredContents:
    """Several pictures, in one block of shared memory, and their place inside."""

    refs: tuple[DocumentRef, ...]
    block: Lease
    seat: Seat


class Intake:
    """The door. A document inside is counted, and its bytes stay put until it leaves."""

    def __init__(
        self,
        admission: Admission,
        memory: SharedMemory,
        contents: Arena,
        cpu: Dispatcher,
        uploads: UploadSpace,
    ) -> None:
        self._admission = admission
        self._memory = memory
        self._contents = contents
        self._cpu = cpu
        self._uploads = uploads
        self._document_ids = itertools.count(1)

    def open_upload(self, priority: Priority, client: str) -> Upload:
        """Let a document in whose bytes are still to come.

        Raises QueueFull, StartingUp or ShuttingDown.
        """
        with ExitStack() as inside:
            seat = inside.enter_context(self._admission.admit(self._flow(priority, client)))
            return Upload(self._uploads, seat, inside.pop_all())

    @asynccontextmanager
    async def stored(self, job: DocumentJob) -> AsyncIterator[StoredDocument]:
        """The document, inside for the block.

        Raises EmptyInput, ContentTooLarge, ByteQuotaFull, QueueFull, SpoolFull, StartingUp or
        ShuttingDown.
        """
        with ExitStack() as inside:
            if isinstance(job.content, Upload):
                seat = job.content.seat
                handle, content = await self._place_upload(job.content, inside)
            else:
                self._check_size(len(job.content))
                flow = self._flow(job.priority, job.client)
                seat = inside.enter_context(self._admission.admit(flow))
                seat.take_bytes(len(job.content))
                handle, content = await self._place(job.content, flow, inside)
            job = replace(job, content=b"")
            ref = DocumentRef(seat.flow.document, handle, job.password, job.raw)
            try:
                yield StoredDocument(job, ref, content, seat)
            finally:
                self._cpu.tell_all(CloseDocument(ref.document_id))

    @asynccontextmanager
    async def stored_all(
        self, contents: Sequence[Content], priority: Priority, client: str
    ) -> AsyncIterator[StoredContents]:
        """The pictures, inside for the block; together they count as one document.

        Raises ContentTooLarge, ByteQuotaFull, QueueFull, StartingUp or ShuttingDown.
        """
        size = max(1, sum(len(each.data) for each in contents))
        self._check_size(size)
        flow = self._flow(priority, client)
        with ExitStack() as inside:
            seat = inside.enter_context(self._admission.admit(flow))
            seat.take_bytes(size)
            block = inside.enter_context(self._block(size, flow))
            pairs = _laid_out(block, [each.data for each in contents])
            await self._write(pairs, block)
            refs = tuple(
                DocumentRef(next(self._document_ids), handle, each.password, each.raw)
                for (handle, _), each in zip(pairs, contents, strict=True)
            )
            yield StoredContents(refs, block, seat)

    def _flow(self, priority: Priority, client: str) -> Flow:
        return Flow(priority, client, next(self._document_ids))

    async def _place_upload(
        self, upload: Upload, inside: ExitStack
    ) -> tuple[ArrayHandle | FileHandle, Hold]:
        if upload.size_bytes == 0:
            raise EmptyInput("the document's chunks are empty")
        if upload.file is None:
            block = self._contents.lease_now(upload.size_bytes)
            if block is None:  # it is here, and will not be sent away for want of memory
                await upload.move_to_disk()
            else:
                inside.enter_context(block)
                await self._write(_laid_out(block, upload.parts), block)
                upload.forget_memory()
                return block.array((upload.size_bytes,)), block
        assert upload.file is not None
        return upload.file.handle, inside.enter_context(upload.file.hold())

    async def _place(
        self, content: bytes, flow: Flow, inside: ExitStack
    ) -> tuple[ArrayHandle, Hold]:
        block = inside.enter_context(self._block(len(content), flow))
        handle = block.array((len(content),))
        await self._write([(handle, content)], block)
        return handle, block

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

    async def _write(self, pairs: Sequence[tuple[ArrayHandle, bytes]], block: Lease) -> None:
        if sum(handle.size_bytes for handle, _ in pairs) <= _SMALL_BYTES:
            self._write_all(pairs)
            return
        # The thread goes on should the caller go away, and holds the block until it is done.
        writing = asyncio.ensure_future(asyncio.to_thread(self._write_all, pairs))
        block.hold()
        writing.add_done_callback(lambda _: block.release())
        await asyncio.shield(writing)

    def _write_all(self, pairs: Sequence[tuple[ArrayHandle, bytes]]) -> None:
        for handle, content in pairs:
            self._memory.write(handle, content)


def _laid_out(block: Lease, parts: Sequence[bytes]) -> list[tuple[ArrayHandle, bytes]]:
    """Where each part goes: one behind the other."""
    starts = itertools.accumulate((len(part) for part in parts), initial=0)
    return [
        (block.array((len(part),), skip=start), part)
        for part, start in zip(parts, starts, strict=False)
    ]


def left_s(deadline_at: float | None) -> float | None:
    """What a deadline (time.monotonic) leaves from now on; None where there is none."""
    return None if deadline_at is None else deadline_at - time.monotonic()
