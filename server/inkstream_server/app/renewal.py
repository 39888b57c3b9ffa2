"""Has files read again once they have changed, while the server runs.

What they hold, and who uses it, is known to who wrote the renewal down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from inkstream_server.errors import InternalError, OcrError
from inkstream_server.telemetry.renewal_metrics import RenewalMetrics

_log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 1.0

# Of each file what a change of it, of its rights or of a link to it changes; None: it is not there.
FilesState = tuple[tuple[int, ...] | None, ...]


class Changes:
    """Decides when changed files are to be read: once they have stayed as they are for one look.

    Who replaces two files that belong together needs a moment for the second.
    """

    def __init__(self, state: FilesState) -> None:
        """`state` has been read."""
        self._read = self._seen = state

    def is_due(self, state: FilesState) -> bool:
        """Whether to read them now; the same state is not read twice."""
        is_due = state == self._seen and state != self._read
        self._seen = state
        if is_due:
            self._read = state
        return is_due


@dataclass(frozen=True, slots=True)
class Renewal:
    """`renew` reads the files, in another thread, and raises OcrError, having changed nothing."""

    what: str
    files: tuple[Path, ...]
    renew: Callable[[], None]
    metrics: RenewalMetrics
    changes: Changes

    async def keep_up(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if self.changes.is_due(await asyncio.to_thread(state_of, self.files)):
                reason = await asyncio.to_thread(self._reason)
                self.metrics.ended.labels(self.what, reason).inc()

    def _reason(self) -> str:
        """Why they could not be renewed, or OK."""
        try:
            self.renew()
        except OcrError as error:
            _log.error("the %s stay as they were: %s", self.what, error.message)
            return error.reason
        except Exception:  # noqa: BLE001 - the task's boundary: logged, and what was there stays
            _log.exception("the %s stay as they were", self.what)
            return InternalError.reason
        _log.info("the %s were read again", self.what)
        return "OK"


def state_of(files: Sequence[Path]) -> FilesState:
    return tuple(_state_of(file) for file in files)


def _state_of(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
