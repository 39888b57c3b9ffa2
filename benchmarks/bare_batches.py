"""Runs the batches that a server ran once more, on bare predictors: the ceiling of any server.

As many processes as the server has model workers, with the same engines and settings, take the
batches in the same order from one list and do nothing but run the model.
"""

from __future__ import annotations

import ast
import multiprocessing
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from typing import Final, TypeAlias

import numpy as np

from inkstream_server.app.models import models_to_load
from inkstream_server.config import ServerConfig
from inkstream_server.stages.recognition import LINE_HEIGHT_PX
from inkstream_server.workers.environment import worker_environment
from inkstream_server.workers.plan import WorkerPlan

_RUN: Final = re.compile(
    r"ran key=ModelBucket\(model='(?P<model>[^']+)', shape=(?P<shape>\([\d, ]+\))\) "
    r"count=(?P<count>\d+) busy_ms=(?P<busy_ms>[\d.]+)"
)
_WARM_LIMIT_S: Final = 600.0

Taken: TypeAlias = "Synchronized[int]"


@dataclass(frozen=True, slots=True)
class RanBatch:
    """A batch that a model worker ran: its bucket, how many items, and how long it took."""

    model: str
    bucket_shape: tuple[int, ...]
    count: int
    busy_s: float

    @property
    def tensor_shape(self) -> tuple[int, ...]:
        """The model's input. A recogniser's bucket tells its width alone."""
        sides = self.bucket_shape
        height_and_width = sides if len(sides) > 1 else (LINE_HEIGHT_PX, *sides)
        return (self.count, 3, *height_and_width)


def batches_in(log: str) -> list[RanBatch]:
    """The batches that a log of level DEBUG tells of, in the order in which they ended."""
    return [
        RanBatch(
            found["model"],
            ast.literal_eval(found["shape"]),
            int(found["count"]),
            float(found["busy_ms"]) / 1000,
        )
        for found in _RUN.finditer(log)
    ]


class Replay:
    """Processes with warm predictors, which wait for batches."""

    def __init__(self, players: Sequence[Connection], together: Barrier, taken: Taken) -> None:
        self._players = players
        self._together = together
        self._taken = taken

    def wall_s(self, batches: Sequence[RanBatch]) -> float:
        """How long all processes together take for the batches."""
        self._taken.value = 0
        for player in self._players:
            player.send(batches)
        self._together.wait(_WARM_LIMIT_S)
        started_at = time.monotonic()
        for player in self._players:
            player.recv()
        return time.monotonic() - started_at


@contextmanager
def replaying(config: ServerConfig, workers: WorkerPlan) -> Iterator[Replay]:
    """As many processes as model workers, each with every model of the configuration."""
    context = multiprocessing.get_context("spawn")
    together, taken = context.Barrier(workers.model_workers + 1), context.Value("l", 0)
    os.environ.update(worker_environment(workers.model_threads))  # read as a process begins
    ours, theirs = zip(*(context.Pipe() for _ in range(workers.model_workers)), strict=True)
    players = [
        context.Process(
            target=_play, args=(end, config, workers.model_threads, together, taken), daemon=True
        )
        for end in theirs
    ]
    for player in players:
        player.start()
    try:
        yield Replay(ours, together, taken)
    finally:
        for player in players:
            player.kill()
            player.join()


def _play(
    connection: Connection, config: ServerConfig, threads: int, together: Barrier, taken: Taken
) -> None:
    models = models_to_load(config.models, config.inference, threads)
    predictors = {each.files.name: each.engine.load(each.files, each.settings) for each in models}
    known: set[tuple[str, tuple[int, ...]]] = set()
    noise = np.random.default_rng(1)
    while True:
        batches: Sequence[RanBatch] = connection.recv()
        shapes = {batch.tensor_shape for batch in batches}
        tensors = {shape: noise.standard_normal(shape, np.float32) for shape in shapes}
        for kind in {(batch.model, batch.tensor_shape) for batch in batches} - known:
            predictors[kind[0]].run(tensors[kind[1]])  # what a shape costs once, it has cost
            known.add(kind)
        together.wait(_WARM_LIMIT_S)
        while (at := _next(taken)) < len(batches):
            predictors[batches[at].model].run(tensors[batches[at].tensor_shape])
        connection.send(None)


def _next(taken: Taken) -> int:
    with taken.get_lock():
        at: int = taken.value
        taken.value += 1
        return at
