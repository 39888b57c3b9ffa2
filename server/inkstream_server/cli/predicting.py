"""Reads inputs with a pipeline, prints and saves their results, and tells what failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import grpc

from inkstream.errors import InkstreamError
from inkstream.paddlex.pipeline import OcrPipeline
from inkstream.paddlex.reading import Unreadable
from inkstream.paddlex.result import OCRResult
from inkstream_server.cli.read_output import Screen
from inkstream_server.cli.reading import no_server

_UNAVAILABLE: Final = grpc.StatusCode.UNAVAILABLE.name


def predict_inputs(
    pipeline: OcrPipeline, inputs: Sequence[str], options: Mapping[str, Any], save_path: str | None
) -> int:
    """Returns how many inputs and pages failed. Every failure has been told.

    Raises ValueError for options that cannot be, InkstreamError for those that the server refuses.
    """
    with Screen() as screen:
        output = _Output(screen, save_path)
        results = pipeline.predict(
            list(inputs), **options, visualize=save_path is not None, on_error=output.complain
        )
        try:
            for result in results:
                output.show(result)
        except _NobodyAnswers:
            screen.complain(no_server(pipeline.target))
    return output.failure_count


class _NobodyAnswers(Exception):
    """The server is not there: the inputs that are left need not be tried."""


class _Output:
    """Where results go, and who counts what failed."""

    def __init__(self, screen: Screen, save_path: str | None) -> None:
        self.failure_count = 0
        self._screen = screen
        self._save_path = save_path
        self._shown: object = None

    def show(self, result: OCRResult) -> None:
        path = result["input_path"]
        if path != self._shown:
            self._shown = path
            self._screen.count(str(path), result.page_count)
        self._screen.advance()
        self._screen.write(result.formatted())
        if self._save_path is not None:
            result.save_all(self._save_path)

    def complain(self, unreadable: Unreadable) -> None:
        self.failure_count += 1
        error = unreadable.error
        if isinstance(error, InkstreamError) and error.reason == _UNAVAILABLE:
            raise _NobodyAnswers from error
        text = f"{error.strerror}" if isinstance(error, OSError) and error.strerror else f"{error}"
        self._screen.complain(f"{unreadable.input_path}: {text}")
