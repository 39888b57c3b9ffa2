"""Reads files with a server, one after the other, and tells an output what comes of each."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

import grpc

from inkstream.client import Client
from inkstream.errors import InkstreamError
from inkstream.options import Options, PageOrder
from inkstream.results import DocumentEnd, DocumentEvent, DocumentStart, Failure, Page

_STDIN: Final = "-"
_INVALID: Final = grpc.StatusCode.INVALID_ARGUMENT
_UNAVAILABLE: Final = grpc.StatusCode.UNAVAILABLE.name


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted of every file."""

    pages: str
    dpi: int
    order: PageOrder
    password: str
    priority: Literal["interactive", "batch"]
    options: Options = field(default_factory=lambda: Options())


class Output(Protocol):
    """Where a file's events go: a start, pages and an end, or a failure at any place."""

    def start(self, file: str, start: DocumentStart) -> None: ...
    def page(self, file: str, page: Page) -> None: ...
    def end(self, file: str, end: DocumentEnd) -> None: ...
    def failure(self, file: str, failure: Failure) -> None: ...


def read_files(files: Sequence[str], client: Client, query: Query, output: Output) -> int:
    """Returns how many files and pages failed. Every failure has been told to the output.

    Where nobody answers at all, the files that are left are not tried.
    """
    failure_count = 0
    for file in files:
        reading = _Reading(file, client, query, output)
        failure_count += reading.run()
        if reading.found_nobody:
            break
    return failure_count


class _Reading:
    """One file on its way."""

    def __init__(self, file: str, client: Client, query: Query, output: Output) -> None:
        self._file = file
        self._client = client
        self._query = query
        self._output = output
        self._failure_count = 0
        self._has_started = False
        self.found_nobody = False

    def run(self) -> int:
        try:
            self._read()
        except BrokenPipeError:  # of our own output, as in `inkstream read … | head`
            raise
        except OSError as error:
            self._fail(Failure(_INVALID, "FILE_UNREADABLE", error.strerror or str(error)))
        except InkstreamError as error:
            self.found_nobody = error.reason == _UNAVAILABLE and not self._has_started
            message = no_server(self._client.target) if self.found_nobody else error.message
            self._fail(Failure(error.code, error.reason, message))
        return self._failure_count

    def _read(self) -> None:
        options: Options = {**self._query.options, "priority": self._query.priority}
        document = self._client.recognize_document(
            sys.stdin.buffer.read() if self._file == _STDIN else Path(self._file),
            pages=self._query.pages,
            dpi=self._query.dpi,
            order=self._query.order,
            password=self._query.password,
            **options,
        )
        for event in document.events():
            self._tell(event)

    def _tell(self, event: DocumentEvent) -> None:
        match event:
            case DocumentStart():
                self._has_started = True
                self._output.start(self._file, event)
            case Page():
                self._failure_count += event.error is not None
                self._output.page(self._file, event)
            case DocumentEnd():
                self._output.end(self._file, event)

    def _fail(self, failure: Failure) -> None:
        self._failure_count += 1
        self._output.failure(self._file, failure)


def no_server(target: str) -> str:
    host, _, port = target.rpartition(":")
    if not (host and port.isdigit()):
        return f"no server answers at {target}; --server wants HOST:PORT, such as localhost:50051"
    return f"no server answers at {target}; start one with: inkstream serve --port {port}"
