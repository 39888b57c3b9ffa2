"""Shows how far a download is, on a terminal alone. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn
from rich.progress import TransferSpeedColumn as SpeedColumn

# The floor `models` needs PyYAML, which a light installation lacks.
if TYPE_CHECKING:
    from inkstream_server.models.download import Progress as Report


@contextmanager
def shown_progress() -> Iterator[Report]:
    """A bar on standard error while a file comes, gone when it is there."""
    console = Console(stderr=True)
    columns = (BarColumn(), DownloadColumn(), SpeedColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", visible=False)

        def report(done_bytes: int, total_bytes: int | None) -> None:
            is_whole = done_bytes == total_bytes
            bar.update(task, completed=done_bytes, total=total_bytes, visible=not is_whole)

        yield report
