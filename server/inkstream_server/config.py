"""The whole configuration: one typed, frozen tree, read once.

Defaults < PaddleX's pipeline file, where one is given (`paddlex`) < YAML file < INKSTREAM_*
environment < flags. Each component owns its slice; only `app`
and `cli` see the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from inkstream_server.bounded_yaml import BadYaml, read_yaml
from inkstream_server.document.limits import DocumentLimits
from inkstream_server.engines.engine import Precision
from inkstream_server.errors import Fault, OcrError
from inkstream_server.findings import findings
from inkstream_server.front.http_schema import HttpConfig
from inkstream_server.front.identity import AuthConfig
from inkstream_server.front.listening import FrontConfig
from inkstream_server.front.tls_files import TlsConfig
from inkstream_server.front.url_rules import UrlConfig
from inkstream_server.models.embedded import DOC_ORIENTATION
from inkstream_server.pipeline.settings import PageDefaults
from inkstream_server.pipeline.upload import UploadConfig
from inkstream_server.scheduling.policy import BatchWishes
from inkstream_server.scheduling.shares import DEFAULT_BATCH_SHARE
from inkstream_server.stages.detection import MAX_SIDE_PX
from inkstream_server.telemetry.log import LogFormat
from inkstream_server.telemetry.tracing import TelemetryConfig
from inkstream_server.workers.free_list import ALIGNMENT_BYTES, aligned
from inkstream_server.workers.plan import WorkerCounts

ENVIRONMENT_PREFIX: Final = "INKSTREAM_"
_LEVEL: Final = "__"

_MEBIBYTE: Final = 1 << 20


class ConfigInvalid(OcrError):
    """The configuration holds an unknown key or a value that may not be."""

    reason = "CONFIG_INVALID"
    fault = Fault.SETUP


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of a layer, by its dotted key, and where it is from."""

    key: str
    value: object
    origin: str


class ModelsConfig(BaseModel, frozen=True, extra="forbid"):
    """Which models are served: names of pulled models, or paths of model directories.

    Of recognisers there may be several, of which requests name one; the first is for those that
    name none.
    """

    # None: $INKSTREAM_MODELS_DIR, else ~/.cache/inkstream/models.
    dir: Path | None = None
    # What finds the text of a page.
    text_detection: str = "PP-OCRv4_mobile_det"
    # What reads its lines: a name, or a list of them.
    text_recognition: Annotated[
        tuple[str, ...], BeforeValidator(_one_or_several), Field(min_length=1)
    ] = ("PP-OCRv4_mobile_rec",)
    # What tells how a page lies. None: requests cannot turn it on. This one comes with the package.
    doc_orientation: str | None = DOC_ORIENTATION
    # What makes photographed pages flat. None: requests cannot turn it on.
    doc_unwarping: str | None = None
    # What tells which lines are upside down. None: requests cannot turn it on.
    textline_orientation: str | None = "ch_ppocr_mobile_v2.0_cls"


class Tuning(Enum):
    """When the times of batches are measured, from which their sizes follow."""

    AUTO = "auto"  # once, where nothing is kept for these models, this engine and this device
    ALWAYS = "always"  # at every start
    OFF = "off"  # never: built-in sizes, right for a CPU


def _tuning_word(value: object) -> object:
    return Tuning.OFF if value is False else value  # what YAML takes a bare "off" for


class InferenceConfig(BaseModel, frozen=True, extra="forbid"):
    """What runs the models, and how."""

    # cpu, or by Paddle's names: gpu:0, npu, several of a kind as gpu:0,1.
    device: str = "cpu"
    # openvino, paddle, onnxruntime or fake; auto: the fastest that can run the model.
    engine: str = "auto"
    # What models compute in; auto: what the engine does best on the device.
    precision: Precision = Precision.AUTO
    # What line widths are rounded up to, in pixels. 1: exact. None: exact in fp32, whose texts are
    # PaddleX's, and to the rungs of a ladder elsewhere; docs/decisions/022.
    width_step: int | None = Field(default=None, ge=1, le=320)
    # Seconds that a batch may take before its worker counts as hung and is replaced.
    max_batch_s: float = Field(default=120.0, gt=0.0)
    # When batch times are measured, from which batch sizes follow: once, at every start, or never.
    tuning: Annotated[Tuning, BeforeValidator(_tuning_word)] = Tuning.AUTO
    # Where measured times are kept. None: ~/.cache/inkstream/tuning.
    tuning_dir: Path | None = None


class BatchingConfig(BaseModel, frozen=True, extra="forbid"):
    """How large batches grow, by module. Costs are padded pixels. None: as it was measured."""

    text_detection: BatchWishes = BatchWishes()
    text_recognition: BatchWishes = BatchWishes()
    doc_orientation: BatchWishes = BatchWishes()
    doc_unwarping: BatchWishes = BatchWishes()
    textline_orientation: BatchWishes = BatchWishes()
    # What work of priority BATCH keeps of the workers' time while interactive work waits.
    batch_share: float = Field(default=DEFAULT_BATCH_SHARE, ge=0.01, le=0.99)


class MemoryConfig(BaseModel, frozen=True, extra="forbid"):
    """Shared memory, in bytes. It is taken as it is first used, and never grows past this."""

    # Documents that are being read, as they came.
    documents_bytes: int = Field(default=256 * _MEBIBYTE, ge=_MEBIBYTE)
    # Pages as they were drawn. At least one at the limits of pixels, three bytes each.
    pages_bytes: int = Field(default=768 * _MEBIBYTE, ge=_MEBIBYTE)
    # What goes to models and comes back. At least the largest detector input, three bytes a pixel,
    # and its map, four bytes.
    tensors_bytes: int = Field(default=256 * _MEBIBYTE, ge=8 * MAX_SIDE_PX * MAX_SIDE_PX)


class ServerConfig(BaseModel, frozen=True, extra="forbid"):
    """Everything a server is started with."""

    server: FrontConfig = FrontConfig()
    models: ModelsConfig = ModelsConfig()
    inference: InferenceConfig = InferenceConfig()
    workers: WorkerCounts = WorkerCounts()
    batching: BatchingConfig = BatchingConfig()
    pipeline: PageDefaults = PageDefaults()
    limits: DocumentLimits = DocumentLimits()
    memory: MemoryConfig = MemoryConfig()
    uploads: UploadConfig = UploadConfig()
    http: HttpConfig = HttpConfig()
    tls: TlsConfig = TlsConfig()
    auth: AuthConfig = AuthConfig()
    urls: UrlConfig = UrlConfig()
    # Pages of one document that are read at once. None: planned from the workers.
    window_pages: int | None = Field(default=None, ge=1, le=1024)
    # Pages of one priority that are worked on at once, of all documents. None: planned likewise.
    working_pages: int | None = Field(default=None, ge=1, le=65536)
    # What the log tells.
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    # text, json, or auto: text on a terminal, JSON elsewhere.
    log_format: LogFormat = LogFormat.TEXT
    telemetry: TelemetryConfig = TelemetryConfig()


# Read elsewhere: where models lie is asked by commands that have no configuration.
_OTHER_VARIABLES: Final = frozenset({"INKSTREAM_MODELS_BASE_URL", "INKSTREAM_MODELS_DIR"})


@dataclass(frozen=True, slots=True)
class Layered:
    """A configuration, and by dotted key where each value is from that is no default."""

    config: ServerConfig
    origins: Mapping[str, str]


def load_config(
    file: Path | None,
    environ: Mapping[str, str],
    flags: Sequence[tuple[str, Any]],
    beneath: Sequence[Setting] = (),
    flags_origin: str = "the command line",
) -> Layered:
    """Read the configuration. Raises ConfigInvalid.

    `flags` are (dotted key, value), errors call them `flags_origin`. `beneath` lies between the
    defaults and the file.
    """
    tree: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, layer in (
        *((each.origin, [(each.key, each.value)]) for each in beneath),
        (str(file), _file_layer(file)),
        ("the environment", _environment_layer(environ)),
        (flags_origin, flags),
    ):
        for key, value in layer:
            for path, leaf in _leaves(key.split("."), value):
                _put(tree, path, leaf, source)
                sources[".".join(path)] = source
    try:
        config = ServerConfig.model_validate(tree)
    except ValidationError as error:
        raise ConfigInvalid(findings(error, lambda key: _origin(key, sources))) from error
    _check_memory(config)
    return Layered(config, sources)


def _check_memory(config: ServerConfig) -> None:
    limits, memory = config.limits, config.memory
    page_bytes = aligned(3 * max(limits.max_image_pixels, limits.max_page_pixels))
    if config.models.doc_unwarping is not None:  # such a page lies beside itself
        page_bytes *= 2
    if page_bytes > memory.pages_bytes // ALIGNMENT_BYTES * ALIGNMENT_BYTES:
        raise ConfigInvalid(
            f"memory.pages_bytes is {memory.pages_bytes}; one page at the limits of pixels takes "
            f"{page_bytes}"
        )
    if config.server.max_message_bytes > memory.documents_bytes:
        raise ConfigInvalid(
            f"memory.documents_bytes is {memory.documents_bytes}; one message may have "
            f"server.max_message_bytes = {config.server.max_message_bytes}"
        )


def _file_layer(file: Path | None) -> list[tuple[str, Any]]:
    if file is None:
        return []
    try:
        tree = read_yaml(file)
    except (OSError, BadYaml) as error:
        raise ConfigInvalid(f"cannot read {file}: {error}") from error
    if not isinstance(tree, dict | None):
        raise ConfigInvalid(f"{file} is no mapping of keys to values")
    return [(str(key), value) for key, value in (tree or {}).items()]


def _environment_layer(environ: Mapping[str, str]) -> list[tuple[str, Any]]:
    """INKSTREAM_SERVER__PORT=50051 is server.port: 50051, INKSTREAM_LOG_LEVEL is log_level."""
    return [
        (name.removeprefix(ENVIRONMENT_PREFIX).lower().replace(_LEVEL, "."), _scalar(name, value))
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and name not in _OTHER_VARIABLES
    ]


def _scalar(name: str, text: str) -> object:
    try:
        value: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigInvalid(f"{name} is {text!r}, which is no YAML value") from error
    return value


def _leaves(path: Sequence[str], value: object) -> Iterator[tuple[Sequence[str], object]]:
    """Of a mapping each value with its path, so that a layer covers only what it names."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves([*path, str(key)], inner)
    else:
        yield path, value


def _put(tree: dict[str, Any], path: Sequence[str], value: object, source: str) -> None:
    *parents, leaf = path
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise ConfigInvalid(f"{'.'.join(path)} from {source}: {parent} holds no keys")
    tree[leaf] = value


def _origin(key: str, sources: Mapping[str, str]) -> str:
    """Of an item of a list the list's, of a section its first key's; empty for a default."""
    parts = key.split(".")
    shared = {path: _shared_parts(parts, path.split(".")) for path in sources}
    nearest = max(shared, key=lambda path: shared[path], default="")
    return sources[nearest] if shared.get(nearest) else ""


def _shared_parts(parts: Sequence[str], others: Sequence[str]) -> int:
    """How many the shorter has, where the longer begins with it; else none."""
    count = min(len(parts), len(others))
    return count if parts[:count] == others[:count] else 0
