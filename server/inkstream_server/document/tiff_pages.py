"""Where the pages of a TIFF lie in its bytes. Reads the chain of directories, never a tag."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final, Self

from inkstream_server.document.content import Content
from inkstream_server.errors import ImageDamaged, TooManyPages

# Far above any scan; a forged chain of six-byte directories could have eleven million.
MAX_TIFF_PAGES: Final = 20_000


@dataclass(frozen=True, slots=True)
class TiffLayout:
    """The `struct` formats that TIFF and BigTIFF, in either byte order, lay directories out by."""

    first_offset_at: int
    offset_format: str
    count_format: str
    entry_bytes: int

    @classmethod
    def of(cls, content: Content) -> Self:
        order = "<" if content[:2] == b"II" else ">"
        if b"+" in content[2:4]:
            return cls(8, order + "Q", order + "Q", entry_bytes=20)
        return cls(4, order + "I", order + "H", entry_bytes=12)

    def next_offset_at(self, content: Content, directory_at: int) -> int:
        """struct.error where the directory is cut off."""
        (entry_count,) = struct.unpack_from(self.count_format, content, directory_at)
        body_bytes: int = struct.calcsize(self.count_format) + entry_count * self.entry_bytes
        return directory_at + body_bytes

    def offset(self, content: Content, at: int) -> int:
        offset: int = struct.unpack_from(self.offset_format, content, at)[0]
        return offset


def find_tiff_pages(content: Content) -> list[int]:
    """The offset of every page's directory, in page order.

    Where the chain breaks, its last offset is still listed: that page will fail when it is read,
    and the pages before it will not. Raises ImageDamaged where there is not even a first one.
    """
    layout = TiffLayout.of(content)
    offsets: dict[int, None] = {}  # ordered, and quick to search: forged chains run in circles
    at = layout.first_offset_at
    while True:
        try:
            directory_at = layout.offset(content, at)
            if directory_at == 0 or directory_at in offsets:
                break
            offsets[directory_at] = None
            at = layout.next_offset_at(content, directory_at)
        except (struct.error, OverflowError):  # beyond the end, or beyond what an index may be
            break
        if len(offsets) > MAX_TIFF_PAGES:
            raise TooManyPages(
                f"the TIFF has more than {MAX_TIFF_PAGES} pages", max_pages=MAX_TIFF_PAGES
            )
    if not offsets:
        raise ImageDamaged("the TIFF has no page directory")
    return list(offsets)
