"""What identifies the content of files and models: sizes and SHA-256. Judges nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from inkstream_server.models.files import ModelFiles


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Two files of one fingerprint hold the same bytes. `sha256` is lower-case hex."""

    sha256: str
    size_bytes: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read the whole file. OSError when it cannot be read."""
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            return cls(sha256, file.tell())


def model_sha256(model: ModelFiles) -> str:
    """What tells a model from every other: the SHA-256 over the hashes of what an engine loads.

    Without files, which is the fake engine's case, it follows from the name alone. OSError when a
    file cannot be read.
    """
    hashes = [Fingerprint.of(file).sha256 for file in model.paths]
    return hashlib.sha256(" ".join([model.name, *hashes]).encode()).hexdigest()
