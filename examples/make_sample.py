"""Draws the sample document: seven pages in English and Chinese, each laid out another way.

    python examples/make_sample.py sample.pdf

The texts were written for this project; they lie in `texts/`. The last page but one is a picture.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pymupdf

TEXTS: Final = Path(__file__).resolve().parent / "texts"
SCAN_DPI: Final = 150
FONTS: Final = {name: pymupdf.Font(name) for name in ("helv", "tiro", "cour", "cjk")}
MARGIN: Final = 64.0  # points, as everything here
# A line breaks before a CJK character, or between words; never before closing punctuation.
WORD: Final = re.compile(
    r"[\u4e00-\u9fff\u201c][\u3001\u3002\u201d\uff0c\uff1a\uff1b]*"
    r"|[^\u4e00-\u9fff\u201c\s]+\s*|\s+"
)
CJK: Final = re.compile(r"[\u2018-\u201d\u3000-\u9fff\uff00-\uffef]")


@dataclass(slots=True)
class Pen:
    """Writes lines of text downwards on one page, from `y` on."""

    page: pymupdf.Page
    x: float
    y: float
    width: float
    latin: str = "helv"

    def write(self, text: str, size: float, *, leading: float = 1.45) -> None:
        """One paragraph, broken where the width ends."""
        for line in self._break(text, size):
            self.y += size * leading
            self.write_at(self.x, line, size)

    def write_at(self, x: float, text: str, size: float) -> None:
        writer = pymupdf.TextWriter(self.page.rect)
        writer.append((x, self.y), text, font=self._font(text), fontsize=size)
        writer.write_text(self.page)

    def _break(self, text: str, size: float) -> Iterator[str]:
        font, line = self._font(text), ""
        for word in WORD.findall(text):
            if line and font.text_length((line + word).rstrip(), size) > self.width:
                yield line.rstrip()
                line = ""
            line += word
        yield line.rstrip()

    def _font(self, text: str) -> pymupdf.Font:
        return FONTS["cjk" if CJK.search(text) else self.latin]


def make_sample(path: Path) -> int:
    """Writes the PDF, returns how many pages it has."""
    with pymupdf.open() as document:
        for draw in (letter, columns, table, article, mixed, notice, slide):
            draw(document)
        document.subset_fonts()
        document.save(path, garbage=4, deflate=True)
        return int(document.page_count)


def letter(document: pymupdf.Document) -> None:
    pen = open_page(document, latin="tiro")
    for paragraph in read("letter"):
        pen.write(paragraph, 13)


def columns(document: pymupdf.Document) -> None:
    pen = open_page(document)
    pen.write("A mill that keeps time with the moon", 21)
    top, gap, paragraphs = pen.y + 16, 26.0, read("columns")
    pen.width = (pen.width - gap) / 2
    for column in (paragraphs[:3], paragraphs[3:]):
        pen.y = top
        for paragraph in column:
            pen.write(paragraph, 11)
            pen.y += 10
        pen.x += pen.width + gap


def table(document: pymupdf.Document) -> None:
    pen = open_page(document)
    pen.write("Estimate no. 2026-031", 17)
    pen.y += 14
    rows = [row.split("|") for row in read("table")]
    total = sum(float(row[-1]) for row in rows[1:])
    for row in [*rows, ["Total", "", "", "", f"{total:.2f}"]]:
        pen.y += 26
        for cell, x in zip(row, (0, 190, 250, 320, 395), strict=True):
            if cell:
                pen.write_at(pen.x + x, cell, 11)
        pen.page.draw_line((pen.x, pen.y + 8), (pen.x + pen.width, pen.y + 8), width=0.6)


def article(document: pymupdf.Document) -> None:
    pen = open_page(document)
    pen.write("北门外的石桥", 26)
    pen.y += 12
    for paragraph in read("article"):
        pen.write(paragraph, 16, leading=1.7)
        pen.y += 10


def mixed(document: pymupdf.Document) -> None:
    write_sized(open_page(document), "mixed")


def notice(document: pymupdf.Document) -> None:
    """A scan: the page is a JPEG and holds no text of its own."""
    with pymupdf.open() as drawing:
        pen = open_page(drawing, latin="cour")
        write_sized(pen, "notice")
        scan = pen.page.get_pixmap(dpi=SCAN_DPI).tobytes("jpeg", jpg_quality=85)
    page = document.new_page()
    page.insert_image(page.rect, stream=scan)


def slide(document: pymupdf.Document) -> None:
    wide = pymupdf.paper_rect("a5-l")
    write_sized(open_page(document, rect=wide), "slide")


def open_page(
    document: pymupdf.Document, *, latin: str = "helv", rect: pymupdf.Rect | None = None
) -> Pen:
    rect = rect or pymupdf.paper_rect("a4")
    page = document.new_page(width=rect.width, height=rect.height)
    return Pen(page, MARGIN, MARGIN, rect.width - 2 * MARGIN, latin)


def write_sized(pen: Pen, name: str) -> None:
    """Writes a text whose lines begin with their font size."""
    for line in read(name):
        size, _, text = line.partition("|")
        pen.write(text, float(size))
        pen.y += 10


def read(name: str) -> list[str]:
    return (TEXTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="where the PDF goes")
    make_sample(parser.parse_args().path)


if __name__ == "__main__":
    main()
