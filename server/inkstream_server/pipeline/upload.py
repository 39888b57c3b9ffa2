"""Keeps documents while they come in, part by part: in memory first, on disk what is large.

Who may upload how much is decided elsewhere; this says where it is kept, and when it is let go.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from pydantic import BaseModel, Field

from inkstream_server.scheduling.admission import Seat
from inkstream_server.scheduling.budget import Budget
from inkstream_server.workers.spool import SpoolFile, SpoolFull, check_spool

_MEBIBYTE = 1 << 20


class UploadConfig(BaseModel, frozen=True, extra="forbid"):
    """What documents that come in chunks may take."""

    # Where those are kept that are too large for memory. None: the system's folder for such files.
    dir: Path | None = None
    # A document that grows past this goes to disk.
    max_in_memory_bytes: int = Field(default=16 * _MEBIBYTE, ge=0)
    # All documents in memory together; what finds no room goes to disk.
    memory_bytes: int = Field(default=128 * _MEBIBYTE, ge=0)
    # All documents together that come over HTTP or from a URL, up to the first MiB of each: it is
    # kept before they are let in.
    incoming_bytes: int = Field(default=64 * _MEBIBYTE, ge=_MEBIBYTE)
    # All documents on disk together.
    disk_bytes: int = Field(default=16384 * _MEBIBYTE, ge=0)
    # Documents of one call that are read at once. While there are as many, nothing more is taken
    # from the call.
    documents_at_once: int = Field(default=8, ge=1)
    # Documents of one call that may be open, their last chunk still to come.
    max_open_documents: int = Field(default=64, ge=1)
    # Documents that one call may bring, one after the other.
    max_call_documents: int = Field(default=100_000, ge=1)
    # Seconds that a call with open documents may send nothing.
    max_idle_s: float = Field(default=60.0, gt=0.0)


class UploadSpace:
    """The room that all uploads of a server share. Raises SpoolUnusable when built."""

    def __init__(self, config: UploadConfig) -> None:
        check_spool(config.dir)
        self.folder = config.dir
        self.max_in_memory_bytes = config.max_in_memory_bytes
        self.memory = Budget(config.memory_bytes)
        self.disk = Budget(config.disk_bytes)


class Upload:
    """One document on its way in, or all of it. Whoever opened it closes it."""

    def __init__(self, space: UploadSpace, seat: Seat, inside: ExitStack) -> None:
        """`inside` is what it means to have the seat; it is left when the upload is closed."""
        self.seat = seat
        self._space = space
        self._inside = inside
        self._parts: list[bytes] = []
        self._in_memory_bytes = 0
        self._on_disk_bytes = 0
        self.file: SpoolFile | None = None
        self.size_bytes = 0

    async def append(self, part: bytes) -> None:
        """Add the next bytes. Raises SpoolFull, ContentTooLarge or ByteQuotaFull."""
        self.seat.take_bytes(len(part))
        if self.file is None and not self._fits(len(part)):
            await self.move_to_disk()
        self.size_bytes += len(part)
        if self.file is None:
            self._parts.append(part)
            self._in_memory_bytes += len(part)
        else:
            await self._write([part])

    async def move_to_disk(self) -> None:
        """Give the memory back. Raises SpoolFull."""
        self.file = SpoolFile(self._space.folder)
        await self._write(self._parts)
        self.forget_memory()

    @property
    def parts(self) -> tuple[bytes, ...]:
        """What of it is in memory, in order: all, or, as soon as it is on disk, nothing."""
        return tuple(self._parts)

    def forget_memory(self) -> None:
        """Give the memory back: the bytes lie elsewhere now."""
        self._parts.clear()
        self._space.memory.give_back(self._in_memory_bytes)
        self._in_memory_bytes = 0

    def close(self) -> None:
        """Let go of everything. May be called again."""
        self.forget_memory()
        self._space.disk.give_back(self._on_disk_bytes)
        self._on_disk_bytes = 0
        if self.file is not None:
            self.file.release()
            self.file = None
        self._inside.close()

    def _fits(self, size: int) -> bool:
        """Whether that much more may be kept in memory; then it is taken."""
        if self.size_bytes + size > self._space.max_in_memory_bytes:
            return False
        return self._space.memory.take(size)

    async def _write(self, parts: list[bytes]) -> None:
        assert self.file is not None
        size = sum(len(part) for part in parts)
        if not self._space.disk.take(size):
            raise SpoolFull(
                f"the uploads that are being read leave no room for {size} bytes",
                max_bytes=self._space.disk.total,
            )
        self._on_disk_bytes += size
        await self.file.append(parts)
