"""Tells what widths the lines of each recogniser are padded to, once the models are loaded."""

from __future__ import annotations

from collections.abc import Sequence

from inkstream_server.stages.line_widths import USUAL, LineWidths
from inkstream_server.workers.model_tasks import LoadedModel, ModelToLoad
from inkstream_server.workers.widths import widths_of


class ModelWidths:
    """The precision that a recogniser really runs in decides, where nothing is configured."""

    def __init__(
        self,
        width_step: int | None,
        loaded: Sequence[LoadedModel],
        models: Sequence[ModelToLoad] = (),
    ) -> None:
        """`loaded` is filled by its owner when the workers are warm."""
        self._width_step = width_step
        self._loaded = loaded
        self._recipes = {model.files.name: model.files.recipe.recognition for model in models}

    def of(self, model: str) -> LineWidths:
        precisions = {each.name: each.precision for each in self._loaded}
        recipe = self._recipes.get(model, USUAL)
        return widths_of(self._width_step, precisions[model], recipe)
