"""Shows how far a download is, on a terminal alone. Decides nothing."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class DownloadBar:
    """A bar on standard error while a file comes. `clear` it before anything else is written."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def show(self, done_bytes: int, total_bytes: int | None) -> None:
        if not self._console.is_terminal:
            return
        if self._progress is None:
            self._progress = self._begun()
        (task,) = self._progress.task_ids
        self._progress.update(task, completed=done_bytes, total=total_bytes)

    def clear(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _begun(self) -> Progress:
        columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        # What is written meanwhile stays where it was written to.
        progress = Progress(
            *columns,
            console=self._console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        progress.add_task("", total=None)
        progress.start()
        return progress
