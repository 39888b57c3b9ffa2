"""What a model worker is given and can be asked to do, as values, without the code that does it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from inkstream_server.engines.engine import Device, Engine, EngineSettings
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.stages.recognition import LINE_HEIGHT_PX, LineText
from inkstream_server.stages.textline_orientation import LineOrientation
from inkstream_server.stages.unwarping import Warp
from inkstream_server.workers.memory import ArrayHandle
from inkstream_server.workers.task import Task


@dataclass(frozen=True, slots=True)
class ModelBucket:
    """What may share a batch: items of one model with inputs of one shape (pixels)."""

    model: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return self.model

    @property
    def item_pixels(self) -> int:
        """Padded pixels of one item. Lines, whose shape is their width, count as of one height."""
        height_px = LINE_HEIGHT_PX if len(self.shape) == 1 else 1
        return height_px * math.prod(self.shape)

    def own_pixels(self, item: object) -> int:
        """Those of an item that are its own; the others are padding, which lines alone have."""
        if not isinstance(item, Recognise):
            return self.item_pixels
        _, width_px, _ = item.line.shape
        return LINE_HEIGHT_PX * min(width_px, *self.shape)


@dataclass(frozen=True, slots=True)
class Detect(Task[None]):
    """Write the probability map (H x W, float32) of `image` (H x W x 3, BGR)."""

    image: ArrayHandle
    probabilities: ArrayHandle


@dataclass(frozen=True, slots=True)
class ClassifyPage(Task[int]):
    """Tell by how many degrees counter-clockwise a fitted page has to be turned."""

    page: ArrayHandle


@dataclass(frozen=True, slots=True)
class FindWarp(Task[Warp]):
    """Tell how a shrunk page (3 x 712 x 488, float32) is made flat."""

    page: ArrayHandle


@dataclass(frozen=True, slots=True)
class Classify(Task[LineOrientation]):
    """Tell a fitted line's orientation."""

    line: ArrayHandle


@dataclass(frozen=True, slots=True)
class Recognise(Task[LineText]):
    """Read a fitted line (h x w x 3, BGR)."""

    line: ArrayHandle
    wants_words: bool = False


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What a model worker tells of one model that it serves."""

    name: str
    module: Module
    engine: str
    device: str
    precision: str
    character_count: int
    # What one worker has in memory for it once it is warm.
    memory_bytes: int = field(default=0, compare=False)
    # What tells its files from another's; told by who had them loaded.
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class ModelToLoad:
    """A model, what runs it, and where."""

    files: ModelFiles
    engine: Engine
    settings: EngineSettings
    # Of recognisers: what line widths are rounded up to, as configured.
    width_step: int | None = None

    def on(self, device: Device) -> ModelToLoad:
        """The same on another device."""
        return replace(self, settings=replace(self.settings, device=device))
