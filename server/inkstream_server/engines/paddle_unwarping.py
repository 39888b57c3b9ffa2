"""Cuts an unwarping model in either of Paddle's formats off where its points are known.

Cut off, it also runs on oneDNN, 5 to 8 times as fast: oneDNN resizes by another rule than the model
says, which spoils the page but not one that has the network's own size (docs/decisions/027).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from inkstream_server.engines.paddle_json import JsonGraph, JsonOperator
from inkstream_server.engines.paddle_program import Operator, PaddleProgram
from inkstream_server.engines.warp_points import Kind, NotUvDoc, Step, points_tensor

_KINDS: Final = {
    "bilinear_interp": Kind.RESIZE,
    "bilinear_interp_v2": Kind.RESIZE,
    "transpose": Kind.TRANSPOSE,
    "transpose2": Kind.TRANSPOSE,
    "grid_sample": Kind.SAMPLE,
    "grid_sampler": Kind.SAMPLE,
}


def cut_json(graph: JsonGraph) -> None:
    """Raises NotUvDoc."""
    steps = [_json_step(each) for each in graph.operators if each.outputs]
    graph.end_with(points_tensor(steps, graph.picture, graph.result))


def cut_program(program: PaddleProgram) -> None:
    """Raises NotUvDoc."""
    feeds = [each for each in program.operators if each.kind == "feed"]
    fetches = [each for each in program.operators if each.kind == "fetch"]
    if len(feeds) != 1 or len(fetches) != 1:
        raise NotUvDoc(f"it has {len(feeds)} inputs and {len(fetches)} outputs")
    (page,), (result,) = feeds[0].outputs, fetches[0].inputs
    steps = [_program_step(each) for each in program.operators if each.outputs]
    program.end_with(points_tensor(steps, page, result))


def _json_step(operator: JsonOperator) -> Step:
    kind = _KINDS.get(operator.kind, Kind.OTHER)
    height, width = operator.attribute("out_h"), operator.attribute("out_w")
    is_fixed = isinstance(height, int) and isinstance(width, int) and height > 0
    return Step(
        kind,
        operator.inputs,
        operator.outputs[0],
        is_uvdocs=_is_uvdocs(kind, operator.attribute("align_corners"), _ways(operator.attribute)),
        size=(height, width) if is_fixed else None,  # type: ignore[arg-type] # as is_fixed says
    )


def _program_step(operator: Operator) -> Step:
    kind = _KINDS.get(operator.kind, Kind.OTHER)
    ends = (operator.tensor("X"), operator.tensor("Grid"))
    aligned = operator.attribute("align_corners")
    height, width = operator.attribute("out_h"), operator.attribute("out_w")
    is_fixed = height is not None and width is not None and height.i > 0
    return Step(
        kind,
        tuple(each for each in ends if each is not None),
        operator.tensor("Out") or operator.outputs[0],
        is_uvdocs=_is_uvdocs(
            kind, aligned and aligned.b, _ways(lambda name: _text(operator, name))
        ),
        size=(height.i, width.i) if is_fixed and height and width else None,
    )


def _text(operator: Operator, name: str) -> object:
    value = operator.attribute(name)
    return value and value.s


def _ways(attribute: Callable[[str], object]) -> tuple[object, object]:
    """How a sampler reads between the page's pixels, and beyond them."""
    return attribute("mode"), attribute("padding_mode")


def _is_uvdocs(kind: Kind, aligns_corners: object, ways: tuple[object, object]) -> bool:
    if kind in {Kind.OTHER, Kind.TRANSPOSE}:
        return True
    return bool(aligns_corners) and (kind is Kind.RESIZE or ways == ("bilinear", "zeros"))
