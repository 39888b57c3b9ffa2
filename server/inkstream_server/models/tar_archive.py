"""A tar, read without trust: plain files and folders only, and nothing missing at its end."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, Self, cast

from inkstream_server.errors import ModelArchiveRefused
from inkstream_server.models.bounded_reader import BoundedReader
from inkstream_server.models.member_names import Violation, refuse_foul_names, refused

# What tarfile is known to raise for headers that make no sense.
_BROKEN: Final = (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError)
_LINKS: Final = (tarfile.LNKTYPE, tarfile.SYMTYPE)
_FILES: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)


class TarArchive:
    """Its members have been checked. To be had from `open`."""

    def __init__(self, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> None:
        self._tar = tar
        self._members = members

    @classmethod
    @contextmanager
    def open(cls, path: Path, origin: str, max_member_count: int) -> Iterator[Self]:
        """ModelArchiveRefused for what is no whole tar or holds what it must not."""
        with path.open("rb") as file:
            reader = BoundedReader(file, origin)
            try:
                # It has all that a tar is read through.
                tar = tarfile.open(fileobj=cast("IO[bytes]", reader), mode="r:")  # noqa: SIM115
                members = _members(tar, origin, max_member_count)
                _check_end(tar, reader, origin)
            except _BROKEN as error:
                raise ModelArchiveRefused(
                    f"{origin} is no whole archive: {error}", file=origin
                ) from error
            refuse_foul_names([member.name for member in members], origin)
            yield cls(tar, {member.name: member for member in members if member.isfile()})

    def files(self) -> tuple[str, ...]:
        return tuple(self._members)

    def file(self, name: str) -> IO[bytes]:
        content = self._tar.extractfile(self._members[name])
        assert content is not None, "only plain files are listed"
        return content


def _members(tar: tarfile.TarFile, origin: str, max_count: int) -> list[tarfile.TarInfo]:
    members: list[tarfile.TarInfo] = []
    for member in tar:
        _check_kind(member, origin)
        members.append(member)
        if len(members) > max_count:
            raise ModelArchiveRefused(f"{origin} has more than {max_count} members", file=origin)
    return members


def _check_kind(member: tarfile.TarInfo, origin: str) -> None:
    if member.type in _LINKS:
        raise refused(origin, member.name, Violation.LINK)
    if member.issparse() or not (member.isdir() or member.type in _FILES):
        raise refused(origin, member.name, Violation.DEVICE)


def _check_end(tar: tarfile.TarFile, reader: BoundedReader, origin: str) -> None:
    """At a header that makes no sense, tarfile stops as if the archive ended there."""
    reader.seek(tar.offset)
    if reader.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise ModelArchiveRefused(f"{origin} is no whole archive: it breaks off", file=origin)
