"""Puts whole directories into a store: one writer at a time, nothing half-made ever in place."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from inkstream_server.errors import PullFailed

_GUARD: Final = ".pull.lock"
_STAGING: Final = ".staging-"
_POLL_S: Final = 0.1


@contextmanager
def sole_writer(root: Path, *, wait_s: float, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the store for writing, across processes; PullFailed when `wait_s` is over.

    `on_wait` is called once if another one holds it. The kernel lets go when the holder dies.
    What a dead writer left behind is removed.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / _GUARD).open("ab") as guard:
        if not _try_acquire(guard):
            on_wait()
            _acquire(guard, root, wait_s)
        for leftover in root.glob(f"{_STAGING}*"):
            shutil.rmtree(leftover, ignore_errors=True)  # an orphaned pip may still write there
        yield


@contextmanager
def staging_folder(root: Path) -> Iterator[Path]:
    """An empty folder on the store's own disk, gone afterwards. Only for the sole writer."""
    folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(made: Path, target: Path) -> None:
    """Rename a directory made in a staging folder to `target`, taking the place of what is there.

    A reader sees the old one or the new one, or for an instant of a repair none.
    """
    for file in made.iterdir():
        _flush(file)
    _flush(made)
    if target.exists() or target.is_symlink():
        target.rename(made.parent / f"old-{target.name}")
    made.rename(target)
    _flush(target.parent)


def put_away(target: Path, folder: Path) -> None:
    """Take a directory out of the store at once; it goes with the staging folder."""
    target.rename(folder / f"old-{target.name}")
    _flush(target.parent)


def _acquire(guard: IO[bytes], root: Path, wait_s: float) -> None:
    give_up_at = time.monotonic() + wait_s
    while not _try_acquire(guard):
        if time.monotonic() >= give_up_at:
            raise PullFailed(f"another pull is at work in {root}; try again later")
        time.sleep(_POLL_S)


def _try_acquire(guard: IO[bytes]) -> bool:
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _flush(path: Path) -> None:
    """Names must not reach the disk before the content they stand for."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
