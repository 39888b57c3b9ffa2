"""Trains the network on drawn pictures, step by step, and can go on where it was stopped.

A step depends on the seed, its number, the pictures and the count of processes alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

import numpy as np
import paddle
from paddle.nn import functional

from inkstream_server.stages.doc_orientation import INPUT_PX
from training.doc_orientation.samples import (
    DrawnPictures,
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
_MOST_PARAMETERS: Final = 1_000_000
_STEPS_PER_CHECKPOINT: Final = 100
_STEPS_PER_VALIDATION: Final = 400
_VALIDATION_PICTURES: Final = 200
_RISES_OVER: Final = 26 / 9


class Course(Enum):
    """How the rate of learning goes along a phase."""

    RISE = "rise"  # up, then along the beginning of a cosine
    EVEN = "even"
    FALL = "fall"  # up, then along a cosine to nothing


class Kind(Enum):
    """Which drawn pictures; each has its folder."""

    PAGES = "pages"
    SCANS = "scans"  # half of them kept pixel by pixel


@dataclass(frozen=True, slots=True)
class Phase:
    """Some steps of one kind. Counts of pictures are those of one process in one step."""

    steps: int
    side_px: int
    pictures: int
    peak_rate: float
    course: Course
    kinds: tuple[Kind, ...]
    processes: int = 2
    weight_of_places: float = 0.5

    def rate(self, step: int) -> float:
        if self.course is Course.EVEN:
            return self.peak_rate
        end = self.steps if self.course is Course.FALL else round(_RISES_OVER * self.steps)
        rise = max(1, end // 20)
        if step < rise:
            return self.peak_rate * (step + 1) / rise
        return self.peak_rate * float(0.5 * (1 + np.cos(np.pi * (step - rise) / (end - rise))))


@dataclass(frozen=True, slots=True)
class Plan:
    """Small squares first, which cost a third; then the model's own size."""

    phases: tuple[Phase, ...]
    seed: int = 1

    def longer(self, times: int) -> Plan:
        """With so many times the steps of every phase."""
        return replace(
            self, phases=tuple(replace(each, steps=times * each.steps) for each in self.phases)
        )


_LARGE: Final = (Kind.PAGES, Kind.SCANS)

PLAN: Final = Plan(
    (
        Phase(
            *(900, 128, 16, 3e-3, Course.RISE, (Kind.PAGES,)),
            processes=1,
            weight_of_places=0.0,
        ),
        Phase(400, 128, 6, 2e-3, Course.EVEN, _LARGE),
        Phase(1600, 128, 8, 2.5e-3, Course.FALL, _LARGE),
        Phase(450, INPUT_PX, 4, 1e-3, Course.FALL, _LARGE),
        Phase(600, INPUT_PX, 4, 1.5e-3, Course.FALL, _LARGE),
    )
)
"""What the embedded model was trained with."""


@dataclass(frozen=True, slots=True)
class Folders:
    """`drawn` has one of each kind and `validation`; `weights` is where what is learned is kept."""

    drawn: Path
    weights: Path

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
    first = 0
    for phase in plan.phases:
        arguments = folders, phase, first, plan.seed
        work_together(phase.processes, _MOST_PARAMETERS, _train, *arguments)
        first += phase.steps


def _train(member: Member, folders: Folders, phase: Phase, first: int, seed: int) -> None:
    paddle.seed(seed)
    model = network()
    learned = [each for each in model.parameters() if not each.stop_gradient]
    optimizer = paddle.optimizer.AdamW(phase.peak_rate, parameters=learned, weight_decay=0.02)
    done = _resume(model, optimizer, folders.weights)
    pages = [DrawnPictures.of(folders.drawn / kind.value) for kind in phase.kinds]
    log = _Log(done)
    for step in range(done, first + phase.steps):
        optimizer.set_lr(phase.rate(step - first))
        generator = _generator(seed, step, member.rank)
        tensor, classes = training_batch(pages, phase.pictures, phase.side_px, generator)
        loss = _loss(model, tensor, classes, phase)
        loss.backward()
        if member.size > 1:
            member.average(learned, step)
        optimizer.step()
        optimizer.clear_grad()
        log.losses.append(float(loss))
        if member.rank == 0:
            is_last = step + 1 == first + phase.steps
            _after_step(step + 1, model, optimizer, folders, log, is_last=is_last)


def _generator(seed: int, step: int, rank: int) -> np.random.Generator:
    return np.random.default_rng((seed, step, rank) if rank else (seed, step))


def _loss(model: LcNet, tensor: Any, classes: Any, phase: Phase) -> Any:
    labels = paddle.to_tensor(classes)
    logits, of_places = model.everywhere(paddle.to_tensor(tensor))
    loss = functional.cross_entropy(logits, labels, label_smoothing=0.05)
    if not phase.weight_of_places:
        return loss
    of_places = of_places.reshape([-1, TURNS])
    place_labels = labels.repeat_interleave(of_places.shape[0] // labels.shape[0])
    return loss + phase.weight_of_places * functional.cross_entropy(of_places, place_labels)


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
        share = share_right(model, DrawnPictures.of(folders.validation))
        print(f"step {done}: {share:.2%} of drawn pages are told right", flush=True)


def share_right(model: LcNet, pictures: DrawnPictures, count: int = _VALIDATION_PICTURES) -> float:
    """How many of evenly chosen pictures are told right: as many, however they are turned."""
    model.eval()
    right = 0
    for index in np.linspace(0, len(pictures) - 1, count).astype(int).tolist():
        tensor, _ = turned_all_ways([centre(pictures[index], INPUT_PX)])
        with paddle.no_grad():
            logits = summed_over_turns(model.logits(paddle.to_tensor(tensor)))
        right += int(logits.argmax()) == 0
    model.train()
    return right / count


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
