"""Cuts an unwarping model, as OpenVINO has read it, off where its points are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from inkstream_server.engines.warp_points import Kind, NotUvDoc, Step, mismatch, points_tensor
from inkstream_server.models.files import ModelFiles

if TYPE_CHECKING:
    import openvino

_KINDS: Final = {
    "Interpolate": Kind.RESIZE,
    "Transpose": Kind.TRANSPOSE,
    "GridSample": Kind.SAMPLE,
}
_UVDOCS: Final[dict[Kind, dict[str, object]]] = {
    Kind.RESIZE: {"coordinate_transformation_mode": "align_corners"},
    Kind.SAMPLE: {"align_corners": True, "mode": "bilinear", "padding_mode": "zeros"},
}
_LINEAR: Final = frozenset({"linear", "linear_onnx"})
_PICTURE_AXES: Final = 4


def cut(graph: openvino.Model, model: ModelFiles) -> openvino.Model:
    """What is left gives the points, N x 2 x rows x columns. Raises ModelMismatch."""
    import openvino

    nodes = {node.get_friendly_name(): node for node in graph.get_ordered_ops()}
    try:
        points = _points(graph, list(nodes.values()))
    except NotUvDoc as error:
        raise mismatch(model, error) from error
    return openvino.Model([nodes[points].output(0)], graph.get_parameters(), model.name)


def _points(graph: openvino.Model, nodes: Sequence[openvino.Node]) -> str:
    """The name of the node that gives them."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise NotUvDoc(f"it has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs")
    page = graph.inputs[0].get_node().get_friendly_name()
    result = graph.get_results()[0].input_value(0).get_node().get_friendly_name()
    return points_tensor([_step(each) for each in nodes if each.get_output_size()], page, result)


def _step(node: openvino.Node) -> Step:
    kind = _KINDS.get(node.get_type_name(), Kind.OTHER)
    sources = node.input_values()
    return Step(
        kind,
        tuple(source.get_node().get_friendly_name() for source in sources),
        node.get_friendly_name(),
        is_uvdocs=_is_uvdocs(kind, node.get_attributes()),
        size=_size(node) if kind is Kind.RESIZE else None,
    )


def _is_uvdocs(kind: Kind, attributes: dict[str, Any]) -> bool:
    if kind is Kind.RESIZE and attributes["mode"] not in _LINEAR:
        return False
    wanted = _UVDOCS.get(kind, {})
    return all(attributes[name] == value for name, value in wanted.items())


def _size(node: openvino.Node) -> tuple[int, int] | None:
    shape = node.get_output_partial_shape(0)
    if shape.rank.is_dynamic or len(shape) != _PICTURE_AXES:
        return None
    height, width = shape[2], shape[3]
    if height.is_dynamic or width.is_dynamic:
        return None
    return height.get_length(), width.get_length()
