"""A file that gives no more at once than an honest archive needs, and nothing past its end."""

from __future__ import annotations

from typing import IO, Final

from inkstream_server.errors import ModelArchiveRefused

# What archives keep in one piece: a tar's extended header, a zip's list of members.
_PIECE_BYTES: Final = 1 << 20


class BoundedReader:
    """What `tarfile` and `zipfile` read through: they take the sizes that a header claims."""

    def __init__(self, file: IO[bytes], origin: str) -> None:
        self._file = file
        self._origin = origin

    def read(self, size: int | None = -1, /) -> bytes:
        content = self._file.read(
            _PIECE_BYTES + 1 if size is None or size < 0 else min(size, _PIECE_BYTES + 1)
        )
        if len(content) > _PIECE_BYTES:
            raise ModelArchiveRefused(
                f"{self._origin} has a header of more than {_PIECE_BYTES} bytes", file=self._origin
            )
        return content

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return self._file.seek(offset, whence)
        except OSError as error:  # before its beginning
            raise ValueError("it points outside itself") from error

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True
