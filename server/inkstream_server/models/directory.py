"""Says what a model is, by what lies in its directory. Hashes nothing: see `verify`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inkstream_server.errors import ModelDamaged, ModelMissing
from inkstream_server.models.dictionary import parse_dictionary, read_dictionary
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.models.inference_yml import InferenceYml, read_inference_yml
from inkstream_server.models.line_family import UnknownFamily, line_family_of
from inkstream_server.models.onnx_metadata import CHARACTERS_KEY, onnx_metadata
from inkstream_server.models.sources import find_sources
from inkstream_server.models.store import is_model_name
from inkstream_server.models.yml_values import shown


def read_model_directory(
    path: Path, module: Module | None = None, *, dictionary: Path | None = None
) -> ModelFiles:
    """What an engine and a stage must know of the model at `path`, a directory or an ONNX file.

    `module` is needed where `inference.yml` is missing or does not tell it, and must not
    contradict it. `dictionary` goes before the one in `inference.yml`. ModelMissing, ModelDamaged
    or ModelNotSupported, with the file, and what to do.
    """
    sources = find_sources(path)
    (graph, weights), *others = sources.graphs
    description = read_inference_yml(sources.description)
    module = _module(path, description, module)
    model = ModelFiles(
        name=_name(description) or sources.name,
        module=module,
        graph=graph,
        weights=weights,
        recipe=description.recipe(module),
        other_graphs=tuple(others),
    )
    model = _with_line_family(model, description)
    return _with_characters(model, path, description, dictionary)


def _name(description: InferenceYml) -> str:
    """Empty where it has none."""
    name = description.name
    if name and not is_model_name(name):
        raise ModelDamaged(
            f"{description.path}: Global.model_name is {shown(name)}, which is no model's name: it "
            "begins with a dot, or has a slash or what cannot be printed",
            file=str(description.path),
        )
    return name


def _module(path: Path, description: InferenceYml, module: Module | None) -> Module:
    told = description.module or module
    if told is None:
        raise ModelDamaged(
            f"{description.path} does not tell which module the model is for; "
            "name it in the configuration",
            file=str(description.path),
        )
    if description.labels and description.module is None:
        raise ModelDamaged(
            f"{description.path} has the classes {', '.join(description.labels)}, which are no "
            f"orientations in the order of {told.value}",
            file=str(description.path),
        )
    if module is not None and module is not told:
        raise ModelDamaged(
            f"{path} holds a model for {told.value}, it is configured as {module.value}",
            file=str(description.path),
        )
    return told


def _with_line_family(model: ModelFiles, description: InferenceYml) -> ModelFiles:
    if model.module is not Module.TEXTLINE_ORIENTATION:
        return model
    try:
        return replace(model, line_family=line_family_of(model.name, description.steps))
    except UnknownFamily as error:
        file = description.path
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
    characters = description.characters or _characters_inside(model)
    if not characters:
        raise ModelMissing(
            f"{path} has no dictionary (PostProcess.character_dict in {description.path.name}, or "
            f"{CHARACTERS_KEY} in an ONNX graph's metadata); name a dictionary file in the "
            "configuration",
            file=str(description.path),
        )
    return replace(model, characters=characters)


def _characters_inside(model: ModelFiles) -> tuple[str, ...]:
    """The dictionary that an exporter has put into an ONNX graph, which no other file tells."""
    graph = next((each.graph for each in model.in_each_format() if each.is_onnx), None)
    text = onnx_metadata(graph).get(CHARACTERS_KEY) if graph else None
    return () if text is None else parse_dictionary(text.encode(), origin=str(graph))
