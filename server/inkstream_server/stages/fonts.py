"""Has the letters to write a text with, from the fonts that PyMuPDF carries: nothing is fetched.

Droid Sans Fallback (Apache-2.0) has Chinese, Japanese, Korean, Latin, Greek and Cyrillic; the Noto
fonts (SIL Open Font License) have the other scripts.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np
import pymupdf
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

MISSING: Final = "□"
"""Stands for a character that no font has."""

_CACHED_FONTS: Final = 256
_CACHED_CHARACTERS: Final = 16_384
_CACHED_LETTERS: Final = 4096
# Larger ones, of which there are few on a page, would fill a cache.
_MAX_CACHED_PX: Final = 80
# Whole pixels matter little to a length measured at this size.
_MEASURED_AT_PX: Final = 400


@dataclass(frozen=True, slots=True, eq=False)
class Typeface:
    """One font in all its sizes. Lives as long as the process."""

    font: pymupdf.Font
    path: str

    def has(self, character: str) -> bool:
        return bool(self.font.has_glyph(ord(character)))


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters that one typeface has."""

    typeface: Typeface
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """How much ink is where (h x w, 0..255): a character, or many of a script that joins them.

    Its top left is `left_px` right and `top_px` below the point on the line from which the next
    letter's is `advance_px` to the right.
    """

    ink: NDArray[np.uint8]
    left_px: int
    top_px: int
    advance_px: float


def runs(text: str) -> list[Run]:
    """Part a text by typefaces, in the order in which the parts stand from left to right."""
    if all(_typeface_of(character) is general() for character in set(text)):
        return [Run(general(), text)]
    parts: list[Run] = []
    for character in text:
        typeface = _typeface_of(character)
        if parts and not character.isalpha() and parts[-1].typeface.has(character):
            typeface = parts[-1].typeface  # marks and signs belong to the letters before them
        if typeface is None:
            typeface, character = general(), MISSING
        if parts and parts[-1].typeface is typeface:
            character = parts.pop().text + character
        parts.append(Run(typeface, character))
    return parts[::-1] if _runs_leftwards(text) else parts


def length_em(run: Run) -> float:
    """How long a run is, as a multiple of the size that it is written at."""
    parts = run.text if run.typeface is general() else (run.text,)
    return sum(_length_em(run.typeface, part) for part in parts)


def letters(run: Run, size_px: int) -> Iterator[Letter]:
    """The letters of a run, from left to right."""
    if run.typeface is not general():
        yield _letter(run.typeface, run.text, size_px)
    elif size_px > _MAX_CACHED_PX:
        yield from (_letter(run.typeface, character, size_px) for character in run.text)
    else:
        yield from (_cached_letter(character, size_px) for character in run.text)


@cache
def general() -> Typeface:
    """The typeface of most characters."""
    return _kept(pymupdf.Font("cjk"))


@lru_cache(_CACHED_FONTS)
def _sized(typeface: Typeface, size_px: int) -> FreeTypeFont:
    """The font at a size. All sizes of a typeface share its file's memory."""
    return ImageFont.truetype(typeface.path, size_px)


@lru_cache(_CACHED_CHARACTERS)
def _length_em(typeface: Typeface, text: str) -> float:
    return _sized(typeface, _MEASURED_AT_PX).getlength(text) / _MEASURED_AT_PX


@lru_cache(_CACHED_LETTERS)
def _cached_letter(character: str, size_px: int) -> Letter:
    return _letter(general(), character, size_px)


def _letter(typeface: Typeface, text: str, size_px: int) -> Letter:
    font = _sized(typeface, size_px)
    left, top, right, bottom = (round(at) for at in font.getbbox(text, anchor="ls"))
    image = Image.new("L", (max(0, right - left), max(0, bottom - top)))
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font, anchor="ls")
    return Letter(np.asarray(image), left, top, _length_em(typeface, text) * size_px)


@lru_cache(_CACHED_CHARACTERS)
def _typeface_of(character: str) -> Typeface | None:
    return next((each for each in _candidates(character) if each and each.has(character)), None)


def _candidates(character: str) -> Iterator[Typeface | None]:
    yield general()
    # A character's name begins with its script's: ARABIC LETTER ALEF.
    script = unicodedata.name(character, "").partition(" ")[0]
    number = getattr(pymupdf.mupdf, f"UCDN_SCRIPT_{script}", None)
    if number is not None:
        yield _of_script(number)


@cache
def _of_script(number: int) -> Typeface | None:
    """None where PyMuPDF has none for the script, such as Tangut and SignWriting."""
    try:
        font = pymupdf.Font(script=number)
    except AttributeError:  # of the font that it looked up and did not find
        return None
    return _kept(font)


def _kept(font: pymupdf.Font) -> Typeface:
    """FreeType maps a file that has a name; a font in memory it would copy for every size."""
    file = os.memfd_create(font.name)
    with os.fdopen(os.dup(file), "wb") as content:
        content.write(font.buffer)
    return Typeface(font, f"/proc/self/fd/{file}")


def _runs_leftwards(text: str) -> bool:
    """Whether the first letter of a text is of a script that is written from right to left."""
    directions = (unicodedata.bidirectional(character) for character in text)
    strong = next((each for each in directions if each in {"L", "R", "AL"}), "L")
    return strong != "L"
