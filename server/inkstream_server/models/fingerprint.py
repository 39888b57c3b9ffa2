"""What identifies a file's content: its size and its SHA-256. Judges nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self


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
