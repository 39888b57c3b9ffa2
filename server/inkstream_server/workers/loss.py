"""Tells apart the ways in which worker processes are lost. What follows is decided elsewhere."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Cause(Enum):
    """Why a worker process is gone."""

    CRASHED = "crashed"  # by a signal that native code brings upon itself, or by exiting
    KILLED = "killed"  # from outside: by an operator, or by a kernel that is short of memory
    SILENT = "silent"  # it gave no sign of life: stopped, or stuck; ended by us
    OVERDUE = "overdue"  # one batch took longer than allowed; ended by us
    TOO_LARGE = "too_large"  # it had grown past its memory's limit; ended by us, between batches


_OWN_FAULTS: Final = frozenset(
    {
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGSEGV,
        signal.SIGSYS,
        signal.SIGTRAP,
        signal.SIGXCPU,
    }
)


@dataclass(frozen=True, slots=True)
class Loss:
    """The end of one process: `how` completes the sentence that its name begins."""

    cause: Cause
    how: str


class WorkerLost(Exception):
    """The process is gone, and the batch that it had is not done."""

    def __init__(self, message: str, cause: Cause) -> None:
        super().__init__(message)
        self.cause = cause


def loss_by_status(status: int) -> Loss:
    """What a process's exit status says; a signal's is negative, as subprocess has it."""
    if status >= 0:
        return Loss(Cause.CRASHED, f"ended with status {status}")
    cause = Cause.CRASHED if -status in _OWN_FAULTS else Cause.KILLED
    return Loss(cause, f"was killed by {_signal_name(-status)}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has a number only
        return f"signal {number}"
