"""What is read: pages drawn from the sample's texts, whose truth is known, or pictures given."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pymupdf

TEXTS: Final = Path(__file__).resolve().parents[2] / "examples/texts"
LATIN, CJK = pymupdf.Font("helv"), pymupdf.Font("cjk")
DENSE_DPI: Final = 150
SMALL_DPI: Final = 96
DENSE_LINES: Final = 50
MARGIN: Final = 48.0  # points, as all sizes here
DISTINCT_DENSE: Final = 4
DISTINCT_SMALL: Final = 16


@dataclass(frozen=True, slots=True)
class Picture:
    """A page to read, encoded. `truth` None: nobody knows what it says."""

    content: bytes = field(repr=False)
    truth: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Workload:
    """`pictures` are distinct; a round reads `page_count` pages, the pictures again and again."""

    name: str
    pictures: tuple[Picture, ...]
    page_count: int

    @property
    def round(self) -> list[int]:
        """The numbers of the pictures that a round reads."""
        return [number % len(self.pictures) for number in range(self.page_count)]


def dense(page_count: int) -> Workload:
    """A4 pages of fifty long lines at 150 dpi."""
    chance = random.Random("dense")
    pictures = (_dense_page(chance) for _ in range(min(page_count, DISTINCT_DENSE)))
    return Workload("dense", tuple(pictures), page_count)


def small(page_count: int) -> Workload:
    """Pictures of three to twelve lines, every other one in Chinese."""
    chance = random.Random("small")
    pictures = (
        _small_picture(chance, is_chinese=bool(number % 2))
        for number in range(min(page_count, DISTINCT_SMALL))
    )
    return Workload("small", tuple(pictures), page_count)


def given(paths: list[Path], page_count: int) -> Workload:
    """Files of one page each; all of them, if they are more than `page_count`."""
    pictures = tuple(Picture(path.read_bytes(), None) for path in paths)
    return Workload("pictures", pictures, max(page_count, len(pictures)))


def _dense_page(chance: random.Random) -> Picture:
    width, height = pymupdf.paper_size("a4")
    size = 10.0
    words = _words("letter", "columns", "mixed")
    lines = [_line(chance, words, size, width - 2 * MARGIN) for _ in range(DENSE_LINES)]
    step = (height - 2 * MARGIN) / DENSE_LINES
    return _draw(lines, (width, height), size, step, DENSE_DPI)


def _small_picture(chance: random.Random, *, is_chinese: bool) -> Picture:
    size, width = chance.choice((13.0, 16.0, 20.0)), chance.choice((320.0, 420.0, 520.0))
    line_count = chance.randint(3, 12)
    words = _characters("article") if is_chinese else _words("letter", "columns", "mixed")
    room = width - 2 * MARGIN
    lines = [_line(chance, words, size, room * chance.uniform(0.4, 1)) for _ in range(line_count)]
    step = 1.8 * size
    return _draw(lines, (width, 2 * MARGIN + step * line_count), size, step, SMALL_DPI)


def _line(chance: random.Random, words: list[str], size: float, room: float) -> str:
    """Words at random, as many as there is room for."""
    glue: Callable[[list[str]], str] = "".join if CJK_TEXT.search(words[0]) else " ".join
    taken = [chance.choice(words)]
    while _font(line := glue(taken)).text_length(line, size) <= room:
        taken.append(chance.choice(words))
    return glue(taken[:-1] or taken)


def _draw(
    lines: list[str], page_size: tuple[float, float], size: float, step: float, dpi: int
) -> Picture:
    with pymupdf.open() as document:
        page = document.new_page(width=page_size[0], height=page_size[1])
        writer = pymupdf.TextWriter(page.rect)
        for number, line in enumerate(lines, start=1):
            writer.append((MARGIN, MARGIN + number * step), line, font=_font(line), fontsize=size)
        writer.write_text(page)
        return Picture(page.get_pixmap(dpi=dpi).tobytes("png"), tuple(lines))


CJK_TEXT: Final = re.compile(r"[\u3000-\u9fff]")


def _font(text: str) -> pymupdf.Font:
    return CJK if CJK_TEXT.search(text) else LATIN


def _words(*names: str) -> list[str]:
    return [word for name in names for word in re.findall(r"[A-Za-z,.]{2,}", _text(name))]


def _characters(name: str) -> list[str]:
    return re.findall(r"[\u4e00-\u9fff]", _text(name))


def _text(name: str) -> str:
    return (TEXTS / f"{name}.txt").read_text(encoding="utf-8")
