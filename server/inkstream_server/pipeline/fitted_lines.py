"""Lines on their way through the models: their shapes, where they lie, which model calls they make.

Whose lines they are - a page's, or crops that a request brought - is nothing to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Protocol, Self, TypeVar

from inkstream_server.models.line_family import LineFamily
from inkstream_server.stages import recognition, textline_orientation
from inkstream_server.stages.line_widths import LineWidths
from inkstream_server.workers.arena import Lease
from inkstream_server.workers.free_list import aligned
from inkstream_server.workers.memory import ArrayHandle, size_bytes
from inkstream_server.workers.model_tasks import Classify, ModelBucket, Recognise

# Lines are cut and recognised in portions of about this size, so that a page with a thousand of
# them takes no more shared memory than one with a hundred.
_PORTION_BYTES: Final = 16 << 20
# However narrow they are: each is an item of a worker's task.
_PORTION_LINES: Final = 1024
_CACHE_LINE_BYTES: Final = 64

UPSIDE_DOWN: Final = 180
"""The angle of a line that stands on its head."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LineFit:
    """The shape (h x w x 3) that a line is fitted to, and the width that it is padded to."""

    shape: Shape
    padded_px: int

    @classmethod
    def of(cls, crop_height_px: int, crop_width_px: int, widths: LineWidths) -> Self:
        """For a crop of this size."""
        fitted, padded = recognition.line_width(crop_height_px, crop_width_px, widths)
        return cls((widths.recipe.height_px, fitted, 3), padded)


class Fitted(Protocol):
    """A line that knows its fit."""

    @property
    def fit(self) -> LineFit: ...


F = TypeVar("F", bound=Fitted)


def portions(lines: Sequence[F], classified_by: LineFamily | None) -> Iterator[list[F]]:
    """The lines in order, in portions that go through a block together, on each of their ways.

    `classified_by` is the family of the classifier that tells their orientation, if one does.
    """
    least_bytes = _spaced(_largest_shape(classified_by)) if classified_by else 0
    portion: list[F] = []
    taken_bytes = 0
    for line in lines:
        line_bytes = max(_spaced(line.fit.shape), least_bytes)
        is_full = len(portion) == _PORTION_LINES or taken_bytes + line_bytes > _PORTION_BYTES
        if portion and is_full:
            yield portion
            portion, taken_bytes = [], 0
        portion.append(line)
        taken_bytes += line_bytes
    if portion:
        yield portion


def total_bytes(shapes: Sequence[Shape]) -> int:
    """What `lay_out` needs for arrays of these shapes."""
    return sum(_spaced(shape) for shape in shapes)


def lay_out(block: Lease, shapes: Sequence[Shape]) -> tuple[ArrayHandle, ...]:
    """Handles of uint8 arrays of these shapes, one behind the other in the block."""
    starts = accumulate((_spaced(shape) for shape in shapes), initial=0)
    return tuple(
        block.array(shape, skip=start) for shape, start in zip(shapes, starts, strict=False)
    )


def orientation_shape(crop_height_px: int, crop_width_px: int, family: LineFamily) -> Shape:
    """The shape that a crop of this size is fitted to for classifiers of the family."""
    classifier = textline_orientation.classifier_of(family)
    return textline_orientation.fitted_shape(crop_height_px, crop_width_px, classifier)


def _largest_shape(family: LineFamily) -> Shape:
    """What `orientation_shape` gives a long line."""
    classifier = textline_orientation.classifier_of(family)
    return classifier.height_px, classifier.width_px, 3


def classifications(
    model: str, family: LineFamily, crops: Sequence[ArrayHandle]
) -> list[tuple[ModelBucket, Classify]]:
    """The model calls that tell these lines' orientation."""
    classifier = textline_orientation.classifier_of(family)
    bucket = ModelBucket(model, (classifier.height_px, classifier.width_px))
    return [(bucket, Classify(crop)) for crop in crops]


def recognitions(
    model: str,
    crops: Sequence[ArrayHandle],
    fits: Sequence[LineFit],
    *,
    wants_words: bool = False,
) -> list[tuple[ModelBucket, Recognise]]:
    """The model calls that read these lines."""
    return [
        (ModelBucket(model, (fit.padded_px,)), Recognise(crop, wants_words))
        for crop, fit in zip(crops, fits, strict=True)
    ]


def _spaced(shape: Shape) -> int:
    """Bytes from one array's start to the next one's: whole cache lines."""
    return aligned(size_bytes(shape), _CACHE_LINE_BYTES)
