"""A recogniser's dictionary as a text file: one character a line, in the order of its classes."""

from __future__ import annotations

from pathlib import Path

from inkstream_server.errors import ModelDamaged, ModelMissing


def read_dictionary(path: Path) -> tuple[str, ...]:
    """Raises ModelMissing where the file cannot be read, ModelDamaged where it is no dictionary."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelMissing(
            f"dictionary {path} cannot be read: {error.strerror}", file=str(path)
        ) from error
    return parse_dictionary(content, origin=str(path))


def parse_dictionary(content: bytes, *, origin: str) -> tuple[str, ...]:
    """A line that is a blank is the character blank: some dictionaries hold it themselves.

    `origin` is what a message calls it. Raises ModelDamaged, naming the line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelDamaged(f"dictionary {origin} is not UTF-8: {error}", file=origin) from error
    # Not splitlines: it also cuts at characters that a dictionary may hold (U+2028, U+0085).
    lines = tuple(line.removesuffix("\r") for line in text.removesuffix("\n").split("\n"))
    if "" in lines:
        number = lines.index("") + 1
        raise ModelDamaged(f"dictionary {origin} has no character in line {number}", file=origin)
    return lines
