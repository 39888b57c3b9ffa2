"""What a model worker does: prepare, run, interpret. It takes batches as they come."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

import numpy as np

from inkstream_server.engines.engine import Predictor
from inkstream_server.models.files import Module
from inkstream_server.models.line_family import LineFamily
from inkstream_server.models.recipe import DetectionRecipe, DocOrientationRecipe
from inkstream_server.stages import (
    ctc,
    detection,
    doc_orientation,
    reading_direction,
    recognition,
    textline_orientation,
    unwarping,
)
from inkstream_server.workers.memory import SharedMemory
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
from inkstream_server.workers.process_facts import own_memory_bytes
from inkstream_server.workers.widths import WARM_COUNTS, shapes_to_warm, widths_of

# As large as pages get by default: room that grows later leaves holes behind that stay resident.
_WARM_DETECTION_PX: Final = (960, 960)


class _Stage(Protocol):
    """One module's side of the work: shared memory in, results out."""

    def run(self, bucket: ModelBucket, items: Sequence[Any]) -> Sequence[object]: ...

    def warm_up(self) -> None: ...


class ModelRole:
    """Owns the predictors of every model served; each batch is of one model."""

    def __init__(
        self,
        memory: SharedMemory,
        models: Sequence[ModelToLoad],
        *,
        watch: Callable[[Predictor], Predictor] = lambda predictor: predictor,
    ) -> None:
        """`watch` may put something between a stage and its predictor."""
        self._stages: dict[str, _Stage] = {}
        self._loaded: list[LoadedModel] = []
        for model in models:
            before_bytes = _memory_bytes()
            predictor = watch(model.engine.load(model.files, model.settings))
            self._stages[model.files.name] = _stage_of(model, predictor, memory)
            loaded = describe(model, predictor)
            self._loaded.append(_grown(loaded, _memory_bytes() - before_bytes))

    def warm_up(self) -> None:
        """Run every model: the first run of a predictor costs many times a later one."""
        for at, loaded in enumerate(self._loaded):
            before_bytes = _memory_bytes()
            self._stages[loaded.name].warm_up()
            self._loaded[at] = _grown(loaded, _memory_bytes() - before_bytes)

    @property
    def models(self) -> Sequence[LoadedModel]:
        return self._loaded

    def run(self, key: object, items: Sequence[object]) -> Sequence[object]:
        assert isinstance(key, ModelBucket), key
        return self._stages[key.model].run(key, items)

    def tell(self, item: object) -> None:
        raise AssertionError(item)


class _Detection:
    def __init__(self, predictor: Predictor, memory: SharedMemory, recipe: DetectionRecipe) -> None:
        self._predictor = predictor
        self._memory = memory
        self._recipe = recipe

    def run(self, bucket: ModelBucket, items: Sequence[Detect]) -> Sequence[object]:
        del bucket
        images = [self._memory.view(item.image) for item in items]
        maps = detection.interpret(self._predictor.run(detection.prepare(images, self._recipe)))
        for item, probabilities in zip(items, maps, strict=True):
            np.copyto(self._memory.view(item.probabilities), probabilities)
        return [None] * len(items)

    def warm_up(self) -> None:
        self._predictor.run(np.zeros((1, 3, *_WARM_DETECTION_PX), np.float32))


class _Recognition:
    def __init__(self, model: ModelToLoad, predictor: Predictor, memory: SharedMemory) -> None:
        self._predictor = predictor
        self._memory = memory
        self._alphabet = ctc.alphabet(model.files.characters)
        self._reads_right_to_left = reading_direction.reads_right_to_left(model.files.characters)
        self._recipe = model.files.recipe.recognition
        self._widths = widths_of(model.width_step, predictor.precision.value, self._recipe)

    def run(self, bucket: ModelBucket, items: Sequence[Recognise]) -> Sequence[object]:
        lines = [self._memory.view(item.line) for item in items]
        (padded_width,) = bucket.shape
        tensor = recognition.prepare(lines, padded_width, is_rgb=self._recipe.is_rgb)
        class_ids, maxima = self._predictor.run(tensor)
        read = recognition.interpret(class_ids, maxima, self._alphabet)
        for at, item in enumerate(items):
            if item.wants_words:
                widths = lines[at].shape[1], padded_width
                words = recognition.interpret_words(class_ids[at], self._alphabet, widths)
                read[at] = replace(read[at], words=words)
        return [_as_written(line) for line in read] if self._reads_right_to_left else read

    def warm_up(self) -> None:
        for count, width in shapes_to_warm(self._widths):
            shape = (count, 3, self._recipe.height_px, width)
            self._predictor.run(np.zeros(shape, np.float32))


class _DocOrientation:
    def __init__(
        self, predictor: Predictor, memory: SharedMemory, recipe: DocOrientationRecipe
    ) -> None:
        self._predictor = predictor
        self._memory = memory
        self._recipe = recipe

    def run(self, bucket: ModelBucket, items: Sequence[ClassifyPage]) -> Sequence[object]:
        del bucket
        pages = [self._memory.view(item.page) for item in items]
        outputs = self._predictor.run(doc_orientation.prepare(pages, self._recipe))
        return doc_orientation.interpret(outputs, self._recipe)

    def warm_up(self) -> None:
        side_px = doc_orientation.INPUT_PX[self._recipe.view]
        self._predictor.run(np.zeros((1, 3, side_px, side_px), np.float32))


class _Unwarping:
    def __init__(self, predictor: Predictor, memory: SharedMemory) -> None:
        self._predictor = predictor
        self._memory = memory

    def run(self, bucket: ModelBucket, items: Sequence[FindWarp]) -> Sequence[object]:
        del bucket
        pages = [self._memory.view(item.page) for item in items]
        return unwarping.interpret(self._predictor.run(unwarping.prepare(pages)))

    def warm_up(self) -> None:
        self._predictor.run(np.zeros((1, *unwarping.INPUT_SHAPE), np.float32))


class _LineOrientation:
    def __init__(self, predictor: Predictor, memory: SharedMemory, family: LineFamily) -> None:
        self._predictor = predictor
        self._memory = memory
        self._classifier = textline_orientation.classifier_of(family)

    def run(self, bucket: ModelBucket, items: Sequence[Classify]) -> Sequence[object]:
        del bucket
        lines = [self._memory.view(item.line) for item in items]
        outputs = self._predictor.run(textline_orientation.prepare(lines, self._classifier))
        return textline_orientation.interpret(outputs, self._classifier)

    def warm_up(self) -> None:
        for count in WARM_COUNTS:
            shape = (count, 3, self._classifier.height_px, self._classifier.width_px)
            self._predictor.run(np.zeros(shape, np.float32))


def _as_written(line: recognition.LineText) -> recognition.LineText:
    """A line of a right-to-left script, which is read from left to right."""
    text = reading_direction.reordered(line.text)
    words = reading_direction.reordered_words(line.words, text)
    return replace(line, text=text, words=words)


def _stage_of(model: ModelToLoad, predictor: Predictor, memory: SharedMemory) -> _Stage:
    files = model.files
    match files.module:
        case Module.TEXT_DETECTION:
            return _Detection(predictor, memory, files.recipe.detection)
        case Module.TEXT_RECOGNITION:
            return _Recognition(model, predictor, memory)
        case Module.DOC_ORIENTATION:
            return _DocOrientation(predictor, memory, files.recipe.doc_orientation)
        case Module.DOC_UNWARPING:
            return _Unwarping(predictor, memory)
        case Module.TEXTLINE_ORIENTATION:
            return _LineOrientation(predictor, memory, files.line_family)


def _memory_bytes() -> int:
    return own_memory_bytes(os.getpid())


def _grown(model: LoadedModel, by_bytes: int) -> LoadedModel:
    return replace(model, memory_bytes=model.memory_bytes + max(0, by_bytes))


def describe(model: ModelToLoad, predictor: Predictor) -> LoadedModel:
    """What a model is, now that it is loaded."""
    has_characters = model.files.module is Module.TEXT_RECOGNITION
    return LoadedModel(
        name=model.files.name,
        module=model.files.module,
        engine=model.engine.name,
        device=str(model.settings.device),
        precision=predictor.precision.value,
        # What it can say: its dictionary and the space.
        character_count=len(model.files.characters) + 1 if has_characters else 0,
    )
