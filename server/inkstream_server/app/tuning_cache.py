"""Keeps measured times in files, one for each model and all that they depend on."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from inkstream_server.models.store import cache_dir
from inkstream_server.scheduling.cost_table import CostTable, Measurement

_log = logging.getLogger(__name__)

# Raised whenever what is measured, or how, changes: older files are then measured anew.
_FORMAT: Final = 1
_DIGEST_LENGTH: Final = 16
# The digest tells models apart; their names are in files' for people.
_UNSAFE: Final = re.compile(r"[^\w.-]", re.ASCII)
_MAX_NAME_LENGTH: Final = 64


def default_tuning_dir(environ: Mapping[str, str]) -> Path:
    return cache_dir(environ) / "tuning"


@dataclass(frozen=True, slots=True)
class TuningKey:
    """All that a model's times depend on. `precision` is the one that was asked for."""

    model: str
    model_sha256: str
    engine: str
    engine_version: str
    device: str
    processor: str
    cores: int
    precision: str
    threads: int
    model_workers: int

    @property
    def file_name(self) -> str:
        text = json.dumps(asdict(self), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
        return f"{_UNSAFE.sub('_', self.model)[:_MAX_NAME_LENGTH]}-{digest}.json"


@dataclass(frozen=True, slots=True)
class TunedModel:
    """One model's times. `precision` is the one that it really computes in."""

    precision: str
    measurements: tuple[Measurement, ...]


class TuningCache:
    """A folder of such files. It need not exist, nor be writable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: TuningKey) -> TunedModel | None:
        """What was kept for the key; None where nothing was, or nothing that can be understood."""
        path = self.folder / key.file_name
        try:
            return _tuned_model(json.loads(path.read_bytes()), key)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:  # a damaged file's JSON too is a ValueError
            _log.warning("%s cannot be used (%s); the model is measured anew", path, error)
            return None

    def write(self, key: TuningKey, tuned: TunedModel) -> None:
        """Keep it, in place of what was kept. Raises OSError."""
        tree = {
            "format": _FORMAT,
            "key": asdict(key),
            "precision": tuned.precision,
            "measurements": CostTable(tuned.measurements).to_values(),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        _write_whole(self.folder / key.file_name, f"{json.dumps(tree, indent=1)}\n")


def _tuned_model(tree: object, key: TuningKey) -> TunedModel:
    match tree:
        case {
            "format": int(number),
            "key": dict(kept_for),
            "precision": str(precision),
            "measurements": [*values],
        } if number == _FORMAT and kept_for == asdict(key):
            table = CostTable.from_values(values)
            if table.models == (key.model,):
                return TunedModel(precision, table.measurements(key.model))
    raise ValueError("it is of another format, or for another model")


def _write_whole(path: Path, text: str) -> None:
    """Readers, and who starts after a crash, find the old file or the new one."""
    descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
