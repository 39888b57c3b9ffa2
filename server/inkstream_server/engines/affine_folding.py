"""Takes passes over pictures out of a Paddle model, which then computes the same with fewer.

The blocks of PP-LCNetV3, of which the mobile detectors and recognisers are made, multiply the
whole picture by one number and add another, twice a convolution. OpenVINO does that within the
convolution; Paddle does each as a pass of its own, and takes up to two fifths of its time for them
(docs/decisions/025).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inkstream_server.engines.paddle_program import Operator, PaddleProgram, Weights, scale

_FILTER_AXES: Final = 4  # pictures out, pictures in, height, width
_CONVOLUTIONS: Final = frozenset({"conv2d", "depthwise_conv2d"})


@dataclass(frozen=True, slots=True)
class _Affine:
    """`result` = `tensor` * `factor` + `shift`, with two numbers; computed by two operators."""

    operators: tuple[Operator, Operator]
    tensor: str
    result: str
    factor: float
    shift: float


@dataclass(frozen=True, slots=True)
class _Convolution:
    """Names the weights of a convolution and of the bias added to it, which no other uses."""

    filters: str
    bias: str


def fold_affines(program: PaddleProgram) -> None:
    """Fold each such pair into the convolution before it, or into the one after it.

    Where there is none, or where the one after it pads its input - with zeros, not with what was
    added - one `scale` is left.
    """
    for operator in list(program.operators):
        affine = _affine(program, operator)
        if affine is None or _fold_back(program, affine) or _fold_forward(program, affine):
            continue
        left = scale(affine.tensor, affine.result, affine.factor, affine.shift)
        program.replace(affine.operators, left)


def _affine(program: PaddleProgram, operator: Operator) -> _Affine | None:
    product = _with_a_number(program, operator, "elementwise_mul")
    if product is None or program.writer(operator.tensor("Out")) is not operator:
        return None
    addition = program.reader(operator.tensor("Out"))
    if addition is None:
        return None
    total = _with_a_number(program, addition, "elementwise_add")
    result = addition.tensor("Out")
    if total is None or result is None or program.writer(result) is not addition:
        return None
    return _Affine((operator, addition), product[0], result, product[1], total[1])


def _with_a_number(
    program: PaddleProgram, operator: Operator, kind: str
) -> tuple[str, float] | None:
    """Tell what is combined with which number, where one side is a weight of one element."""
    if operator.kind != kind:
        return None
    x, y = operator.tensor("X"), operator.tensor("Y")
    for tensor, number in ((x, y), (y, x)):
        weight = program.weights.get(number or "")
        if tensor is None or tensor in program.weights or weight is None:
            continue
        if weight.shape in {(), (1,)} and weight.dtype == np.float32:
            return tensor, float(weight.item())
    return None


def _fold_back(program: PaddleProgram, affine: _Affine) -> bool:
    addition = program.writer(affine.tensor)
    if addition is None or program.reader(affine.tensor) is None:
        return False
    before = _convolution(program, program.writer(addition.tensor("X")), addition)
    if before is None:
        return False
    filters, bias = program.weights[before.filters], program.weights[before.bias]
    program.weights[before.filters] = _fp32(filters * np.float64(affine.factor))
    program.weights[before.bias] = _fp32(bias * np.float64(affine.factor) + affine.shift)
    program.replace(affine.operators, None)
    addition.rename("Out", affine.result)
    return True


def _fold_forward(program: PaddleProgram, affine: _Affine) -> bool:
    operator = program.reader(affine.result)
    if operator is None or operator.tensor("Input") != affine.result:
        return False
    if not _takes_all_of_its_input(operator):
        return False
    if program.writer(affine.tensor) is None:  # it may be another by then
        return False
    after = _convolution(program, operator, program.reader(operator.tensor("Output")))
    if after is None:
        return False
    filters, bias = program.weights[after.filters], program.weights[after.bias]
    of_the_shift = filters.sum(axis=(1, 2, 3), dtype=np.float64) * affine.shift
    program.weights[after.bias] = _fp32(bias + of_the_shift.reshape(bias.shape))
    program.weights[after.filters] = _fp32(filters * np.float64(affine.factor))
    program.replace(affine.operators, None)
    operator.rename("Input", affine.tensor)
    return True


def _convolution(
    program: PaddleProgram, operator: Operator | None, addition: Operator | None
) -> _Convolution | None:
    if operator is None or operator.kind not in _CONVOLUTIONS:
        return None
    if addition is None or addition.kind != "elementwise_add":
        return None
    layout = operator.attribute("data_format")
    if layout is not None and layout.s not in {"NCHW", "AnyLayout"}:
        return None
    filters, bias = operator.tensor("Filter"), addition.tensor("Y")
    if filters is None or bias is None or not _is_bias(program.weights, filters, addition):
        return None
    of_one_use = (operator.tensor("Output"), filters, bias)
    if any(program.reader(tensor) is None for tensor in of_one_use):
        return None
    return _Convolution(filters, bias)


def _is_bias(weights: Weights, filters: str, addition: Operator) -> bool:
    """Tell whether a number is added to each picture that comes out, and all are in fp32."""
    bias = addition.tensor("Y") or ""
    if filters not in weights or bias not in weights or weights[filters].ndim != _FILTER_AXES:
        return False
    if not weights[filters].dtype == weights[bias].dtype == np.float32:
        return False
    count = weights[filters].shape[0]
    axis = addition.attribute("axis")
    if weights[bias].shape == (count,):
        return axis is not None and axis.i == 1
    return weights[bias].shape == (1, count, 1, 1)


def _takes_all_of_its_input(convolution: Operator) -> bool:
    """Tell whether each result is made of all input pictures, and never of padding."""
    paddings, groups = convolution.attribute("paddings"), convolution.attribute("groups")
    if convolution.kind != "conv2d" or paddings is None or groups is None:
        return False
    algorithm = convolution.attribute("padding_algorithm")
    padded = any(paddings.ints) or (algorithm is not None and algorithm.s == "SAME")
    return groups.i == 1 and not padded


def _fp32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return values.astype(np.float32)
