"""Several processes that learn as one: each has its share of a batch, all take the same step."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Member:
    """One of `size` processes. `slots` is shared: two sets of one gradient vector a member."""

    rank: int
    size: int
    barrier: Barrier
    slots: Any

    def average(self, parameters: Sequence[Any], step: int) -> None:
        """Put into every parameter's gradient the mean over all members."""
        sizes = [parameter.size for parameter in parameters]
        shared = self._vectors(sum(sizes))[step % 2]  # the others may still read the last one's
        shared[self.rank] = np.concatenate([each.grad.numpy().ravel() for each in parameters])
        self.barrier.wait()
        mean = shared.mean(axis=0)
        parts = np.split(mean, np.cumsum(sizes)[:-1])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad.set_value(part.reshape(parameter.shape))

    def _vectors(self, length: int) -> NDArray[np.float32]:
        count = 2 * self.size * length
        return np.frombuffer(self.slots, np.float32, count).reshape(2, self.size, length)


def work_together(
    size: int, most_parameters: int, work: Callable[..., None], *arguments: object
) -> None:
    """Run `work(member, *arguments)` in `size` processes. Raises where one of them fails."""
    context = multiprocessing.get_context("spawn")
    slots = context.RawArray("f", 2 * size * most_parameters)
    barrier = context.Barrier(size)
    members = [Member(rank, size, barrier, slots) for rank in range(size)]
    processes = [context.Process(target=work, args=(each, *arguments)) for each in members]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("a process that trains has failed")
