"""The bytes of an input: in memory, or a file laid over memory. What they mean is the readers'."""

from __future__ import annotations

import mmap
from io import BytesIO
from pathlib import Path
from typing import IO, TypeAlias, cast

Content: TypeAlias = bytes | mmap.mmap
"""Both give slices as bytes, and their buffer without a copy."""


def map_file(path: Path) -> mmap.mmap:
    """The file's bytes, read as they are touched. What is written to them stays in this process.

    The file is not empty. It need not stay open, and may lose its name.
    """
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)


def file_of(content: Content) -> IO[bytes]:
    """A file to read from, whose start may be written over; a mapped one is not copied."""
    if isinstance(content, bytes):
        return BytesIO(content)
    content.seek(0)
    return cast("IO[bytes]", content)  # it has what is used of one: read, write, seek and tell
