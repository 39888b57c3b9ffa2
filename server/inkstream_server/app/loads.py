"""Tells what each item takes up: its padded pixels, and a worker's time by what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from inkstream_server.models.files import Module
from inkstream_server.scheduling.batcher import Load
from inkstream_server.workers.model_tasks import ModelBucket

# Seconds a padded pixel, of which only the proportions matter: one core of a server, OpenVINO.
_NOMINAL_S: Final = {
    Module.TEXT_DETECTION: 1e-7,
    Module.TEXT_RECOGNITION: 3e-7,
    Module.TEXTLINE_ORIENTATION: 1e-7,
}
# Seconds of a step on a CPU worker. They decide only how pages share those workers.
_STEP_S: Final = {"open": 0.005, "measure": 0.001, "draw": 0.03, "find": 0.01, "cut": 0.01}


def model_loads(modules: Mapping[str, Module]) -> Callable[[Any], Load]:
    """By a model's bucket; `modules` tells each model's place in the production line."""

    def load_of(bucket: ModelBucket) -> Load:
        pixels = bucket.item_pixels
        return Load(pixels, pixels * _NOMINAL_S[modules[bucket.model]])

    return load_of


def step_load(step: str) -> Load:
    return Load(cost_s=_STEP_S[step])
