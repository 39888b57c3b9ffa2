"""A role whose tasks do what a confined worker must not. It is loaded in these tests' workers."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.model_tasks import LoadedModel
from inkstream_server.workers.task import Task


@dataclass(frozen=True, slots=True)
class Attempt(Task[str]):
    """Do what is named; the answer is "done", or the name of the error that it came to."""

    what: str
    path: Path = Path("/dev/null")


@dataclass(frozen=True, slots=True)
class Compute(Task[str]):
    """Never answer, and compute."""


class Trying:
    @property
    def models(self) -> Sequence[LoadedModel]:
        return ()

    def run(self, key: object, items: Sequence[object]) -> Sequence[object]:
        return [self._answer(item) for item in items]

    def tell(self, item: object) -> None: ...

    def _answer(self, task: object) -> str:
        match task:
            case Attempt():
                return _tried(lambda: _ACTS[task.what](task.path))
            case Compute():
                while True:
                    pass
        raise AssertionError(task)


@dataclass(frozen=True, slots=True)
class TryingSpec:
    def build(self, memory: SharedMemory) -> Trying:
        return Trying()


def _tried(act: Callable[[], object]) -> str:
    try:
        act()
    except (OSError, MemoryError, ValueError) as error:
        return type(error).__name__
    return "done"


def _in_thread(act: Callable[[], object]) -> None:
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(_tried(act)))
    thread.start()
    thread.join()
    if answers != ["done"]:
        raise PermissionError(answers[0])


def _open_many(path: Path) -> None:
    opened: list[IO[bytes]] = []
    try:
        while len(opened) < 1000:
            opened.append(path.open("rb"))
    finally:
        for file in opened:
            file.close()


_ACTS: dict[str, Callable[[Path], object]] = {
    "open a socket": lambda _: socket.socket().close(),
    "open a unix socket": lambda _: socket.socket(socket.AF_UNIX).close(),
    "open a socket in a thread": lambda _: _in_thread(lambda: socket.socket().close()),
    "make a pair of sockets": lambda _: socket.socketpair(),
    "run a program": lambda _: subprocess.run(["/bin/true"], check=True),
    "become a program": lambda _: os.execv("/bin/true", ["true"]),
    "take memory": lambda _: bytearray(1 << 30),
    "take a little memory": lambda _: bytearray(1 << 24),
    "write a file": lambda path: path.write_bytes(bytes(1 << 20)),
    "make a file": lambda path: path.with_name("made").touch(),
    "remove a file": lambda path: path.unlink(),
    "end the server": lambda _: os.kill(os.getppid(), 0),
    "read a file": lambda path: path.read_bytes(),
    "open many files": _open_many,
    "compute for a moment": lambda _: _compute(0.15),
    "gain privileges": lambda _: _check_privileges(),
}


def _compute(cpu_s: float) -> None:
    until_s = time.process_time() + cpu_s
    while time.process_time() < until_s:
        pass


def _check_privileges() -> None:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    if "NoNewPrivs:\t1" in status:
        raise PermissionError
