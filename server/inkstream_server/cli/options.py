"""Flags of the commands that take a server's configuration."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from inkstream_server.config import ServerConfig
    from inkstream_server.paddlex.loading import LoadedConfig

# Flag, key, metavar, help.
_FLAGS: Final = (
    ("--host", "server.host", "H", "address to listen on (default 0.0.0.0)"),
    ("--port", "server.port", "N", "gRPC port (default 50051; 0: any free one)"),
    ("--http-port", "server.http_port", "N", "HTTP port (default 8080; 0: any free one)"),
    ("--device", "inference.device", "D", "cpu, gpu:0, … (default cpu)"),
    ("--engine", "inference.engine", "E", "auto, openvino, paddle or fake (default auto)"),
    ("--precision", "inference.precision", "P", "auto, fp32 or bf16 (default auto)"),
    (
        "--width-step",
        "inference.width_step",
        "PX",
        "round line widths up to this (default 1 in fp32, else 32)",
    ),
    (
        "--tuning",
        "inference.tuning",
        "T",
        "measure batch times: auto, always or off (default auto)",
    ),
    ("--models-dir", "models.dir", "DIR", "where pulled models lie"),
    ("--model-workers", "workers.model_workers", "N", "processes that run models"),
    ("--model-threads", "workers.model_threads", "N", "threads of each of them"),
    ("--cpu-workers", "workers.cpu_workers", "N", "processes that decode and cut"),
    ("--log-level", "log_level", "L", "DEBUG, INFO, WARNING or ERROR"),
)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="a YAML file")
    parser.add_argument(
        "--pipeline", metavar="FILE", help="PaddleX's OCR.yaml; what --config says goes before it"
    )
    for flag, key, metavar, text in _FLAGS:
        parser.add_argument(flag, dest=key, metavar=metavar, help=text)
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other key, such as limits.max_document_pages=100",
    )


def config_from(arguments: argparse.Namespace) -> ServerConfig:
    """The effective configuration. Raises ConfigInvalid."""
    return loaded_from(arguments).config


def loaded_from(arguments: argparse.Namespace) -> LoadedConfig:
    """The same, with what is to be said of PaddleX's pipeline file."""
    # Heavy: only when a command runs.
    from inkstream_server.paddlex.loading import ConfigSources, load_with_pipeline

    given = vars(arguments)
    flags: list[tuple[str, Any]] = [
        (key, given[key]) for _, key, _, _ in _FLAGS if given[key] is not None
    ]
    flags += [_setting(text) for text in arguments.settings]
    return load_with_pipeline(
        arguments.pipeline, ConfigSources(arguments.config, os.environ, flags)
    )


def _setting(text: str) -> tuple[str, Any]:
    import yaml

    from inkstream_server.config import ConfigInvalid

    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigInvalid(f"--set {text}: it must read KEY=VALUE")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigInvalid(f"--set {text}: no YAML value") from error
