"""The form of the catalogue: a model, its source, the bytes it must have. Names no model."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from inkstream_server.errors import ModelUnknown
from inkstream_server.models.files import Module
from inkstream_server.models.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a source, with the only content that it may have.

    `kept_as` is its name in a model directory, empty where that is its own.
    """

    path: str
    fingerprint: Fingerprint
    kept_as: str = ""

    @property
    def file_name(self) -> str:
        """The name under which a model directory keeps it."""
        return self.kept_as or PurePosixPath(self.path).name


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A wheel of the Python package index, read as an archive and never installed."""

    distribution: str
    version: str
    sha256: str

    @property
    def label(self) -> str:
        return f"{self.distribution}=={self.version}"


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """An archive of its own, below the base address of the official models or of a mirror.

    `sha256` is empty where nobody has published it.
    """

    file_name: str
    sha256: str = ""

    @property
    def label(self) -> str:
        return self.file_name


Source = WheelSource | ArchiveSource


@dataclass(frozen=True, slots=True)
class Description:
    """What `inference.yml` must say about a model whose source has none.

    `dictionary` becomes PostProcess.character_dict: one character a line in the source.
    """

    transform_ops: tuple[Mapping[str, object], ...]
    post_process: Mapping[str, object]
    dictionary: Member | None = None


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One model. `files` are those of its source whose content is known: all, some or none.

    Out of a wheel just these are taken; `description`, if any, is written beside them. `own_name`:
    what the model calls itself, where it is not `name` (one model comes in several formats).
    """

    name: str
    module: Module
    source: Source
    files: tuple[Member, ...] = ()
    description: Description | None = None
    is_default: bool = False
    own_name: str = ""

    @property
    def size_bytes(self) -> int | None:
        """None where nothing is known of its files."""
        return sum(member.fingerprint.size_bytes for member in self.files) or None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries, in the order in which people see them."""

    entries: tuple[CatalogueEntry, ...]

    def entry(self, name: str) -> CatalogueEntry:
        """Or ModelUnknown, which names those that are most like it."""
        found = self.find(name)
        if found is None:
            like = difflib.get_close_matches(name, [entry.name for entry in self.entries])
            hint = f"; did you mean {' or '.join(like)}?" if like else ""
            raise ModelUnknown(
                f"no model {name!r} in the catalogue (inkstream models list){hint}", model=name
            )
        return found

    def find(self, name: str) -> CatalogueEntry | None:
        return next((entry for entry in self.entries if entry.name == name), None)

    def defaults(self) -> tuple[CatalogueEntry, ...]:
        return tuple(entry for entry in self.entries if entry.is_default)
