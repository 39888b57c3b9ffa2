"""Places lines of text on a page: left, centred, right or justified, in one hand.

What stands where is the layouts' matter; how the finished page has worn, `wear`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

from training.pages import corpus, typefaces

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom; in pixels."""


@dataclass(frozen=True, slots=True)
class Hand:
    """In what a text is written."""

    language: str
    path: Path
    size_px: int
    ink: Colour
    spacing: float = 1.3
    """From line to line, in sizes."""

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        return typefaces.font(self.path, self.size_px, self.language)

    @property
    def step_px(self) -> int:
        return max(2, round(self.size_px * self.spacing))

    def sized(self, size_px: float) -> Hand:
        return replace(self, size_px=max(5, round(size_px)))


class Sheet:
    """A picture to write on, and the chance that decides what."""

    def __init__(self, size: tuple[int, int], paper: Colour, rng: Random) -> None:
        self.image = Image.new("RGB", size, paper)
        self.draw = ImageDraw.Draw(self.image)
        self.paper = paper
        self.rng = rng
        self._mask = Image.new("L", size)

    @property
    def width_px(self) -> int:
        return self.image.width

    @property
    def height_px(self) -> int:
        return self.image.height

    def words(self, hand: Hand, count: int) -> str:
        """About as many words, from one place of the language's sentences onward."""
        sentences = corpus.sentences(hand.language)
        at, parts, found = self.rng.randrange(len(sentences)), [], 0
        while found < count:
            sentence = sentences[at % len(sentences)]
            parts.append(sentence)
            found += word_count(sentence, hand.language)
            at += 1
        text = (" " if hand.language not in corpus.UNSPACED else "").join(parts)
        return cut(text, count, hand.language)

    def line(self, at: tuple[int, int], text: str, hand: Hand, *, anchor: str = "la") -> int:
        """Write one line; tells where it ends, in x."""
        try:
            self.draw.text(at, text, fill=hand.ink, font=hand.font, anchor=anchor)
            width = int(hand.font.getlength(text))
        except OSError:  # a glyph that FreeType cannot draw: the line stays empty
            return at[0]
        left = at[0] - {"l": 0, "m": width // 2, "r": width}[anchor[0]]
        self.mark((left, at[1], left + width, at[1] + hand.size_px))
        return left + width

    def mark(self, box: Box) -> None:
        """Note that there is text in a box."""
        ImageDraw.Draw(self._mask).rectangle(box, fill=255)

    @property
    def mask(self) -> Image.Image:
        """255 where there is text."""
        return self._mask

    def paragraph(
        self, box: Box, text: str, hand: Hand, *, align: str = "left", indent_px: int = 0
    ) -> int:
        """Fill lines from the top of a box; tells the y below the last one that had room."""
        left, top, right, bottom = box
        if hand.language in corpus.RIGHT_TO_LEFT and align == "left":
            align = "right"
        lines = wrapped(text, hand, right - left, indent_px)
        for index, line in enumerate(lines):
            if top + hand.size_px > bottom:
                break
            start = left + (indent_px if index == 0 else 0)
            is_last = index == len(lines) - 1
            self._aligned(
                start, right, top, line, hand, "left" if is_last and align == "justified" else align
            )
            top += hand.step_px
        return top

    def _aligned(self, left: int, right: int, y: int, line: str, hand: Hand, align: str) -> None:
        if align == "centre":
            self.line(((left + right) // 2, y), line, hand, anchor="ma")
        elif align == "right":
            self.line((right, y), line, hand, anchor="ra")
        elif align == "justified":
            self._justified(left, right, y, line, hand)
        else:
            self.line((left, y), line, hand)

    def _justified(self, left: int, right: int, y: int, line: str, hand: Hand) -> None:
        parts = list(line) if hand.language in corpus.UNSPACED else line.split()
        widths = [hand.font.getlength(part) for part in parts]
        gap = (right - left - sum(widths)) / max(1, len(parts) - 1)
        x = float(left)
        for part, width in zip(parts, widths, strict=True):
            self.line((round(x), y), part, hand)
            x += width + gap


def word_count(text: str, language: str) -> int:
    return len(text) // 2 if language in corpus.UNSPACED else text.count(" ") + 1


def cut(text: str, count: int, language: str) -> str:
    if language in corpus.UNSPACED:
        return text[: 2 * count]
    return " ".join(text.split(" ")[:count])


def wrapped(text: str, hand: Hand, width_px: int, indent_px: int = 0) -> list[str]:
    """Break a text into lines that fit, by the widths of its parts."""
    is_unspaced = hand.language in corpus.UNSPACED
    parts = list(text) if is_unspaced else text.split()
    space = 0.0 if is_unspaced else hand.font.getlength(" ")
    lines: list[list[str]] = [[]]
    x = float(indent_px)
    for part in parts:
        advance = _advance(part, hand)
        if lines[-1] and x + advance > width_px:
            lines.append([])
            x = 0.0
        lines[-1].append(part)
        x += advance + space
    return [("" if is_unspaced else " ").join(line) for line in lines]


def _advance(part: str, hand: Hand) -> float:
    return hand.font.getlength(part)
