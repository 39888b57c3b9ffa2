"""A zip, read without trust: plain files and folders only."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Self

from inkstream_server.errors import ModelArchiveRefused
from inkstream_server.models.bounded_reader import BoundedReader
from inkstream_server.models.member_names import Violation, refuse_foul_names, refused

# What zipfile is known to raise for a damaged archive.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)
_ENCRYPTED: Final = 0x1
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ZipArchive:
    """Its members have been checked. To be had from `open`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @classmethod
    @contextmanager
    def open(cls, path: Path, origin: str, max_member_count: int) -> Iterator[Self]:
        """ModelArchiveRefused for what is no whole zip or holds what it must not.

        Also for what turns out broken while it is being read.
        """
        with path.open("rb") as file:
            try:
                with zipfile.ZipFile(BoundedReader(file, origin)) as archive:
                    _check(archive.infolist(), origin, max_member_count)
                    yield cls(archive)
            except _BROKEN as error:
                raise ModelArchiveRefused(
                    f"{origin} is no whole archive: {error}", file=origin
                ) from error

    def files(self) -> tuple[str, ...]:
        return tuple(info.filename for info in self._archive.infolist() if not info.is_dir())

    def file(self, name: str) -> IO[bytes]:
        return self._archive.open(name)


def _check(members: list[zipfile.ZipInfo], origin: str, max_count: int) -> None:
    if len(members) > max_count:
        raise ModelArchiveRefused(f"{origin} has more than {max_count} members", file=origin)
    # The name as it stands there: zipfile ends it at a NUL.
    refuse_foul_names([member.orig_filename for member in members], origin)
    for member in members:
        violation = _violation(member)
        if violation is not None:
            raise refused(origin, member.filename, violation)


def _violation(member: zipfile.ZipInfo) -> Violation | None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return Violation.LINK
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return Violation.DEVICE
    if member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS:
        return Violation.ENCRYPTED
    return None
