"""Paddle's older model format, to look into and to change: operators, and weights by their names.

It reads and writes what a model directory keeps in `inference.pdmodel` (a protocol buffer that
Paddle describes, `framework.proto`) and `inference.pdiparams` (the weights one after the other, in
the order of their names). What is worth changing is decided elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

Weights = dict[str, NDArray[Any]]
"""By name, of whatever type each has."""

_HEADER: Final = struct.Struct("<IQIi")
"""Before each weight: two versions and between them a count of levels, all 0; its entry's bytes."""

_TYPES: Final[dict[str, DTypeLike]] = {
    "BOOL": np.bool_,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
}


class NotUnderstood(Exception):
    """A model that is not of the shape this module knows; it may be good all the same."""


class Attribute(Protocol):
    """A value of an operator, in the field for its type; the others are empty."""

    i: int
    b: bool
    s: str
    ints: Sequence[int]


class Operator:
    """One step of a program. Two are the same only if they are one: they may look alike."""

    def __init__(self, message: object) -> None:
        self.message: Any = message  # `OpDesc`, whose class is made at run time

    @property
    def kind(self) -> str:
        return str(self.message.type)

    @property
    def inputs(self) -> list[str]:
        """The tensors it reads; one as often as it reads it."""
        return [name for slot in self.message.inputs for name in slot.arguments]

    @property
    def outputs(self) -> list[str]:
        return [name for slot in self.message.outputs for name in slot.arguments]

    def tensor(self, slot: str) -> str | None:
        """Name the tensor at a slot, such as `X` or `Out`, where there is exactly one."""
        for each in [*self.message.inputs, *self.message.outputs]:
            if each.parameter == slot and len(each.arguments) == 1:
                return str(each.arguments[0])
        return None

    def rename(self, slot: str, tensor: str) -> None:
        """Put another tensor at a slot that holds one."""
        for each in [*self.message.inputs, *self.message.outputs]:
            if each.parameter == slot:
                each.arguments[:] = [tensor]

    def attribute(self, name: str) -> Attribute | None:
        """What it computes with, besides tensors."""
        return next((each for each in self.message.attrs if each.name == name), None)


@dataclass(slots=True)
class PaddleProgram:
    """A model of one block. `operators` stand in the order they run in."""

    operators: list[Operator]
    weights: Weights
    _description: Any  # `ProgramDesc`

    def reader(self, tensor: str | None) -> Operator | None:
        """Who reads a tensor, where that is one operator, which reads it once."""
        readers = [each for each in self.operators for name in each.inputs if name == tensor]
        return readers[0] if len(readers) == 1 else None

    def writer(self, tensor: str | None) -> Operator | None:
        """Who writes a tensor, where that is one operator."""
        writers = [each for each in self.operators for name in each.outputs if name == tensor]
        return writers[0] if len(writers) == 1 else None

    def replace(self, old: tuple[Operator, ...], new: Operator | None) -> None:
        """Take operators out, and put one in where the first of them stood."""
        at = self.operators.index(old[0])
        self.operators = [each for each in self.operators if each not in old]
        if new is not None:
            self.operators.insert(at, new)

    def end_with(self, tensor: str) -> None:
        """Give this tensor instead of the only result; leave out what only the result needed."""
        needed, kept = {tensor}, []
        for each in reversed(self.operators):
            if each.kind == "fetch":
                each.rename("X", tensor)
                kept.append(each)
            elif needed.intersection(each.outputs):
                needed.update(each.inputs)
                kept.append(each)
        self.operators = kept[::-1]

    def serialised(self) -> tuple[bytes, bytes]:
        """The contents of `inference.pdmodel` and `inference.pdiparams`, without what none uses."""
        used = {name for each in self.operators for name in [*each.inputs, *each.outputs]}
        block = self._description.blocks[0]
        variables = [variable for variable in block.vars if variable.name in used]
        del block.ops[:], block.vars[:]
        block.ops.extend(each.message for each in self.operators)
        block.vars.extend(variables)
        weights = {name: weight for name, weight in self.weights.items() if name in used}
        return self._description.SerializeToString(), write_weights(weights)


def parse(graph: bytes, weights: bytes) -> PaddleProgram:
    """Read both files' contents. Raises NotUnderstood."""
    from google.protobuf.message import DecodeError

    form = program_format()
    try:
        description = form.ProgramDesc.FromString(graph)
    except DecodeError as error:
        raise NotUnderstood(f"this is no program: {error}") from error
    if not description.IsInitialized():
        raise NotUnderstood("a program with something that this Paddle does not know")
    if len(description.blocks) != 1:
        raise NotUnderstood(f"a program of {len(description.blocks)} blocks")
    ends = {form.VarType.FEED_MINIBATCH, form.VarType.FETCH_LIST}
    names = sorted(
        str(variable.name)
        for variable in description.blocks[0].vars
        if variable.persistable and variable.type.type not in ends
    )
    operators = [Operator(message) for message in description.blocks[0].ops]
    return PaddleProgram(operators, _read(names, weights), description)


def write_weights(weights: Weights) -> bytes:
    """Tell the contents of `inference.pdiparams`."""
    form = program_format()
    kinds = {np.dtype(numpy_type): name for name, numpy_type in _TYPES.items()}
    parts = []
    for _, weight in sorted(weights.items()):
        kind = form.VarType.Type.Value(kinds[weight.dtype])
        entry = form.VarType.TensorDesc(data_type=kind, dims=weight.shape).SerializeToString()
        parts += [_HEADER.pack(0, 0, 0, len(entry)), entry, weight.tobytes()]
    return b"".join(parts)


def scale(tensor: str, result: str, factor: float, shift: float) -> Operator:
    """Make the operator that computes `result` = `tensor` * factor + shift in one pass."""
    form = program_format()
    message = form.OpDesc(type="scale")
    message.inputs.add(parameter="X", arguments=[tensor])
    message.outputs.add(parameter="Out", arguments=[result])
    message.attrs.add(name="scale", type=form.FLOAT, f=factor)
    message.attrs.add(name="bias", type=form.FLOAT, f=shift)
    message.attrs.add(name="bias_after_scale", type=form.BOOLEAN, b=True)
    return Operator(message)


def program_format() -> ModuleType:
    """Paddle's description of the format. Its classes are made at run time: no types to check."""
    from paddle.base.proto import framework_pb2

    form: ModuleType = framework_pb2
    return form


def _read(names: list[str], content: bytes) -> Weights:
    from google.protobuf.message import DecodeError

    weights, at = {}, 0
    try:
        for name in names:
            weights[name], at = _read_one(content, at)
    except (struct.error, DecodeError, ValueError) as error:
        raise NotUnderstood(f"weight {name}: {error}") from error
    if at != len(content):
        raise NotUnderstood(f"{len(content) - at} bytes more than the weights take")
    return weights


def _read_one(content: bytes, at: int) -> tuple[NDArray[Any], int]:
    form = program_format()
    version, levels, tensor_version, entry_bytes = _HEADER.unpack_from(content, at)
    if (version, levels, tensor_version) != (0, 0, 0):
        raise NotUnderstood(f"a weight of version {version}.{tensor_version}, {levels} levels")
    at += _HEADER.size
    entry = form.VarType.TensorDesc.FromString(content[at : at + entry_bytes])
    at += entry_bytes
    kind = form.VarType.Type.Name(entry.data_type)
    if kind not in _TYPES:
        raise NotUnderstood(f"weights of type {kind}")
    count = int(np.prod(entry.dims, dtype=np.int64))
    weight = np.frombuffer(content, _TYPES[kind], count, at).reshape(tuple(entry.dims))
    return weight, at + weight.nbytes
