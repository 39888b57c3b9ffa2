"""Reads the configuration with PaddleX's pipeline file beneath it, and says what became of that."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from inkstream_server.config import ConfigInvalid, Layered, ServerConfig, Setting, load_config
from inkstream_server.engines.fake import FakeEngine
from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.store import ModelStore, default_models_dir
from inkstream_server.paddlex.form import OcrPipeline, pipeline_of, read_pipeline_file
from inkstream_server.paddlex.layer import OptionalModule, layer_of

_log = logging.getLogger(__name__)

PIPELINE_NAME: Final = "OCR"
_FILE_SUFFIXES: Final = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class ConfigSources:
    """Where a configuration comes from, beside PaddleX's file.

    `flags` are (dotted key, value), and are called `flags_origin` in errors. `defaults` lie beneath
    everything else.
    """

    file: Path | None
    environ: Mapping[str, str]
    flags: Sequence[tuple[str, Any]]
    defaults: Sequence[Setting] = ()
    flags_origin: str = "the command line"

    def config(self) -> ServerConfig:
        """Raises ConfigInvalid."""
        return self.layered().config

    def layered(self, layer: Sequence[Setting] = ()) -> Layered:
        """With a layer above the defaults. Raises ConfigInvalid."""
        beneath = (*self.defaults, *layer)
        return load_config(self.file, self.environ, self.flags, beneath, self.flags_origin)


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration, and what the log is told of PaddleX's file."""

    config: ServerConfig
    # Of no effect here.
    remarks: tuple[str, ...] = ()
    # Not as the file has it.
    warnings: tuple[str, ...] = ()
    # By dotted key where each value is from that is no default.
    origins: Mapping[str, str] = field(default_factory=dict)

    def log(self) -> None:
        for text in self.remarks:
            _log.info("%s", text)
        for text in self.warnings:
            _log.warning("%s", text)


def load_with_pipeline(
    pipeline: str | Mapping[str, object] | None, sources: ConfigSources
) -> LoadedConfig:
    """`pipeline` is what PaddleX takes: OCR, or a file's path; or a file's contents.

    Raises ConfigInvalid.
    """
    plain = sources.layered()
    form, origin = _form_of(pipeline)
    if form is None:
        return LoadedConfig(plain.config, origins=plain.origins)
    pulled = _Pulled(plain.config, sources.environ)
    layer = layer_of(form, origin, pulled.is_there)
    whole = sources.layered(layer.settings)
    told = (_warning(module, whole.config, pulled) for module in layer.missing)
    warnings = tuple(text for text in told if text)
    return LoadedConfig(whole.config, layer.remarks, warnings, whole.origins)


def _form_of(pipeline: str | Mapping[str, object] | None) -> tuple[OcrPipeline | None, str]:
    if pipeline is None or pipeline == PIPELINE_NAME:
        return None, ""
    if not isinstance(pipeline, str):
        return pipeline_of(pipeline, "the pipeline's configuration"), "the pipeline's configuration"
    if not pipeline.endswith(_FILE_SUFFIXES):
        raise ConfigInvalid(
            f"pipeline is {pipeline!r}; allowed: {PIPELINE_NAME}, or a file's path that ends in "
            f"{' or '.join(_FILE_SUFFIXES)}"
        )
    return read_pipeline_file(Path(pipeline).expanduser()), pipeline


class _Pulled:
    """Knows which models there are, and how to come by others. The fake engine needs none."""

    def __init__(self, config: ServerConfig, environ: Mapping[str, str]) -> None:
        folder = config.models.dir
        self._store = ModelStore(folder.expanduser() if folder else default_models_dir(environ))
        self._is_needed = config.inference.engine != FakeEngine().name

    def advice(self, name: str) -> str:
        if CATALOGUE.find(name) is None:
            return f"put its folder into {self._store.root}, or name it as model_dir"
        return f"fetch it with: inkstream models pull {name} --models-dir {self._store.root}"

    def is_there(self, name: str) -> bool:
        if not self._is_needed:
            return True
        return os.sep not in name and self._store.directory(name).is_dir()


def _warning(module: OptionalModule, config: ServerConfig, pulled: _Pulled) -> str:
    """Empty where another layer says which model the module has."""
    if _value(config, module.model_key) != _value(ServerConfig(), module.model_key):
        return ""
    name = module.needs_pulling or ""
    standing = _standing(module, config)
    return f"{module.place}: {name} is not pulled; {pulled.advice(name)}. {standing}"


def _standing(module: OptionalModule, config: ServerConfig) -> str:
    model = _value(config, module.model_key)
    if model is None:
        return "Until then the module is off"
    if _value(config, module.switch_key):
        return f"Until then {model} does its work"
    return f"Until then it is off, and where a request turns it on {model} does its work"


def _value(config: ServerConfig, key: str) -> object:
    section, _, name = key.partition(".")
    value: object = config.model_dump()[section][name]
    return value
