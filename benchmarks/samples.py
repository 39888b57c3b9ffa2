"""Makes what the benchmarks read, the same on every machine: pictures, documents, broken files.

How they are read, and what must come of it, is not decided here.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import pymupdf

_EXAMPLES: Final = Path(__file__).resolve().parents[1] / "examples"
_PAGES_PT: Final = ((595, 842), (595, 842), (612, 792), (842, 595), (420, 595), (595, 420))
_MARGIN_PT: Final = 20.0
_FILE_TYPES: Final = ("png", "png", "jpeg")
# A line may break around every CJK character, and between words.
_WORD: Final = re.compile(r"[\u3000-\u9fff\uff00-\uffef]|[^\u3000-\u9fff\uff00-\uffef\s]+")


def sample_pictures(dpi: int = 144) -> list[bytes]:
    """The pages of the project's sample as PNG files."""
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample.pdf"
        command = [sys.executable, str(_EXAMPLES / "make_sample.py"), str(sample)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with pymupdf.open(sample) as document:
            return [page.get_pixmap(dpi=dpi).tobytes("png") for page in document]


def small_pictures(count: int, seed: int = 1) -> list[bytes]:
    """Pictures of one to a dozen lines, each of another size and resolution, as PNG or JPEG."""
    drawing = random.Random(seed)
    pictures = []
    for number in range(count):
        width_pt, height_pt = drawing.randrange(150, 420), drawing.randrange(50, 260)
        with pymupdf.open() as document:
            page = _draw_page(document, drawing, (width_pt, height_pt))
            pixels = page.get_pixmap(dpi=drawing.choice((96, 120, 144, 200)))
            pictures.append(pixels.tobytes(_FILE_TYPES[number % len(_FILE_TYPES)]))
    return pictures


def pdf(page_count: int, seed: int = 1, pages_pt: Sequence[tuple[int, int]] = _PAGES_PT) -> bytes:
    """A document whose pages differ in size, font and the lengths of their lines."""
    drawing = random.Random(seed)
    with pymupdf.open() as document:
        for _ in range(page_count):
            _draw_page(document, drawing, drawing.choice(pages_pt))
        document.subset_fonts()
        content: bytes = document.tobytes(garbage=4, deflate=True)
        return content


def long_pdf(page_count: int = 300) -> bytes:
    """`pdf`, kept in the temporary folder once it is made."""
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    name = f"inkstream-{os.getuid()}-{page_count}-pages-{version}.pdf"
    path = Path(tempfile.gettempdir()) / name
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(pdf(page_count))
        Path(file.name).replace(path)
    return path.read_bytes()


def bad_files() -> Mapping[str, bytes]:
    """Files that no server can read, by what is wrong with them."""
    (picture,) = small_pictures(1)
    document = pdf(2)
    return {
        "empty": b"",
        "no picture": b"this is a text and no picture\n" * 40,
        "a PNG cut off": picture[: len(picture) // 2],
        "a PNG's signature alone": picture[:8],
        "a PDF cut off": document[:200],
    }


class _Script:
    """What lines are written in, and the words that they are made of."""

    def __init__(self, font_name: str, texts: Sequence[str], gap: str) -> None:
        self.font = pymupdf.Font(font_name)
        self._gap = gap
        files = [
            (_EXAMPLES / "texts" / f"{name}.txt").read_text(encoding="utf-8") for name in texts
        ]
        self._words = [word for text in files for word in _WORD.findall(text)]
        # In ems. The library takes long to measure, so it does that once.
        self._widths = [self.font.text_length(word + gap, 1.0) for word in self._words]

    def line(self, drawing: random.Random, room_pt: float, size_pt: float) -> str:
        """As many words as there is room for, and one at least, from anywhere in the texts on."""
        at = drawing.randrange(len(self._words))
        taken: list[str] = []
        room = room_pt / size_pt
        while not taken or room >= self._widths[at]:
            taken.append(self._words[at])
            room -= self._widths[at]
            at = (at + 1) % len(self._words)
        return self._gap.join(taken)


@cache
def _scripts() -> tuple[_Script, ...]:
    latin = [_Script(name, ("letter", "columns"), " ") for name in ("helv", "tiro", "cour")]
    return (*latin, _Script("cjk", ("article",), ""))


def _draw_page(
    document: pymupdf.Document, drawing: random.Random, size_pt: tuple[int, int]
) -> pymupdf.Page:
    """A page of lines, each anything from a word to the page's width long."""
    width, height = size_pt
    page = document.new_page(width=width, height=height)
    script = drawing.choice(_scripts())
    size = drawing.choice((9.0, 11.0, 13.0, 16.0, 20.0))
    writer = pymupdf.TextWriter(page.rect)
    y = _MARGIN_PT + size
    while y < height - _MARGIN_PT:
        room = (width - 2 * _MARGIN_PT) * drawing.choice((0.1, 0.4, 0.7, 1.0, 1.0))
        line = script.line(drawing, room, size)
        writer.append((_MARGIN_PT, y), line, font=script.font, fontsize=size)
        y += 1.5 * size
    writer.write_text(page)
    return page
