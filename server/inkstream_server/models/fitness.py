"""Whether a directory holds the model that it should. Says what it is instead; hashes nothing."""

from __future__ import annotations

from pathlib import Path

from inkstream_server.errors import ModelArchiveRefused, ModelDamaged, OcrError
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.entry import CatalogueEntry
from inkstream_server.models.files import DESCRIPTION
from inkstream_server.models.inference_yml import InferenceYml, read_inference_yml


def check_fitness(directory: Path, entry: CatalogueEntry, origin: str) -> None:
    """ModelArchiveRefused; `origin` is what the message calls the directory, which is passing."""
    description = _description(directory, origin)
    if description.name not in ("", entry.name, entry.own_name):
        raise ModelArchiveRefused(
            f"{origin} holds the model {description.name}, not {entry.name}", file=origin
        )
    if description.module is not None and description.module is not entry.module:
        raise ModelArchiveRefused(
            f"{origin} holds a model for {description.module.value}; {entry.name} is one for "
            f"{entry.module.value}",
            file=origin,
        )
    try:
        read_model_directory(directory, entry.module)
    except OcrError as error:
        raise ModelArchiveRefused(
            f"{origin} holds no whole model: {_without_place(error, directory)}", file=origin
        ) from error


def _description(directory: Path, origin: str) -> InferenceYml:
    try:
        return read_inference_yml(directory / DESCRIPTION)
    except ModelDamaged as error:
        raise ModelArchiveRefused(
            f"{origin} holds no whole model: {_without_place(error, directory)}", file=origin
        ) from error


def _without_place(error: OcrError, directory: Path) -> str:
    """What is wrong, without where it was for a moment and how to repair it there."""
    return (
        error.message.partition(";")[0].replace(f"{directory}/", "").replace(str(directory), "it")
    )
