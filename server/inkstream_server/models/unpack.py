"""Takes the files of one model out of an archive that nobody vouches for. Knows no model.

Only names of `MODEL_FILES` are written, each under its last part; the rest is looked at, so that
an archive which would harm whoever unpacks it elsewhere is refused here too.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from inkstream_server.errors import ModelArchiveRefused
from inkstream_server.models.files import MODEL_FILES
from inkstream_server.models.tar_archive import TarArchive
from inkstream_server.models.zip_archive import ZipArchive

_CHUNK_BYTES: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """The largest official archive has 0.2 GB in 5 members."""

    member_count: int = 200
    unpacked_bytes: int = 4 << 30


def unpack(path: Path, target: Path, *, origin: str, limits: UnpackLimits = UnpackLimits()) -> None:
    """Write the model's files of a tar, tar.gz or zip into the folder `target`.

    `origin` is what messages call the archive. ModelArchiveRefused; then `target` is not to be
    used.
    """
    magic = _magic(path)
    if magic.startswith(_ZIP):
        with ZipArchive.open(path, origin, limits.member_count) as archive:
            _take(archive, target, origin, limits)
        return
    tar = path
    if magic.startswith(_GZIP):
        tar = target.parent / f"{target.name}.tar"
        _gunzip(path, tar, origin, limits)
    with TarArchive.open(tar, origin, limits.member_count) as archive:
        _take(archive, target, origin, limits)


def of_one_model(names: Iterable[str], origin: str) -> tuple[str, ...]:
    """Those among the names that a model directory has, all of one folder; ModelArchiveRefused."""
    found = [name for name in names if PurePosixPath(name).name in MODEL_FILES]
    folders = {PurePosixPath(name).parent for name in found}
    if not found:
        raise ModelArchiveRefused(
            f"{origin} holds no model: none of {', '.join(sorted(MODEL_FILES))}", file=origin
        )
    if len(folders) > 1:
        raise ModelArchiveRefused(f"{origin} holds more than one model", file=origin)
    return tuple(found)


def _take(
    archive: TarArchive | ZipArchive, target: Path, origin: str, limits: UnpackLimits
) -> None:
    left_bytes = limits.unpacked_bytes
    for name in of_one_model(archive.files(), origin):
        with archive.file(name) as source, (target / PurePosixPath(name).name).open("xb") as file:
            left_bytes -= _copy(source, file, left_bytes, origin)


def _gunzip(path: Path, target: Path, origin: str, limits: UnpackLimits) -> None:
    """Whole and first: a tar is read to and fro, which a compressed stream does badly."""
    try:
        with gzip.open(path) as source, target.open("xb") as file:
            _copy(source, file, limits.unpacked_bytes, origin)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ModelArchiveRefused(f"{origin} cannot be unpacked: {error}", file=origin) from error


def _copy(source: IO[bytes] | gzip.GzipFile, file: IO[bytes], limit_bytes: int, origin: str) -> int:
    copied_bytes = 0
    while chunk := source.read(_CHUNK_BYTES):
        copied_bytes += len(chunk)
        if copied_bytes > limit_bytes:
            raise ModelArchiveRefused(
                f"{origin} unpacks to more than a model may have", file=origin
            )
        file.write(chunk)
    return copied_bytes


def _magic(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)
