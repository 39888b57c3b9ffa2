"""Tells what line widths are rounded up to: exact where texts are to be PaddleX's, else fewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from inkstream_server.engines.engine import Precision
from inkstream_server.workers.model_tasks import LoadedModel

_EXACT: Final = 1
# Every width is a shape of its own to an engine; see docs/decisions/013.
_FEW: Final = 32


class WidthSteps:
    """Known once the models are: the precision that a recogniser really runs in decides."""

    def __init__(self, configured: int | None, loaded: Sequence[LoadedModel]) -> None:
        """`loaded` is filled by its owner when the workers are warm."""
        self._configured = configured
        self._loaded = loaded

    def of(self, model: str) -> int:
        if self._configured is not None:
            return self._configured
        precisions = {each.name: each.precision for each in self._loaded}
        return _EXACT if precisions[model] == Precision.FP32.value else _FEW
