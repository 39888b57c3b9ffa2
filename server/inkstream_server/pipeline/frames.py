"""Says where what was found on a page, as it was read, lies on the image that the caller means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from inkstream_server.document.page_size import PageSize
from inkstream_server.stages import doc_orientation, unwarping
from inkstream_server.stages.regions import Polygon
from inkstream_server.stages.unwarping import Warp


class Frame(Enum):
    """The image that coordinates are in."""

    SOURCE = "source"  # as it was sent, or as the PDF page was rasterised
    READ = "read"  # turned and unwarped


@dataclass(frozen=True, slots=True)
class PageFrame:
    """One page's frame, and the way from the page as read to it.

    `source` is the page's size before it was turned, by `angle` (negative: it was not), and then
    unwarped, by `warp`.
    """

    frame: Frame
    source: PageSize
    angle: int
    warp: Warp | None

    @property
    def size(self) -> PageSize:
        return self.source if self.frame is Frame.SOURCE else self._upright

    def place(self, polygons: Sequence[Polygon]) -> list[Polygon]:
        """The polygons, which lie on the page as it was read, in this frame; in their order."""
        if self.frame is Frame.READ:
            return list(polygons)
        if self.warp is not None:
            upright = self._upright
            polygons = unwarping.to_source(polygons, self.warp, upright.height_px, upright.width_px)
        height, width = self.source.height_px, self.source.width_px
        return [doc_orientation.to_source(each, self.angle, height, width) for each in polygons]

    @property
    def _upright(self) -> PageSize:
        size = self.source.height_px, self.source.width_px
        return PageSize(*doc_orientation.turned_size(*size, max(0, self.angle)))
