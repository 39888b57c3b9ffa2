"""What is written on a result image. Known to who asks for one, without the code that makes it."""

from __future__ import annotations

from dataclasses import dataclass

from inkstream_server.stages.regions import Polygon


@dataclass(frozen=True, slots=True)
class Caption:
    """A text, and where on the page it stands."""

    text: str
    polygon: Polygon
