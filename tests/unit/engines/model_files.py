"""Models that lie nowhere: enough for what decides before it loads."""

from __future__ import annotations

from pathlib import Path

from inkstream_server.models.files import ModelFiles, Module


def model_files(
    module: Module = Module.TEXT_RECOGNITION,
    *,
    graph: str = "inference.pdmodel",
    has_weights: bool = True,
    characters: str = "",
) -> ModelFiles:
    folder = Path("/nowhere")
    weights = folder / "inference.pdiparams" if has_weights else None
    return ModelFiles("a_model", module, folder / graph, weights, tuple(characters))
