"""Finds where an unwarping model has said all it knows: before it samples the page by that.

UVDoc shrinks the page, computes where a few points of the flat page come from, spreads these over
the whole page and samples it. The engines cut the model off after the second step; the rest is
`stages/unwarping.py`. How each format spells the steps is the engines' matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from inkstream_server.engines.faults import ModelMismatch
from inkstream_server.models.files import ModelFiles
from inkstream_server.models.uvdoc import INPUT_HEIGHT_PX, INPUT_WIDTH_PX


class NotUvDoc(Exception):
    """The model's steps are others; says which one is missing."""


class Kind(Enum):
    """What of a model's steps is told apart."""

    RESIZE = "resize"
    TRANSPOSE = "transpose"
    SAMPLE = "sample"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Step:
    """One operator. `inputs` begin with what it works on, then, of a sampler, by what.

    `is_uvdocs`: it computes linearly between pixels' centres, the outermost of which fall on each
    other, and beyond them is nothing. `size`: height and width that it gives, where they are fixed.
    """

    kind: Kind
    inputs: tuple[str, ...]
    output: str
    is_uvdocs: bool = True
    size: tuple[int, int] | None = None


def points_tensor(steps: Sequence[Step], page: str, result: str) -> str:
    """Name the tensor (N x 2 x rows x columns) of the points. Raises NotUvDoc."""
    writers = {step.output: step for step in steps}
    sampler = writers.get(result)
    _check(sampler, Kind.SAMPLE, "it does not end with sampling")
    assert sampler is not None
    if sampler.inputs[0] != page:
        raise NotUvDoc("it samples something else than the page")
    _check_shrinking([step for step in steps if step.inputs[:1] == (page,)])
    spread = writers.get(sampler.inputs[1])
    if spread is not None and spread.kind is Kind.TRANSPOSE:
        spread = writers.get(spread.inputs[0])
    _check(spread, Kind.RESIZE, "it does not spread points over the page")
    assert spread is not None
    return spread.inputs[0]


def mismatch(model: ModelFiles, cause: Exception) -> ModelMismatch:
    return ModelMismatch(
        f"model {model.name} does not unwarp as UVDoc does: {cause}", model=model.name
    )


def _check_shrinking(readers: Sequence[Step]) -> None:
    """At the size that it shrinks to, shrinking changes nothing: a shrunk page can be fed."""
    wanted = (INPUT_HEIGHT_PX, INPUT_WIDTH_PX)
    resizes = [step for step in readers if step.kind is Kind.RESIZE]
    if [step.size for step in resizes] != [wanted] or not resizes[0].is_uvdocs:
        raise NotUvDoc(f"it does not shrink the page to {wanted[1]} x {wanted[0]}")


def _check(step: Step | None, kind: Kind, otherwise: str) -> None:
    if step is None or step.kind is not kind or not step.is_uvdocs:
        raise NotUvDoc(otherwise)
