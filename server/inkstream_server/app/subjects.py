"""Says, for each module, which batches of a model are measured, and how large its items are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from inkstream_server.engines.engine import DeviceKind
from inkstream_server.models.files import Module
from inkstream_server.scheduling.cost_table import Shape
from inkstream_server.stages import doc_orientation, textline_orientation, unwarping
from inkstream_server.workers.model_tasks import ModelBucket, ModelToLoad
from inkstream_server.workers.widths import WARM_PX

_LINE_WIDTHS_PX: Final = (320, 640, 1280, 2400)
_PAGE_SIZES_PX: Final = ((320, 320), (640, 640), (640, 960), (960, 960))
# Larger ones are not even tried. Most growths end before, where a larger batch gains no more.
_LARGEST_ON_CPU: Final = {
    Module.TEXT_DETECTION: 4,
    Module.TEXT_RECOGNITION: 8,  # what model workers are warmed up with
    Module.TEXTLINE_ORIENTATION: 32,
    Module.DOC_ORIENTATION: 8,
    Module.DOC_UNWARPING: 1,  # PaddleX's too
}
_LARGEST_ELSEWHERE: Final = {
    Module.TEXT_DETECTION: 16,
    Module.TEXT_RECOGNITION: 128,
    Module.TEXTLINE_ORIENTATION: 128,
    Module.DOC_ORIENTATION: 64,
    Module.DOC_UNWARPING: 1,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A bucket to measure with batches of these counts, rising."""

    bucket: ModelBucket
    counts: tuple[int, ...]


def subjects_of(model: ModelToLoad) -> list[Subject]:
    runs_on_cpu = model.settings.device.kind is DeviceKind.CPU
    largest = (_LARGEST_ON_CPU if runs_on_cpu else _LARGEST_ELSEWHERE)[model.files.module]
    counts = tuple(1 << power for power in range(largest.bit_length()))
    name = model.files.name
    return [
        Subject(ModelBucket(name, shape), _warm(counts, shape, model)) for shape in _shapes(model)
    ]


def item_pixels_of(module: Module) -> Callable[[Shape], int]:
    """Tell the padded pixels of an item of a bucket's shape."""
    return lambda shape: ModelBucket(module.value, shape).item_pixels


def _warm(counts: tuple[int, ...], shape: Shape, model: ModelToLoad) -> tuple[int, ...]:
    """Those for which workers are ready when they start, where each takes getting ready for."""
    if model.files.module is not Module.TEXT_RECOGNITION or not model.engine.compiles_shapes:
        return counts
    (width_px,) = shape
    return tuple(count for count in counts if count == 1 or count * width_px <= WARM_PX)


def _shapes(model: ModelToLoad) -> list[Shape]:
    match model.files.module:
        case Module.TEXT_DETECTION:
            return list(_PAGE_SIZES_PX)
        case Module.TEXT_RECOGNITION:
            return [(width,) for width in _LINE_WIDTHS_PX]
        case Module.DOC_ORIENTATION:
            side_px = doc_orientation.INPUT_PX[model.files.recipe.doc_orientation.view]
            return [(side_px, side_px)]
        case Module.DOC_UNWARPING:
            return [unwarping.INPUT_SHAPE[1:]]
        case Module.TEXTLINE_ORIENTATION:
            classifier = textline_orientation.classifier_of(model.files.line_family)
            return [(classifier.height_px, classifier.width_px)]
