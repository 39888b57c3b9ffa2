"""Makes small ONNX models, byte by byte: what a test needs of the format, without its package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

FLOAT = 1
INT, INTS = 2, 7  # types of an attribute

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


def write_model(folder: Path, content: bytes, inference_yml: str | None = None) -> Path:
    """A model directory with it."""
    folder.mkdir(parents=True)
    (folder / "inference.onnx").write_bytes(content)
    if inference_yml is not None:
        (folder / "inference.yml").write_text(inference_yml, encoding="utf-8")
    return folder


def _model(nodes: Sequence[bytes], x: bytes, y: bytes, metadata: Mapping[str, str]) -> bytes:
    graph = b"".join(_block(1, node) for node in nodes)
    graph += _block(2, b"made") + _block(11, x) + _block(12, y)
    model = _number(1, 7) + _block(7, graph) + _block(8, _number(2, 11))
    for key, value in metadata.items():
        model += _block(14, _block(1, key.encode()) + _block(2, value.encode()))
    return model


def _node(kind: str, source: str, target: str, **attributes: int | Sequence[int]) -> bytes:
    node = _block(1, source.encode()) + _block(2, target.encode()) + _block(4, kind.encode())
    for name, value in attributes.items():
        if isinstance(value, int):
            content = _number(3, value) + _number(20, INT)
        else:
            content = b"".join(_number(8, each) for each in value) + _number(20, INTS)
        node += _block(5, _block(1, name.encode()) + content)
    return node


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
