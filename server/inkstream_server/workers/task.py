"""What ties a task's type to the type of its result, across the process in between."""

from __future__ import annotations

from typing import Generic, TypeVar

R_co = TypeVar("R_co", covariant=True)


class Task(Generic[R_co]):
    """Something a worker can be asked for, as a value; the answer is an R. It has no behaviour.

    Doing it twice gives what doing it once gives: work whose worker is lost is done again.
    """

    __slots__ = ()
