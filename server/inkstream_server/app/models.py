"""Finds the models that are configured, and says what will run each of them."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from inkstream_server.config import ConfigInvalid, InferenceConfig, ModelsConfig
from inkstream_server.engines.devices import parse_devices
from inkstream_server.engines.engine import EngineSettings
from inkstream_server.engines.fake import PLAIN_CHARACTERS, FakeEngine
from inkstream_server.engines.selection import select
from inkstream_server.errors import ModelDamaged, ModelMissing
from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.models.line_family import line_family_of
from inkstream_server.models.lock import repair
from inkstream_server.models.store import ModelStore, default_models_dir
from inkstream_server.models.verify import State, state_of, verify
from inkstream_server.workers.model_tasks import ModelToLoad

_log = logging.getLogger(__name__)

_FAKE_ENGINE = FakeEngine().name


def models_to_load(
    models: ModelsConfig, inference: InferenceConfig, threads: int
) -> tuple[ModelToLoad, ...]:
    """Every configured model with its engine; the first of a module is the module's default.

    No two have the same name. Raises OcrError with the command that helps.
    """
    store = models_store(models)
    device, *_ = parse_devices(inference.device)  # workers take all of them in turn
    settings = EngineSettings(device, inference.precision, threads)
    if inference.engine != _FAKE_ENGINE:
        _check_pulled(store, models)
    chosen: dict[str, ModelToLoad] = {}
    for module, name in configured_models(models):
        files = _files(store, module, name, inference.engine)
        if files.name in chosen:
            raise _same_name(files, chosen[files.name].files)
        selection = select(inference.engine, files, device)
        files, engine = selection.model, selection.engine
        _log.info("%s: engine %s on %s (%s)", files.name, engine.name, device, selection.why)
        chosen[files.name] = ModelToLoad(files, engine, settings, inference.width_step)
    return tuple(chosen.values())


def models_store(models: ModelsConfig) -> ModelStore:
    """Where pulled models lie."""
    return ModelStore(models.dir.expanduser() if models.dir else default_models_dir(os.environ))


def pulled_names(models: ModelsConfig) -> list[str]:
    """Those of the configured models that are named, and not told by a path."""
    return [name for _, name in configured_models(models) if os.sep not in name]


def configured_models(models: ModelsConfig) -> Iterator[tuple[Module, str]]:
    """The names and paths, module by module."""
    yield Module.TEXT_DETECTION, models.text_detection
    for name in models.text_recognition:
        yield Module.TEXT_RECOGNITION, name
    if models.doc_orientation is not None:
        yield Module.DOC_ORIENTATION, models.doc_orientation
    if models.doc_unwarping is not None:
        yield Module.DOC_UNWARPING, models.doc_unwarping
    if models.textline_orientation is not None:
        yield Module.TEXTLINE_ORIENTATION, models.textline_orientation


def _check_pulled(store: ModelStore, models: ModelsConfig) -> None:
    """Every named model is there, and what was pulled is what the catalogue says it is."""
    names = pulled_names(models)
    missing = [name for name in names if not store.directory(name).is_dir()]
    if missing:
        raise ModelMissing(f"{', '.join(missing)} not in {store.root}; {_advice(store, missing)}")
    pulled = [name for name in names if state_of(store, name) is not State.BY_HAND]
    for finding in (each for name in pulled for each in verify(store, name)):
        directory = store.directory(finding.model)
        raise ModelDamaged(f"{directory / finding.file} {finding.problem}; {repair(directory)}")


def _advice(store: ModelStore, missing: Sequence[str]) -> str:
    if any(CATALOGUE.find(name) is None for name in missing):
        return "put a model's folder there, or name it by its path, such as ./my_model"
    return f"fetch with: inkstream models pull {' '.join(missing)} --models-dir {store.root}"


def _same_name(model: ModelFiles, other: ModelFiles) -> ConfigInvalid:
    """Requests, queues and results tell models by their names: each must have its own."""
    return ConfigInvalid(
        f"{model.graph.parent} ({model.module.value}) and {other.graph.parent} "
        f"({other.module.value}) are both named {model.name!r}; give one another name where it is "
        f"configured, such as my_model={model.graph.parent}"
    )


def _files(store: ModelStore, module: Module, name: str, engine: str) -> ModelFiles:
    if engine == _FAKE_ENGINE:  # it answers from the pixels alone and needs no file
        family = line_family_of(name, {})
        return ModelFiles(name, module, Path(name), None, PLAIN_CHARACTERS, line_family=family)
    if os.sep not in name:
        return read_model_directory(store.directory(name), module)
    own_name, path = _named(name)
    files = read_model_directory(Path(path).expanduser(), module)
    return replace(files, name=own_name) if own_name else files


def _named(text: str) -> tuple[str, str]:
    """A path, and the name that goes before it: NAME=PATH."""
    match = re.fullmatch(rf"([^={os.sep}]+)=(.+)", text)
    return (match[1], match[2]) if match else ("", text)
