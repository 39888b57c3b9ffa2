"""How `inkstream read` shows what it gets: text for people, or JSON lines for programs.

Results go to standard output, failures and the progress bar to standard error.
"""

from __future__ import annotations

import json
import sys
from types import TracebackType
from typing import Final, Self

from google.protobuf.json_format import MessageToDict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from inkstream.results import DocumentEnd, DocumentStart, Failure, Page
from inkstream.v1 import ocr_pb2, page_pb2


class Screen:
    """Standard output and standard error, with a progress bar while the latter is a terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        # Rich alone would also take FORCE_COLOR for a terminal, and draw into a dumb one.
        self._has_bar: Final = sys.stderr.isatty() and console.is_interactive
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            # It would send what is printed to standard error, even where only that is a terminal.
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def count(self, description: str, total: int) -> None:
        """Starts the bar anew."""
        for task in self._bar.task_ids:
            self._bar.remove_task(task)
        self._bar.add_task(description, total=total)
        self._show_bar()

    def advance(self) -> None:
        for task in self._bar.task_ids:
            self._bar.advance(task)

    def write(self, text: str) -> None:
        self._hide_bar()
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
        self._show_bar()

    def complain(self, text: str) -> None:
        self._hide_bar()
        sys.stderr.write(f"inkstream: {text}\n")
        self._show_bar()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hide_bar()

    def _show_bar(self) -> None:
        if self._has_bar and self._bar.task_ids:
            self._bar.start()

    def _hide_bar(self) -> None:
        if self._has_bar:
            self._bar.stop()


class TextOutput:
    """The text alone; over each page a line that names it, where there is more than one."""

    def __init__(self, screen: Screen, file_count: int) -> None:
        self._screen = screen
        self._file_count = file_count
        self._page_count = 1
        self._has_headings = file_count > 1

    def start(self, file: str, start: DocumentStart) -> None:
        self._page_count = start.page_count
        self._has_headings = self._file_count > 1 or start.selected_page_count > 1
        self._screen.count(file, start.selected_page_count)

    def page(self, file: str, page: Page) -> None:
        self._screen.advance()
        if page.error is not None:
            self._screen.complain(_describe(file, page.error, page.page_number))
        elif self._has_headings:
            heading = f"--- {file}, page {page.page_number} of {self._page_count} ---"
            self._screen.write(f"{heading}\n{page.text}")
        elif page.lines:
            self._screen.write(page.text)

    def end(self, file: str, end: DocumentEnd) -> None:
        pass

    def failure(self, file: str, failure: Failure) -> None:
        self._screen.complain(_describe(file, failure))


class JsonOutput:
    """One RecognizeStreamResponse a line in the proto JSON mapping; its document_id is the file.

    Fields at their defaults are written too, so that a coordinate of 0 is there. A file that failed
    ends with an `end` whose error is set, as it would in RecognizeStream.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def start(self, file: str, start: DocumentStart) -> None:
        self._screen.count(file, start.selected_page_count)
        self._write(ocr_pb2.RecognizeStreamResponse(document_id=file, start=start.message))

    def page(self, file: str, page: Page) -> None:
        self._screen.advance()
        told = ocr_pb2.RecognizeStreamResponse(document_id=file, page=page.message)
        told.page.ClearField("visualization")  # it is for the eye, and written elsewhere
        self._write(told)
        if page.error is not None:
            self._screen.complain(_describe(file, page.error, page.page_number))

    def end(self, file: str, end: DocumentEnd) -> None:
        self._write(ocr_pb2.RecognizeStreamResponse(document_id=file, end=end.message))

    def failure(self, file: str, failure: Failure) -> None:
        code: int = failure.code.value[0]
        error = page_pb2.Error(code=code, reason=failure.reason, message=failure.message)
        end = ocr_pb2.DocumentEnd(error=error)
        self._write(ocr_pb2.RecognizeStreamResponse(document_id=file, end=end))
        self._screen.complain(_describe(file, failure))

    def _write(self, response: ocr_pb2.RecognizeStreamResponse) -> None:
        mapping = MessageToDict(response, always_print_fields_with_no_presence=True)
        self._screen.write(json.dumps(mapping, ensure_ascii=False))


def _describe(file: str, failure: Failure, page_number: int | None = None) -> str:
    place = file if page_number is None else f"{file}: page {page_number}"
    return f"{place}: {failure.reason}: {failure.message}"
