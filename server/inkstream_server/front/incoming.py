"""A document on its way in from HTTP, part by part; where it comes from is not known here.

What is small is kept in memory, and let in when it is complete, as a message of gRPC is. What
grows past that is let in at once, and kept as an upload is.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from inkstream_server.errors import ContentTooLarge, QueueFull
from inkstream_server.pipeline.upload import Upload
from inkstream_server.scheduling.budget import Budget

SMALL_BYTES: Final = 1 << 20


class IncomingFile:
    """One document. It is let go of when the block that it is used in is left."""

    def __init__(self, open_upload: Callable[[], Upload], limit_bytes: int, memory: Budget) -> None:
        """`open_upload` lets a large one in; it raises what refuses it.

        `memory` is for all that are on their way and not let in yet.
        """
        self._open_upload = open_upload
        self._limit_bytes = limit_bytes
        self._memory = memory
        self._begun = bytearray()
        self._upload: Upload | None = None
        self.size_bytes = 0

    async def append(self, part: bytes) -> None:
        """Add the next bytes.

        Raises ContentTooLarge, QueueFull, SpoolFull and what refuses a large one.
        """
        self.size_bytes += len(part)
        self.check_size(self.size_bytes)
        if self._upload is not None:
            await self._upload.append(part)
            return
        self._keep(part)
        if self.size_bytes > SMALL_BYTES:
            self._upload = self._open_upload()
            await self._upload.append(self._taken())

    def check_size(self, size_bytes: int) -> None:
        """Raises ContentTooLarge, where it is known beforehand how large it is."""
        if size_bytes > self._limit_bytes:
            raise ContentTooLarge(
                f"the file has more than {self._limit_bytes} bytes", max_bytes=self._limit_bytes
            )

    def take(self) -> bytes | Upload:
        """All of it, once it is complete."""
        return self._taken() if self._upload is None else self._upload

    def _taken(self) -> bytes:
        """What is in memory here, which is then held by who took it alone."""
        content = bytes(self._begun)
        self._forget()
        return content

    def _keep(self, part: bytes) -> None:
        if not self._memory.take(len(part)):
            raise QueueFull(
                "the documents on their way in leave no room for another",
                max_bytes=self._memory.total,
            )
        self._begun += part

    def _forget(self) -> None:
        self._memory.give_back(len(self._begun))
        self._begun.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forget()
        if self._upload is not None:
            self._upload.close()
