"""A document on its way in from HTTP, part by part; where it comes from is not known here.

What is small is kept in memory, and let in when it is complete, as a message of gRPC is. What
grows past that is let in at once, and kept as an upload is.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from inkstream_server.errors import ContentTooLarge
from inkstream_server.pipeline.upload import Upload

SMALL_BYTES: Final = 1 << 20


class IncomingFile:
    """One document. It is let go of when the block that it is used in is left."""

    def __init__(self, open_upload: Callable[[], Upload], limit_bytes: int) -> None:
        """`open_upload` lets a large one in; it raises what refuses it."""
        self._open_upload = open_upload
        self._limit_bytes = limit_bytes
        self._parts: list[bytes] = []
        self._upload: Upload | None = None
        self.size_bytes = 0

    async def append(self, part: bytes) -> None:
        """Add the next bytes. Raises ContentTooLarge, SpoolFull and what refuses a large one."""
        self.size_bytes += len(part)
        self.check_size(self.size_bytes)
        if self._upload is not None:
            await self._upload.append(part)
            return
        self._parts.append(part)
        if self.size_bytes > SMALL_BYTES:
            self._upload = self._open_upload()
            await self._upload.append(self._taken_parts())

    def check_size(self, size_bytes: int) -> None:
        """Raises ContentTooLarge, where it is known beforehand how large it is."""
        if size_bytes > self._limit_bytes:
            raise ContentTooLarge(
                f"the file has more than {self._limit_bytes} bytes", max_bytes=self._limit_bytes
            )

    def take(self) -> bytes | Upload:
        """All of it, once it is complete."""
        return self._taken_parts() if self._upload is None else self._upload

    def _taken_parts(self) -> bytes:
        """What is in memory here, which is then held by who took it alone."""
        content = b"".join(self._parts)
        self._parts.clear()
        return content

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._upload is not None:
            self._upload.close()
