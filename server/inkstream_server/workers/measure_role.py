"""What a measuring worker does: run batches as a model worker would, and tell how long they took.

It ends after the measurement: what engines compile for the shapes that it met goes with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inkstream_server.engines.engine import Outputs, Precision, Predictor
from inkstream_server.models.files import Module
from inkstream_server.stages.line_widths import LADDER
from inkstream_server.workers.free_list import aligned
from inkstream_server.workers.measure_tasks import Measure, Timing
from inkstream_server.workers.memory import ArrayHandle, SharedMemory, size_bytes
from inkstream_server.workers.model_role import ModelRole
from inkstream_server.workers.model_tasks import (
    Classify,
    ClassifyPage,
    Detect,
    FindWarp,
    LoadedModel,
    ModelBucket,
    ModelToLoad,
    Recognise,
)
from inkstream_server.workers.own_time import OwnTime
from inkstream_server.workers.task import Task

# One item of any bucket; memory is taken as it is touched.
_ITEM_BYTES: Final = 128 << 20


class MeasureRole:
    """Runs `Measure` tasks on a model role of its own."""

    def __init__(self, models: Sequence[ModelToLoad], *, counts_waits: bool) -> None:
        """`counts_waits`: a worker's waiting for a core is part of what a batch takes."""
        self._memory = SharedMemory.create([_ITEM_BYTES])
        self._own_time = OwnTime()
        self._clock = time.perf_counter if counts_waits else self._own_time.now_s
        self._watch = _Watch()
        self._role = ModelRole(self._memory, models, watch=self._watched)
        self._files = {model.files.name: model.files for model in models}

    @property
    def models(self) -> Sequence[LoadedModel]:
        return self._role.models

    def run(self, key: object, items: Sequence[object]) -> Sequence[object]:
        assert isinstance(key, ModelBucket), key
        return [self._measure(key, item) for item in items]

    def tell(self, item: object) -> None:
        raise AssertionError(item)

    def _measure(self, bucket: ModelBucket, task: object) -> Timing:
        assert isinstance(task, Measure), task
        # The items share their pixels: reading them is next to nothing of a batch.
        items = [self._item(bucket)] * task.count
        disturb = self._disturbance(bucket, task.count)
        batch_s: list[float] = []
        engine_s: list[float] = []
        clock = self._clock
        started_at, waited_before_s = time.perf_counter(), self._own_time.waited_s()
        while not batch_s or time.perf_counter() < started_at + task.for_s:
            disturb()
            self._watch.engine_s = 0.0
            begun_at = clock()
            self._role.run(bucket, items)
            batch_s.append(clock() - begun_at)
            engine_s.append(self._watch.engine_s)
        waited_s = self._own_time.waited_s() - waited_before_s
        waited_share = waited_s / (time.perf_counter() - started_at)
        return Timing(median(batch_s), median(engine_s), waited_share)

    def _disturbance(self, bucket: ModelBucket, count: int) -> Callable[[], object]:
        """What comes between two batches: in service a batch of lines follows one of others.

        An engine that has to get ready for another shape takes longer than for the same again.
        """
        if self._files[bucket.model].module is not Module.TEXT_RECOGNITION:
            return lambda: None
        width_px = next(each for each in LADDER if (1, (each,)) != (count, bucket.shape))
        other = ModelBucket(bucket.model, (width_px,))
        items = [self._item(other)]
        return lambda: self._role.run(other, items)

    def _item(self, bucket: ModelBucket) -> Task[object]:
        files = self._files[bucket.model]
        match files.module:
            case Module.TEXT_DETECTION:
                image = self._noise((*bucket.shape, 3))
                skip = aligned(size_bytes(image.shape))
                return Detect(image, ArrayHandle(0, skip, bucket.shape, "float32"))
            case Module.TEXT_RECOGNITION:
                return Recognise(
                    self._noise((files.recipe.recognition.height_px, *bucket.shape, 3))
                )
            case Module.DOC_ORIENTATION:
                return ClassifyPage(self._noise((*bucket.shape, 3)))
            case Module.DOC_UNWARPING:
                return FindWarp(self._faint_noise((3, *bucket.shape)))
            case Module.TEXTLINE_ORIENTATION:
                return Classify(self._noise((*bucket.shape, 3)))

    def _noise(self, shape: tuple[int, ...]) -> ArrayHandle:
        """Pixels that no engine can take a short cut with."""
        handle = ArrayHandle(0, 0, shape)
        self._memory.view(handle)[...] = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        return handle

    def _faint_noise(self, shape: tuple[int, ...]) -> ArrayHandle:
        """The same in 0..1."""
        handle = ArrayHandle(0, 0, shape, "float32")
        self._memory.view(handle)[...] = np.random.default_rng(0).random(shape, np.float32)
        return handle

    def _watched(self, predictor: Predictor) -> Predictor:
        return _WatchedPredictor(predictor, self._watch, self._clock)


class _Watch:
    """The time that the engine took for the batch that runs now."""

    engine_s = 0.0


class _WatchedPredictor:
    def __init__(self, predictor: Predictor, watch: _Watch, clock: Callable[[], float]) -> None:
        self._predictor = predictor
        self._watch = watch
        self._clock = clock

    @property
    def precision(self) -> Precision:
        return self._predictor.precision

    def run(self, inputs: NDArray[np.float32]) -> Outputs:
        started_at = self._clock()
        outputs = self._predictor.run(inputs)
        self._watch.engine_s += self._clock() - started_at
        return outputs

    def close(self) -> None:
        self._predictor.close()
