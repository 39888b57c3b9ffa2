"""Holds the files of a store against what they must be. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from inkstream_server.errors import ModelDamaged
from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.entry import Catalogue
from inkstream_server.models.fingerprint import Fingerprint
from inkstream_server.models.lock import LOCK, ModelLock
from inkstream_server.models.store import ModelStore


class State(Enum):
    """What can be told of a model without reading its files."""

    READY = "ready"
    ABSENT = "not pulled"
    DAMAGED = "damaged"
    BY_HAND = "by hand"  # put there without `models pull`: nothing says what it must be


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one file; `file` is empty for the whole directory."""

    model: str
    file: str
    problem: str


def verify(store: ModelStore, name: str, catalogue: Catalogue = CATALOGUE) -> list[Finding]:
    """Reads and hashes every file. An empty list: all are what they must be."""
    directory = store.directory(name)
    try:
        expected = _expected(directory, name, catalogue)
    except ModelDamaged:
        return [Finding(name, LOCK, "cannot be read or understood")]
    if expected is None:
        problem = "was not pulled: nothing to compare with" if directory.is_dir() else "is missing"
        return [Finding(name, "", problem)]
    problems = {file: _problem(directory / file, must) for file, must in expected.items()}
    return [Finding(name, file, problem) for file, problem in problems.items() if problem]


def state_of(store: ModelStore, name: str, catalogue: Catalogue = CATALOGUE) -> State:
    """Compares sizes only, so that listing is quick."""
    directory = store.directory(name)
    try:
        expected = _expected(directory, name, catalogue)
    except ModelDamaged:
        return State.DAMAGED
    if expected is None:
        return State.BY_HAND if name in store.names() else State.ABSENT
    is_whole = all(_size(directory / file) == must.size_bytes for file, must in expected.items())
    return State.READY if is_whole else State.DAMAGED


def _expected(directory: Path, name: str, catalogue: Catalogue) -> dict[str, Fingerprint] | None:
    """The lock file's word, and over it the catalogue's, which nobody can edit on the disk."""
    lock = ModelLock.own(directory)
    if lock is None:
        return None
    return {**lock.files, **_from_source(catalogue, name)}


def _from_source(catalogue: Catalogue, name: str) -> Mapping[str, Fingerprint]:
    entry = catalogue.find(name)
    if entry is None:
        return {}
    return {member.file_name: member.fingerprint for member in entry.files}


def _problem(path: Path, must: Fingerprint) -> str:
    try:
        found = Fingerprint.of(path)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if found.size_bytes != must.size_bytes:
        return f"has {found.size_bytes} bytes instead of {must.size_bytes}"
    return "" if found.sha256 == must.sha256 else "has other content (SHA-256 differs)"


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
