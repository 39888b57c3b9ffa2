"""Reads one model directory, written by PaddleX or by a pull. Hashes nothing: see `verify`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inkstream_server.errors import ModelDamaged, ModelMissing
from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.dictionary import parse_dictionary, read_dictionary
from inkstream_server.models.files import (
    DESCRIPTION,
    GRAPH_ONNX,
    GRAPHS,
    WEIGHTS,
    ModelFiles,
    Module,
)
from inkstream_server.models.inference_yml import InferenceYml, read_inference_yml
from inkstream_server.models.line_family import UnknownFamily, line_family_of
from inkstream_server.models.lock import LOCK, ModelLock, repair
from inkstream_server.models.onnx_metadata import CHARACTERS_KEY, onnx_metadata


def read_model_directory(
    path: Path, module: Module | None = None, *, dictionary: Path | None = None
) -> ModelFiles:
    """What an engine and a stage must know of the model at `path`.

    `module` is needed where `inference.yml` is missing or does not tell it, and must not
    contradict it. `dictionary` goes before the one in `inference.yml`. ModelMissing, ModelDamaged
    or ModelNotSupported, with the file, and what to do.
    """
    if not path.is_dir():
        raise ModelMissing(f"no model directory {path}; {_advice(path)}", file=str(path))
    _check_sizes(path)
    (graph, weights), *others = _graphs(path)
    description = read_inference_yml(path / DESCRIPTION)
    module = _module(path, description, module)
    model = ModelFiles(
        name=description.name or path.absolute().name,
        module=module,
        graph=graph,
        weights=weights,
        recipe=description.recipe(module),
        other_graphs=tuple(others),
    )
    model = _with_line_family(model, path, description)
    return _with_characters(model, path, description, dictionary)


def _check_sizes(path: Path) -> None:
    """A file cut short is found here already, where the model was pulled."""
    lock = ModelLock.read(path)
    for name, must in lock.files.items() if lock else ():
        file = _file(path, name)
        size_bytes = file.stat().st_size
        if size_bytes != must.size_bytes:
            raise ModelDamaged(
                f"{file} has {size_bytes} bytes instead of {must.size_bytes}; {repair(path)}",
                file=str(file),
            )


def _graphs(path: Path) -> list[tuple[Path, Path | None]]:
    """Every graph there is, with its weights where it does not hold them itself."""
    names = [name for name in GRAPHS if (path / name).is_file()]
    if not names:
        known = f"{', '.join(GRAPHS[:-1])} nor {GRAPHS[-1]}"
        raise ModelMissing(
            f"{path} has neither {known}; {_advice(path)}", file=str(path / GRAPHS[0])
        )
    return [
        (_file(path, name), None if name == GRAPH_ONNX else _file(path, WEIGHTS)) for name in names
    ]


def _file(path: Path, name: str) -> Path:
    file = path / name
    if not file.is_file():
        raise ModelMissing(f"{file} is missing; {_advice(path)}", file=str(file))
    if file.stat().st_size == 0:
        raise ModelDamaged(f"{file} is empty; {_advice(path)}", file=str(file))
    return file


def _advice(path: Path) -> str:
    """Only `models pull` can repair what it made; for the rest the operator has the source."""
    is_pulled = (path / LOCK).exists()
    can_be = not path.exists() and CATALOGUE.find(path.name) is not None
    return repair(path) if is_pulled or can_be else "copy the model's directory again"


def _module(path: Path, description: InferenceYml, module: Module | None) -> Module:
    told = description.module or module
    if told is None:
        raise ModelDamaged(
            f"{path / DESCRIPTION} does not tell which module the model is for; "
            "name it in the configuration",
            file=str(path / DESCRIPTION),
        )
    if description.labels and description.module is None:
        raise ModelDamaged(
            f"{path / DESCRIPTION} has the classes {', '.join(description.labels)}, which are no "
            f"orientations in the order of {told.value}",
            file=str(path / DESCRIPTION),
        )
    if module is not None and module is not told:
        raise ModelDamaged(
            f"{path} holds a model for {told.value}, it is configured as {module.value}",
            file=str(path / DESCRIPTION),
        )
    return told


def _with_line_family(model: ModelFiles, path: Path, description: InferenceYml) -> ModelFiles:
    if model.module is not Module.TEXTLINE_ORIENTATION:
        return model
    try:
        return replace(model, line_family=line_family_of(model.name, description.steps))
    except UnknownFamily as error:
        file = path / DESCRIPTION
        raise ModelDamaged(
            f"{file}, PreProcess.transform_ops: no way of fitting lines for this model; {error}",
            file=str(file),
        ) from error


def _with_characters(
    model: ModelFiles, path: Path, description: InferenceYml, dictionary: Path | None
) -> ModelFiles:
    if model.module is not Module.TEXT_RECOGNITION:
        return model
    if dictionary is not None:
        return replace(model, characters=read_dictionary(dictionary))
    characters = description.characters or _characters_inside(path / GRAPH_ONNX)
    if not characters:
        raise ModelMissing(
            f"{path} has no dictionary (PostProcess.character_dict in {DESCRIPTION}, or "
            f"{CHARACTERS_KEY} in an ONNX graph's metadata); name a dictionary file in the "
            "configuration",
            file=str(path / DESCRIPTION),
        )
    return replace(model, characters=characters)


def _characters_inside(graph: Path) -> tuple[str, ...]:
    """The dictionary that an exporter has put into the graph, which no other file tells."""
    text = onnx_metadata(graph).get(CHARACTERS_KEY) if graph.is_file() else None
    return () if text is None else parse_dictionary(text.encode(), origin=str(graph))
