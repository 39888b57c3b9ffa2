"""Reads what is to be sent, all of it before the first request, so that no disk is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from inkstream.load.mix import File, Source, parse_weight

MAX_HELD_BYTES: Final = 2 << 30
SUFFIXES: Final = frozenset(
    (".avif", ".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pdf", ".png", ".tif", ".tiff", ".webp")
)
"""What is sent of a folder. A file that is named itself is sent whatever it is called."""

_PDF_MARK: Final = b"%PDF-"
_PDF_MARK_WITHIN: Final = 1024  # bytes; readers allow that much before it


class SourceUnusable(Exception):
    """A source that cannot be sent; the message says which and why."""


def read_sources(arguments: list[str]) -> tuple[Source, ...]:
    """One for each argument, `PATH` or `PATH:WEIGHT`; a file of that very name goes first.

    Raises SourceUnusable, and OSError where a file cannot be read.
    """
    sources: list[Source] = []
    room_bytes = MAX_HELD_BYTES
    for argument in arguments:
        path, weight = _split(argument)
        source = Source(str(path), weight, _read(path, room_bytes))
        room_bytes -= source.content_bytes
        sources.append(source)
    return tuple(sources)


def _split(argument: str) -> tuple[Path, float]:
    name, colon, weight = argument.rpartition(":")
    if not colon or Path(argument).exists():
        return Path(argument), 1.0
    try:
        return Path(name), parse_weight(weight)
    except ValueError:
        raise SourceUnusable(
            f"{argument}: there is no such file, and no weight above 0 behind its colon"
        ) from None


def _read(path: Path, room_bytes: int) -> tuple[File, ...]:
    paths = _files_in(path) if path.is_dir() else [path]
    size_bytes = sum(each.stat().st_size for each in paths)
    if size_bytes > room_bytes:
        raise SourceUnusable(
            f"{path}: with its {size_bytes} bytes all sources would have more than the "
            f"{MAX_HELD_BYTES} bytes that are held in memory; give fewer files"
        )
    return tuple(_read_file(each) for each in paths)


def _files_in(folder: Path) -> list[Path]:
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )
    if not paths:
        raise SourceUnusable(f"{folder}: there is no image or PDF in this folder")
    return paths


def _read_file(path: Path) -> File:
    content = path.read_bytes()
    if not content:
        raise SourceUnusable(f"{path}: the file is empty")
    return File(str(path), content, _PDF_MARK in content[:_PDF_MARK_WITHIN])
