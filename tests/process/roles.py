"""A role whose tasks do what a worker must survive. It is loaded in the workers of these tests."""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inkstream_server.errors import ImageDamaged, ModelMissing
from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.model_tasks import LoadedModel
from inkstream_server.workers.role import Launch, RoleSpec
from inkstream_server.workers.task import Task

REPOSITORY = Path(__file__).resolve().parents[2]
FOREVER_S = 3600.0


@dataclass(frozen=True, slots=True)
class Say(Task[str]):
    """Answer in capitals."""

    text: str


@dataclass(frozen=True, slots=True)
class Die(Task[str]):
    """End the process, as a fault in native code would."""


@dataclass(frozen=True, slots=True)
class Hang(Task[str]):
    """Never answer. With a marker: leave it, and answer once it is there."""

    marker: Path | None = None


@dataclass(frozen=True, slots=True)
class Clasp(Task[str]):
    """Never answer, and keep Python's lock, as a deadlock in native code does. Else like Hang."""

    marker: Path | None = None


@dataclass(frozen=True, slots=True)
class Take(Task[float]):
    """Take about so long, and answer how long it was: asleep, or computing with Python's lock."""

    duration_s: float
    computes: bool


@dataclass(frozen=True, slots=True)
class Fail(Task[str]):
    """Raise: an error of the item's own, or a bug."""

    is_bug: bool


@dataclass(frozen=True, slots=True)
class TellWhatWasTold(Task[list[object]]):
    pass


@dataclass(frozen=True, slots=True)
class TellPid(Task[int]):
    pass


class Ordeal:
    def __init__(self) -> None:
        self._told: list[object] = []

    @property
    def models(self) -> Sequence[LoadedModel]:
        return ()

    def run(self, key: object, items: Sequence[object]) -> Sequence[object]:
        return [self._answer(item) for item in items]

    def tell(self, item: object) -> None:
        self._told.append(item)

    def _answer(self, task: object) -> object:
        match task:
            case Say(text=text):
                return text.upper()
            case Die():
                os.kill(os.getpid(), signal.SIGSEGV)
            case Hang() | Clasp():
                return _hang(task)
            case Take(duration_s=duration_s, computes=computes):
                return _timed(_compute if computes else time.sleep, duration_s)
            case Fail(is_bug=is_bug):
                raise ValueError("a bug") if is_bug else ImageDamaged("the picture is torn")
            case TellWhatWasTold():
                return self._told
            case TellPid():
                return os.getpid()
        raise AssertionError(task)


def _hang(task: Hang | Clasp) -> str:
    if task.marker is not None and task.marker.exists():
        return "done at last"
    if task.marker is not None:
        task.marker.touch()
    if isinstance(task, Hang):
        time.sleep(FOREVER_S)
    else:
        ctypes.PyDLL(None).sleep(int(FOREVER_S))
    raise AssertionError


def _timed(act: Callable[[float], None], duration_s: float) -> float:
    started_at = time.monotonic()
    act(duration_s)
    return time.monotonic() - started_at


def _compute(duration_s: float) -> None:
    """Compute in native code, without a moment at which another thread could run Python."""
    sample = 1_000_000
    sample_s = min(_computed_s(sample) for _ in range(10))  # what disturbs one makes it look slow
    _count(int(sample * duration_s / sample_s))


def _computed_s(count: int) -> float:
    started_s = time.thread_time()
    _count(count)
    return time.thread_time() - started_s


def _count(count: int) -> None:
    deque(itertools.repeat(None, count), maxlen=0)


@dataclass(frozen=True, slots=True)
class OrdealSpec:
    def build(self, memory: SharedMemory) -> Ordeal:
        return Ordeal()


@dataclass(frozen=True, slots=True)
class HopelessSpec:
    """A role that cannot start: the operator can mend it, a bug, no end of it, or a death."""

    how: str

    def build(self, memory: SharedMemory) -> Ordeal:
        match self.how:
            case "operator":
                raise ModelMissing("model x is not there; run: inkstream models pull x")
            case "patience":
                time.sleep(FOREVER_S)
                raise AssertionError
            case "bug":
                raise ZeroDivisionError("what went wrong")
            case _:
                os.kill(os.getpid(), signal.SIGKILL)
                raise AssertionError


@dataclass(frozen=True, slots=True)
class BarredSpec:
    """A role that can start while the bar is not there."""

    bar: Path

    def build(self, memory: SharedMemory) -> Ordeal:
        if self.bar.exists():
            raise ModelMissing("the bar is down")
        return Ordeal()


def launch(spec: RoleSpec, name: str = "a worker") -> Launch:
    """A worker that finds the tests' own roles, and all else where this process finds it."""
    path = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    return Launch(name, spec, segments=(), environment={"PYTHONPATH": path})
