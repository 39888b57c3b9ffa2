"""The form of the catalogue: a model, its source, the bytes it must have. Names no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from inkstream_server.errors import ModelUnknown
from inkstream_server.models.files import Module
from inkstream_server.models.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a source, with the only content that it may have."""

    path: str
    fingerprint: Fingerprint

    @property
    def file_name(self) -> str:
        """The name under which a model directory keeps it."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A wheel of the Python package index, read as an archive and never installed."""

    distribution: str
    version: str
    sha256: str

    @property
    def requirement(self) -> str:
        return f"{self.distribution}=={self.version}"


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
    """One model. `files` come from the source as they are; `description`, if any, is written."""

    name: str
    module: Module
    source: WheelSource
    files: tuple[Member, ...]
    description: Description | None = None
    is_default: bool = False

    @property
    def size_bytes(self) -> int:
        return sum(member.fingerprint.size_bytes for member in self.files)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries, in the order in which people see them."""

    entries: tuple[CatalogueEntry, ...]

    def entry(self, name: str) -> CatalogueEntry:
        """Or ModelUnknown, which names those that are known."""
        found = self.find(name)
        if found is None:
            known = ", ".join(entry.name for entry in self.entries)
            raise ModelUnknown(f"no model {name!r} in the catalogue; it has: {known}", model=name)
        return found

    def find(self, name: str) -> CatalogueEntry | None:
        return next((entry for entry in self.entries if entry.name == name), None)

    def defaults(self) -> tuple[CatalogueEntry, ...]:
        return tuple(entry for entry in self.entries if entry.is_default)
