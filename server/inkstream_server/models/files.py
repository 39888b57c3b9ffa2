"""What a model is on disk, once read and checked. Reading it is `directory`'s, fetching it `pull`'s."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Module(Enum):
    """The place of a model in the production line, by PaddleX's own names."""

    TEXT_DETECTION = "text_detection"
    TEXT_RECOGNITION = "text_recognition"
    TEXTLINE_ORIENTATION = "textline_orientation"
    DOC_ORIENTATION = "doc_text_orientation"
    DOC_UNWARPING = "image_unwarping"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """One model, ready to be loaded by an engine.

    `characters` is the dictionary of a recogniser, in the order of its classes, without the CTC
    blank before and the space after it. `labels` are the classes of a classifier.
    """

    name: str
    module: Module
    graph: Path
    weights: Path | None
    characters: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
