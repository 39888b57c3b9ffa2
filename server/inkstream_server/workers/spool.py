"""Files of documents that are too large for memory. When one is written is not decided here.

A file has no name: workers reach it through the server's own descriptor, which /proc shows to
processes of the same user. However the server ends, nothing is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from inkstream_server.errors import Fault, InternalError, OcrError

# No room, no quota, no descriptor left: all of them pass.
_PASSING: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE})


class SpoolFull(OcrError):
    """There is no room for an upload just now."""

    reason = "SPOOL_FULL"
    fault = Fault.BUSY


@dataclass(frozen=True, slots=True)
class FileHandle:
    """Where a file lies, for any process of the same user, while somebody holds it."""

    path: str
    size_bytes: int


class SpoolFile:
    """A file that its writer appends to. It is gone when its last holder releases it.

    Used by one event loop; the disk is touched by its threads alone.
    """

    def __init__(self, folder: Path | None) -> None:
        """Nothing is opened before the first write. None: where the system keeps such files."""
        self._folder = folder
        self._file: FileIO | None = None
        self._size_bytes = 0
        self._holder_count = 1

    @property
    def handle(self) -> FileHandle:
        """Of what has been written so far, which must be something."""
        assert self._file is not None, "nothing has been written yet"
        return FileHandle(f"/proc/{os.getpid()}/fd/{self._file.fileno()}", self._size_bytes)

    async def append(self, parts: Sequence[bytes]) -> None:
        """Write the parts, one behind the other. Raises SpoolFull.

        Should the caller go away, the thread goes on, and holds the file until it is done.
        """
        self.hold()
        writing = asyncio.ensure_future(asyncio.to_thread(self._append, parts))
        writing.add_done_callback(self._on_written)
        await asyncio.shield(writing)

    def hold(self) -> Self:
        assert self._holder_count > 0, "the file is gone already"
        self._holder_count += 1
        return self

    def release(self) -> None:
        assert self._holder_count > 0, "the file is gone already"
        self._holder_count -= 1
        if self._holder_count == 0 and self._file is not None:
            # Freeing what a large file took is work for the disk too.
            asyncio.get_running_loop().run_in_executor(None, self._file.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _append(self, parts: Sequence[bytes]) -> None:
        try:
            if self._file is None:
                # Closed by its last holder, in `release`.
                self._file = tempfile.TemporaryFile(buffering=0, dir=self._folder)  # noqa: SIM115
            for part in parts:
                rest = memoryview(part)
                while rest:
                    written = self._file.write(rest)
                    self._size_bytes += written
                    rest = rest[written:]
        except OSError as error:
            raise _error_of(error) from error

    def _on_written(self, writing: asyncio.Future[None]) -> None:
        self.release()
        with contextlib.suppress(asyncio.CancelledError):
            writing.exception()  # seen, also where nobody waits for it any more


def check_spool(folder: Path | None) -> None:
    """Raises SpoolUnusable where no file can be made there."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        where = folder or tempfile.gettempdir()
        raise SpoolUnusable(
            f"no upload can be kept in {where}: {error.strerror}; choose with --set uploads.dir"
        ) from error


class SpoolUnusable(OcrError):
    """The folder for uploads is not there, or cannot be written to."""

    reason = "SPOOL_UNUSABLE"
    fault = Fault.SETUP


def _error_of(error: OSError) -> OcrError:
    if error.errno in _PASSING:
        return SpoolFull(f"the upload cannot be kept: {error.strerror}")
    return InternalError(f"an upload cannot be written: {error}")
