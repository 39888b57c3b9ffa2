"""The lock file of a pulled model: what was put there, from where. Decides nothing about it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final, Self

from inkstream_server.errors import ModelDamaged
from inkstream_server.models.embedded import is_embedded
from inkstream_server.models.fingerprint import Fingerprint

LOCK: Final = "inkstream.lock.json"

_FORMAT: Final = 1


class Trust(Enum):
    """Who says that the files are the right ones."""

    CATALOGUE = "catalogue"  # it names their hashes
    OPERATOR = "operator"  # who pulled it named the archive's hash
    FIRST_USE = "first use"  # nobody: it is what was found when it was pulled


@dataclass(frozen=True, slots=True)
class ModelLock:
    """`files` has every file of the directory but the lock file itself, by name.

    `source_sha256` is that of the archive; empty where the model came as a folder.
    """

    model: str
    source: str
    source_sha256: str
    files: Mapping[str, Fingerprint]
    trust: Trust = Trust.CATALOGUE

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """None when the directory has no lock file; ModelDamaged when it cannot be understood."""
        path = directory / LOCK
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ModelDamaged(
                f"{path} cannot be read: {error.strerror}", file=str(path)
            ) from error
        try:
            return cls._of(json.loads(content))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ModelDamaged(
                f"lock file {path} is damaged; {repair(directory)}", file=str(path)
            ) from error

    @classmethod
    def own(cls, directory: Path) -> Self | None:
        """None also where the lock is another model's: then the directory is a copy, now by hand.

        Raises ModelDamaged as `read` does.
        """
        lock = cls.read(directory)
        return lock if lock is not None and lock.model == directory.absolute().name else None

    def write(self, directory: Path) -> None:
        tree = {
            "format": _FORMAT,
            "model": self.model,
            "source": {"from": self.source, "sha256": self.source_sha256},
            "trust": self.trust.value,
            "files": {
                name: {"sha256": fingerprint.sha256, "size_bytes": fingerprint.size_bytes}
                for name, fingerprint in self.files.items()
            },
        }
        text = json.dumps(tree, indent=2, ensure_ascii=False)
        (directory / LOCK).write_text(f"{text}\n", encoding="utf-8")

    @classmethod
    def _of(cls, tree: dict[str, object]) -> Self:
        if tree["format"] != _FORMAT:
            raise ValueError(tree["format"])
        source, files = tree["source"], tree["files"]
        if not isinstance(source, dict) or not isinstance(files, dict):
            raise TypeError(tree)
        return cls(
            str(tree["model"]),
            str(source["from"]),
            str(source["sha256"]),
            {
                name: Fingerprint(str(values["sha256"]), int(values["size_bytes"]))
                for name, values in files.items()
            },
            # Lock files of before there were others have none.
            Trust(tree.get("trust", Trust.CATALOGUE.value)),
        )


def legible_lock(directory: Path) -> ModelLock | None:
    """Its own lock; None also where that is damaged: then nothing is known of what was there."""
    try:
        return ModelLock.own(directory)
    except ModelDamaged:
        return None


def is_pulled(directory: Path) -> bool:
    """Whether a pull made it; also where the lock is damaged, which another pull repairs."""
    try:
        return ModelLock.own(directory) is not None
    except ModelDamaged:
        return True


def repair(directory: Path) -> str:
    """What an operator can do about a directory that has a lock file."""
    if is_embedded(directory):
        return "it came with the package: install inkstream again"
    place = directory.absolute()
    command = ["inkstream", "models", "pull", place.name, "--models-dir", str(place.parent)]
    return f"repair it with: {shlex.join(command)}"
