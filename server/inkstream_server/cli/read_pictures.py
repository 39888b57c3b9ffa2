"""Writes the pictures of pages that `inkstream read --visualize` asks for, one file a page."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path

from inkstream.results import DocumentEnd, DocumentStart, Failure, Page
from inkstream_server.cli.read_output import Screen
from inkstream_server.cli.reading import Output


class Pictures:
    """An output that writes pages' pictures, where there is a folder, and hands everything on.

    Files are named as PaddleX names them, pages counted from 1: `scan_ocr_res_img.jpg`, or
    `report_3_ocr_res_img.jpg` where a document has more pages than one. Of two documents named
    `scan` the second is `scan-2`.
    """

    def __init__(self, folder: Path | None, output: Output, screen: Screen) -> None:
        self._folder = folder
        self._output = output
        self._screen = screen
        self._page_count = 1
        self._names: dict[str, str] = {}
        self.failure_count = 0

    def start(self, file: str, start: DocumentStart) -> None:
        self._page_count = start.page_count
        self._names.setdefault(file, self._new_name(file))
        self._output.start(file, start)

    def page(self, file: str, page: Page) -> None:
        self._output.page(file, page)
        if self._folder is not None and page.visualization:
            self._write(self._folder / self._name(file, page.page_number), page.visualization)

    def end(self, file: str, end: DocumentEnd) -> None:
        self._output.end(file, end)

    def failure(self, file: str, failure: Failure) -> None:
        self._output.failure(file, failure)

    def _name(self, file: str, page_number: int) -> str:
        number = f"_{page_number}" if self._page_count > 1 else ""
        return f"{self._names[file]}{number}_ocr_res_img.jpg"

    def _new_name(self, file: str) -> str:
        """One that no document before has."""
        stem = "stdin" if file == "-" else Path(file).stem
        numbered = (f"{stem}-{number}" for number in count(2))
        return next(name for name in chain([stem], numbered) if name not in self._names.values())

    def _write(self, path: Path, picture: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture)
        except OSError as error:
            self.failure_count += 1
            self._screen.complain(f"{path}: {error.strerror}")
