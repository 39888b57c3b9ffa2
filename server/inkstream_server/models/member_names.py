"""Which names an archive may hold. Pure: opens nothing, writes nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import Enum
from pathlib import PurePosixPath
from typing import Final

from inkstream_server.errors import ModelArchiveRefused, shortened

_SHOWN_CHARACTERS: Final = 120


class Violation(Enum):
    """Why an archive is refused: the fact `violation` of ModelArchiveRefused."""

    ABSOLUTE_PATH = "is an absolute path"
    PATH_LEAVES = "lies outside itself"
    FOUL_NAME = "has a name that means different things to different systems"
    DUPLICATE = "is there twice"
    CASE_CLASH = "differs from another one by upper and lower case alone"
    LINK = "is a link"
    DEVICE = "is neither a file nor a folder"
    ENCRYPTED = "is encrypted, or compressed in a way that is not read"


def refused(origin: str, name: str, violation: Violation) -> ModelArchiveRefused:
    """`origin` is what the message calls the archive, `name` the member."""
    shown = shortened(repr(name), _SHOWN_CHARACTERS)
    return ModelArchiveRefused(
        f"{origin} is refused: its member {shown} {violation.value}",
        file=name,
        violation=violation.name,
    )


def refuse_foul_names(names: Iterable[str], origin: str) -> None:
    """ModelArchiveRefused at the first name that leaves the archive or meets another one."""
    seen: dict[str, str] = {}
    for name in names:
        violation = _violation(name)
        if violation is not None:
            raise refused(origin, name, violation)
        path = str(PurePosixPath(name))
        other = seen.get(_folded(path))
        if other is not None:
            violation = Violation.DUPLICATE if other == path else Violation.CASE_CLASH
            raise refused(origin, name, violation)
        seen[_folded(path)] = path


def _violation(name: str) -> Violation | None:
    if name.startswith("/"):
        return Violation.ABSOLUTE_PATH
    if "\\" in name or ":" in name or not name.isprintable() or not name:
        return Violation.FOUL_NAME
    if ".." in PurePosixPath(name).parts:
        return Violation.PATH_LEAVES
    return None


def _folded(path: str) -> str:
    """Equal for names that some file systems take for one."""
    return unicodedata.normalize("NFC", path.casefold())
