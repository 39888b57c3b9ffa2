"""Brings models of the catalogue into a store, checked by hash. The server itself never does."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from inkstream_server.errors import ModelChanged, PullFailed
from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.entry import Catalogue, CatalogueEntry
from inkstream_server.models.fetch import Fetch
from inkstream_server.models.lock import LOCK, ModelLock, Trust, is_pulled, legible_lock
from inkstream_server.models.make import make
from inkstream_server.models.staging import put_in_place, sole_writer, staging_folder
from inkstream_server.models.store import ModelStore
from inkstream_server.models.verify import verify

Report = Callable[[str], None]

WAIT_S: Final = 1800.0  # as long as another pull may take


def pull(
    store: ModelStore,
    names: Sequence[str] = (),
    *,
    fetch: Fetch,
    catalogue: Catalogue = CATALOGUE,
    sha256: str = "",
    report: Report = lambda line: None,
) -> tuple[str, ...]:
    """Make the models ready, the default ones when none is named; return those newly put there.

    A model that is whole is left alone, a damaged one replaced, by nothing but what its lock file
    or the catalogue says. `sha256` is the archive's, of the one model named. ModelUnknown,
    PullFailed, ModelArchiveRefused or ModelChanged; then what was there before still is.
    """
    entries = tuple(map(catalogue.entry, dict.fromkeys(names))) or catalogue.defaults()
    if not _wanting(
        store, entries, catalogue, sha256
    ):  # also answers where the store cannot be written
        return ()
    try:
        with sole_writer(
            store.root, wait_s=WAIT_S, on_wait=lambda: report("waiting for another pull")
        ):
            # Another pull may have been quicker.
            wanting = _wanting(store, entries, catalogue, sha256)
            with staging_folder(store.root) as folder:
                for entry in wanting:
                    _Pull(store, fetch, sha256, folder, report).bring(entry)
            return tuple(entry.name for entry in wanting)
    except OSError as error:
        raise PullFailed(f"pulling into {store.root} failed: {error}") from error


def _wanting(
    store: ModelStore, entries: Sequence[CatalogueEntry], catalogue: Catalogue, sha256: str
) -> list[CatalogueEntry]:
    """Those that are not as they must be."""
    for entry in entries:
        _check_pulled_from(store.directory(entry.name), sha256)
    wanting = [entry for entry in entries if verify(store, entry.name, catalogue)]
    for entry in wanting:
        _spare_foreign(store.directory(entry.name))
    return wanting


def _spare_foreign(directory: Path) -> None:
    """A directory that no pull made is somebody's own work: never replaced. PullFailed."""
    if not directory.is_dir() or is_pulled(directory) or not any(directory.iterdir()):
        return
    raise PullFailed(
        f"{directory} was put there by hand and is left alone; move it away to pull this model",
        model=directory.name,
    )


def _check_pulled_from(directory: Path, sha256: str) -> None:
    """What is there already must be what the operator asks for, too."""
    lock = legible_lock(directory)
    if sha256 and lock is not None and lock.source_sha256 != sha256:
        came = (
            f"an archive with the SHA-256 {lock.source_sha256}"
            if lock.source_sha256
            else "a folder"
        )
        raise ModelChanged(
            f"{directory} came from {came}, not {sha256}; {_how_to_take_another(directory)}",
            model=directory.name,
        )


@dataclass(frozen=True, slots=True)
class _Pull:
    """One pull's means. `folder` is its own, on the store's disk."""

    store: ModelStore
    fetch: Fetch
    sha256: str
    folder: Path
    report: Report

    def bring(self, entry: CatalogueEntry) -> None:
        directory = self.store.directory(entry.name)
        self.report(f"getting {entry.name}")
        fetched = self.fetch(entry, self.folder)
        made = self.folder / "made" / entry.name
        lock = make(entry, fetched, made, sha256=self.sha256)
        lock = self._held_against(legible_lock(directory), lock, entry)
        lock.write(made)
        put_in_place(made, directory)
        self.report(f"pulled {entry.name} from {lock.source}")

    def _held_against(
        self, before: ModelLock | None, now: ModelLock, entry: CatalogueEntry
    ) -> ModelLock:
        """What the new lock file says. The catalogue's word goes before an old one's."""
        if before is not None and now.trust is not Trust.CATALOGUE:
            _check_unchanged(before, now, self.store.directory(entry.name))
        if now.trust is not Trust.FIRST_USE:
            return now
        if before is not None:
            return replace(now, trust=before.trust)
        self.report(_notice(now, entry))
        return now


def _check_unchanged(before: ModelLock, now: ModelLock, directory: Path) -> None:
    names = sorted({**before.files, **now.files})
    changed = [name for name in names if before.files.get(name) != now.files.get(name)]
    if changed:
        raise ModelChanged(
            f"{now.source} no longer holds what was pulled at first (from {before.source}): "
            f"{', '.join(changed)} differ from the lock file; {_how_to_take_another(directory)}",
            model=now.model,
        )


def _how_to_take_another(directory: Path) -> str:
    command = ["inkstream", "models", "remove", directory.name]
    command += ["--models-dir", str(directory.parent)]
    return f"to take another one nevertheless, first: {shlex.join(command)}"


def _notice(lock: ModelLock, entry: CatalogueEntry) -> str:
    unknown = sorted(lock.files.keys() - {member.file_name for member in entry.files})
    archive = f"; the archive has the SHA-256 {lock.source_sha256}" if lock.source_sha256 else ""
    return (
        f"{lock.model}: trusted on first use, since nobody has published what must be in "
        f"{', '.join(unknown)}{archive}. Later pulls and checks are held against {LOCK}"
    )
