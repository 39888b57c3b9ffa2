"""Makes small ONNX models, byte by byte: what a test needs of the format, without its package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FLOAT = 1
INT, STRING, INTS = 2, 3, 7  # types of an attribute
TENSOR_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): 7}

Dimension = int | str


def recogniser(metadata: Mapping[str, str] | None = None) -> bytes:
    """Reads lines of 48 px: each 8 px are a step, whose classes are the maxima of the channels.

    N x 3 x 48 x W in, N x T x 3 out: a blank, one character and the space.
    """
    nodes = [
        _node("MaxPool", "x", "pooled", kernel_shape=[48, 8], strides=[48, 8]),
        _node("Squeeze", "pooled", "classes", axes=[2]),
        _node("Transpose", "classes", "steps", perm=[0, 2, 1]),
    ]
    lines = _value("x", ["count", 3, 48, "width"])
    return _model(nodes, lines, _value("steps", ["count", "step", 3]), metadata or {})


def detector() -> bytes:
    """Tells of each pixel the mean of its channels: N x 3 x H x W in, N x 1 x H x W out."""
    pages = _value("x", ["count", 3, "height", "width"])
    maps = _value("map", ["count", 1, "height", "width"])
    return _model([_node("ReduceMean", "x", "map", axes=[1], keepdims=1)], pages, maps, {})


def unwarper(rows: int = 45, columns: int = 31) -> bytes:
    """Unwarps pages as UVDoc does, by points of one convolution near a flat page's.

    N x 3 x H x W in and out.
    """
    across, down = np.linspace(-1, 1, columns), np.linspace(-1, 1, rows)
    filters = np.random.default_rng(7).uniform(-0.05, 0.05, (2, 3, 17, 17))
    weights = {
        "filters": filters.astype(np.float32),
        "tenth": np.array([0.1], np.float32),
        "flat": np.stack(np.meshgrid(across, down))[np.newaxis].astype(np.float32),
        "shrunk_size": np.array([712, 488]),
        "none": np.array([0]),
        "two": np.array([2]),
        "four": np.array([4]),
    }
    corners = {"mode": "linear", "coordinate_transformation_mode": "align_corners"}
    ways = {"mode": "bilinear", "padding_mode": "zeros"}
    nodes = [
        _node("Shape", "x", "shape"),
        _node("Slice", ("shape", "none", "two", "none"), "count"),
        _node("Concat", ("count", "shrunk_size"), "shrunk_shape", axis=0),
        _node("Resize", ("x", "", "", "shrunk_shape"), "shrunk", **corners),
        _node("Conv", ("shrunk", "filters"), "signs", strides=[16, 16], pads=[8, 8, 8, 8]),
        _node("Tanh", "signs", "shares"),
        _node("Mul", ("shares", "tenth"), "bends"),
        _node("Add", ("flat", "bends"), "points"),
        _node("Shape", "points", "points_shape"),
        _node("Slice", ("points_shape", "none", "two", "none"), "points_count"),
        _node("Slice", ("shape", "two", "four", "none"), "size"),
        _node("Concat", ("points_count", "size"), "spread_shape", axis=0),
        _node("Resize", ("points", "", "", "spread_shape"), "spread", **corners),
        _node("Transpose", "spread", "grid", perm=[0, 2, 3, 1]),
        _node("GridSample", ("x", "grid"), "y", align_corners=1, **ways),
    ]
    pages, flat = (_value(name, ["count", 3, "height", "width"]) for name in "xy")
    return _model(nodes, pages, flat, {}, weights=weights, opset=16)


def write_model(folder: Path, content: bytes, inference_yml: str | None = None) -> Path:
    """A model directory with it."""
    folder.mkdir(parents=True)
    (folder / "inference.onnx").write_bytes(content)
    if inference_yml is not None:
        (folder / "inference.yml").write_text(inference_yml, encoding="utf-8")
    return folder


def _model(
    nodes: Sequence[bytes],
    x: bytes,
    y: bytes,
    metadata: Mapping[str, str],
    *,
    weights: Mapping[str, NDArray[np.generic]] | None = None,
    opset: int = 11,
) -> bytes:
    graph = b"".join(_block(1, node) for node in nodes)
    graph += _block(2, b"made") + _block(11, x) + _block(12, y)
    for name, weight in (weights or {}).items():
        graph += _block(5, _tensor(name, weight))
    model = _number(1, 7 if opset < 16 else 8) + _block(7, graph) + _block(8, _number(2, opset))
    for key, value in metadata.items():
        model += _block(14, _block(1, key.encode()) + _block(2, value.encode()))
    return model


def _node(
    kind: str, sources: str | Sequence[str], target: str, **attributes: int | str | Sequence[int]
) -> bytes:
    named = [sources] if isinstance(sources, str) else sources
    node = b"".join(_block(1, source.encode()) for source in named)
    node += _block(2, target.encode()) + _block(4, kind.encode())
    for name, value in attributes.items():
        if isinstance(value, int):
            content = _number(3, value) + _number(20, INT)
        elif isinstance(value, str):
            content = _block(4, value.encode()) + _number(20, STRING)
        else:
            content = b"".join(_number(8, each) for each in value) + _number(20, INTS)
        node += _block(5, _block(1, name.encode()) + content)
    return node


def _tensor(name: str, values: NDArray[np.generic]) -> bytes:
    sizes = b"".join(_number(1, size) for size in values.shape)
    kind = _number(2, TENSOR_TYPES[values.dtype])
    return sizes + kind + _block(8, name.encode()) + _block(9, values.tobytes())


def _value(name: str, shape: Sequence[Dimension]) -> bytes:
    sizes = b"".join(
        _block(1, _number(1, size) if isinstance(size, int) else _block(2, size.encode()))
        for size in shape
    )
    tensor = _number(1, FLOAT) + _block(2, sizes)
    return _block(1, name.encode()) + _block(2, _block(1, tensor))


def _number(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _block(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(high) if high else bytes([low])
