"""What a model is on disk, once read and checked. `directory` reads it, `pull` brings it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Final

from inkstream_server.models.line_family import LineFamily
from inkstream_server.models.recipe import USUAL, Recipe

# The official layout of a model directory. An ONNX graph has its weights in itself.
GRAPH_JSON: Final = "inference.json"
GRAPH_PDMODEL: Final = "inference.pdmodel"
GRAPH_ONNX: Final = "inference.onnx"
ONNX_SUFFIX: Final = ".onnx"
GRAPHS: Final = (GRAPH_JSON, GRAPH_PDMODEL, GRAPH_ONNX)
"""In the order in which one of them wins, where an engine reads several that are there."""
WEIGHTS: Final = "inference.pdiparams"
DESCRIPTION: Final = "inference.yml"
# What a pull takes out of an archive; whatever else is there stays there.
MODEL_FILES: Final = frozenset({*GRAPHS, WEIGHTS, DESCRIPTION})


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

    `weights` is None where the graph holds them. `characters` is the dictionary of a recogniser, in
    the order of its classes, without the CTC blank before and the space after it; empty for other
    modules. `other_graphs` are the same model in other formats, each as (graph, weights).
    """

    name: str
    module: Module
    graph: Path
    weights: Path | None
    characters: tuple[str, ...] = ()
    # Of line-orientation models.
    line_family: LineFamily = LineFamily.MOBILE_V2
    recipe: Recipe = USUAL
    other_graphs: tuple[tuple[Path, Path | None], ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that an engine loads; none where it is the fake engine."""
        if self.weights is not None:
            return self.graph, self.weights
        return (self.graph,) if self.is_onnx else ()

    @property
    def is_onnx(self) -> bool:
        """Whether the graph is, by any name, an ONNX file."""
        return self.graph.suffix == ONNX_SUFFIX

    def in_each_format(self) -> Iterator[ModelFiles]:
        """This model, and then with each of its other graphs in the place of its own."""
        yield replace(self, other_graphs=())
        for graph, weights in self.other_graphs:
            yield replace(self, graph=graph, weights=weights, other_graphs=())
