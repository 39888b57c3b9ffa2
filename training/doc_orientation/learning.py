"""Trains the network on drawn pages, step by step, and can go on where it was stopped.

A step depends on the seed, its number and the pages alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle.nn import functional

from inkstream_server.models.recipe import TILE_PX
from training.doc_orientation.samples import (
    DrawnPages,
    centre,
    training_batch,
    turned_all_ways,
)
from training.networks.crew import Member, work_together
from training.networks.lcnet import LcNet
from training.networks.turning import TURNS, summed_over_turns

SCALE: Final = 0.5
WIDE_CHANNELS: Final = 512
CHECKPOINT: Final = "checkpoint.pdparams"
_PROCESSES: Final = 2
_MOST_PARAMETERS: Final = 1_000_000
_STEPS_PER_CHECKPOINT: Final = 100
_STEPS_PER_VALIDATION: Final = 500
_VALIDATION_PAGES: Final = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """The rate of learning rises for a twentieth of the steps, then falls along a cosine.

    `tiles` are those of one process in one step.
    """

    steps: int = 7000
    tiles: int = 20
    peak_rate: float = 3e-3
    seed: int = 1

    def rate(self, step: int) -> float:
        rise = max(1, self.steps // 20)
        if step < rise:
            return self.peak_rate * (step + 1) / rise
        fallen = (step - rise) / (self.steps - rise)
        return self.peak_rate * float(0.5 * (1 + np.cos(np.pi * fallen)))


PLAN: Final = Plan()
"""What the embedded model was trained with."""


@dataclass(frozen=True, slots=True)
class Folders:
    """`drawn` has `pages` and `validation`; `weights` is where what is learned is kept."""

    drawn: Path
    weights: Path

    @property
    def pages(self) -> Path:
        return self.drawn / "pages"

    @property
    def validation(self) -> Path:
        return self.drawn / "validation"


def network() -> LcNet:
    return LcNet(TURNS, scale=SCALE, wide_channels=WIDE_CHANNELS)


def trained(weights: Path) -> LcNet:
    """The network of a checkpoint."""
    model = network()
    model.set_state_dict(paddle.load(str(weights / CHECKPOINT))["model"])
    return model


def train(folders: Folders, plan: Plan) -> None:
    """Leaves the trained weights in a checkpoint; goes on from one."""
    work_together(_PROCESSES, _MOST_PARAMETERS, _train, folders, plan)


def _train(member: Member, folders: Folders, plan: Plan) -> None:
    paddle.seed(plan.seed)
    model = network()
    learned = [each for each in model.parameters() if not each.stop_gradient]
    optimizer = paddle.optimizer.AdamW(plan.peak_rate, parameters=learned, weight_decay=0.02)
    done = _resume(model, optimizer, folders.weights)
    pages = DrawnPages.of(folders.pages)
    log = _Log(done)
    for step in range(done, plan.steps):
        optimizer.set_lr(plan.rate(step))
        generator = np.random.default_rng((plan.seed, step, member.rank))
        tensor, classes = training_batch(pages, plan.tiles, TILE_PX, generator)
        logits = model.logits(paddle.to_tensor(tensor))
        loss = functional.cross_entropy(logits, paddle.to_tensor(classes), label_smoothing=0.05)
        loss.backward()
        member.average(learned, step)
        optimizer.step()
        optimizer.clear_grad()
        log.losses.append(float(loss))
        if member.rank == 0:
            is_last = step + 1 == plan.steps
            _after_step(step + 1, model, optimizer, folders, log, is_last=is_last)


class _Log:
    def __init__(self, first: int) -> None:
        self.losses: list[float] = []
        self._first = first
        self._started = time.monotonic()

    def tell(self, done: int) -> None:
        seconds = (time.monotonic() - self._started) / (done - self._first)
        print(f"step {done}: loss {np.mean(self.losses):.3f}, {seconds:.2f} s a step", flush=True)
        self.losses.clear()


def _after_step(
    done: int, model: LcNet, optimizer: Any, folders: Folders, log: _Log, *, is_last: bool
) -> None:
    if done % _STEPS_PER_CHECKPOINT == 0 or is_last:
        _keep(model, optimizer, folders.weights, done)
        log.tell(done)
    if done % _STEPS_PER_VALIDATION == 0 or is_last:
        share = share_right(model, DrawnPages.of(folders.validation))
        print(f"step {done}: {share:.2%} of drawn pages are told right", flush=True)


def share_right(model: LcNet, pages: DrawnPages, count: int = _VALIDATION_PAGES) -> float:
    """How many of evenly chosen pages are told right: as many, however they are turned."""
    logits = logits_of_pages(model, pages, count)
    return float((logits.argmax(axis=1) == 0).mean())


def logits_of_pages(model: LcNet, pages: DrawnPages, count: int) -> NDArray[np.float32]:
    """Of evenly chosen upright pages (count x 4), all that is said of a page added up."""
    model.eval()
    found = []
    for tiles in pages.evenly(count):
        tensor, _ = turned_all_ways([centre(tile, TILE_PX) for tile in tiles])
        with paddle.no_grad():
            logits = summed_over_turns(model.logits(paddle.to_tensor(tensor)))
        found.append(logits.numpy().sum(axis=0))
    model.train()
    return np.stack(found)


def _keep(model: LcNet, optimizer: Any, folder: Path, step: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "partial"
    state = {"step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    paddle.save(state, str(partial))
    partial.rename(folder / CHECKPOINT)


def _resume(model: LcNet, optimizer: Any, folder: Path) -> int:
    if not (folder / CHECKPOINT).exists():
        return 0
    state = paddle.load(str(folder / CHECKPOINT))
    model.set_state_dict(state["model"])
    optimizer.set_state_dict(state["optimizer"])
    return int(state["step"])
