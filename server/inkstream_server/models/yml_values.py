"""Takes values out of a YAML tree, each with its place, for whoever has to mend the file."""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_NUMBER: Final = r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*"
_QUOTIENT: Final = re.compile(rf"{_NUMBER}(?:/{_NUMBER})?")


_MAX_SHOWN_CHARACTERS: Final = 120
_SHORTENED: Final = reprlib.Repr()
_SHORTENED.maxstring = _SHORTENED.maxother = _SHORTENED.maxlong = _MAX_SHOWN_CHARACTERS


def shown(value: object) -> str:
    """A value for a message: the beginning of what is long or nested deep."""
    return _SHORTENED.repr(value)


class Malformed(Exception):
    """What is wrong, and where in the tree. Who knows the file's name makes an error of it."""


class NotDone(Exception):
    """Well-formed, and nothing that is implemented; told like Malformed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value, and where it stands: "PreProcess.transform_ops[2].NormalizeImage.mean"."""

    where: str
    value: object

    def __getitem__(self, key: str) -> Place:
        """What a mapping has under this key; None where there is nothing."""
        return Place(f"{self.where}.{key}" if self.where else key, self.mapping().get(key))

    def mapping(self) -> Mapping[object, object]:
        """Nothing is an empty one."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise Malformed(f"{self.where or 'the file'} must be a mapping")
        return self.value

    def items(self) -> list[Place]:
        """The items of a list; nothing is an empty one."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise Malformed(f"{self.where} must be a list")
        return [Place(f"{self.where}[{at}]", item) for at, item in enumerate(self.value)]

    def text(self) -> str:
        """Digits are taken without quotes; `~` or `no` without them would be something else."""
        if isinstance(self.value, str) and self.value:
            return self.value
        if type(self.value) is int:
            return str(self.value)
        raise self.malformed("a text (in quotes)")

    def texts(self) -> tuple[str, ...]:
        return tuple(item.text() for item in self.items())

    def whole(self, least: int, most: int) -> int:
        if type(self.value) is int and least <= self.value <= most:
            return self.value
        raise self.malformed(f"a whole number from {least} to {most}")

    def number(self) -> float:
        """A number, or the text of one, or of a quotient of two: "1./255."."""
        if isinstance(self.value, str) and (match := _QUOTIENT.fullmatch(self.value)):
            dividend, divisor = float(match[1]), float(match[2] or 1)
            if divisor:
                return dividend / divisor
        match self.value:
            case bool():
                pass
            case int() | float() as number if math.isfinite(number):
                return float(number)
        raise self.malformed('a number, or a quotient such as "1./255."')

    def only(self, *keys: str) -> None:
        """Raises NotDone where a mapping has any other key: what it would do is not known."""
        for key, value in self.mapping().items():
            if key not in keys:
                raise NotDone(
                    f"{self.where}.{key} is {shown(value)}; known here: {', '.join(keys)}"
                )

    def one_of(self, *allowed: object) -> None:
        """Raises NotDone where the value is there, and none of these."""
        if self.value is not None:
            self.must_be(*allowed)

    def must_be(self, *allowed: object) -> None:
        """Raises NotDone where the value is none of these, or not there."""
        if self.value not in allowed:
            raise self.not_done(" or ".join(repr(each) for each in allowed))

    def malformed(self, must_be: str) -> Malformed:
        return Malformed(f"{self.where} is {shown(self.value)}; it must be {must_be}")

    def not_done(self, done: str) -> NotDone:
        return NotDone(f"{self.where} is {shown(self.value)}; implemented: {done}")


NOTHING: Final = Place("", None)
"""What a file that is not there says."""
