"""What a model is on disk, once read and checked. `directory` reads it, `pull` brings it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

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
class Transform:
    """One of `PreProcess.transform_ops`: PaddleX's name of the step, and its arguments as written.

    `scale` alone is changed: it is always a float, also where the file has the text `1./255.`.
    """

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """One model, ready to be loaded by an engine.

    `characters` is the dictionary of a recogniser, in the order of its classes, without the CTC
    blank before and the space after it. `labels` are the classes of a classifier, as its file
    has them: `180` or `180_degree`. `transforms` is empty where the directory says nothing, and
    the module's standard values hold.
    """

    name: str
    module: Module
    graph: Path
    weights: Path | None
    characters: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    transforms: tuple[Transform, ...] = ()
