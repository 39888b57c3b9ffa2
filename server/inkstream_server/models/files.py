"""What a model is on disk, once read and checked. `directory` reads it, `pull` brings it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from inkstream_server.models.line_family import LineFamily

# The official layout of a model directory. Of the two graphs the JSON one wins.
GRAPH_JSON: Final = "inference.json"
GRAPH_PDMODEL: Final = "inference.pdmodel"
WEIGHTS: Final = "inference.pdiparams"
DESCRIPTION: Final = "inference.yml"


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

    `weights` is None only where no file is read at all, which is the fake engine's case.
    `characters` is the dictionary of a recogniser, in the order of its classes, without the CTC
    blank before and the space after it; empty for other modules. How pictures are prepared is not
    here: the stages compute what PaddleX does for the module, with its standard values.
    """

    name: str
    module: Module
    graph: Path
    weights: Path | None
    characters: tuple[str, ...] = ()
    # Of line-orientation models.
    line_family: LineFamily = LineFamily.MOBILE_V2
