"""Two layers for training on a processor, where Paddle's own take most of a step's time.

They are `kernels.c`, compiled by the C compiler on first use. An exported model has Paddle's own
operators, which compute the same.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import paddle
from paddle.autograd import PyLayer

_FLAGS: Final = (
    "-O3",
    "-march=native",
    "-mprefer-vector-width=512",
    # All that is fast but what -ffast-math links: a start that takes the process its subnormals.
    "-fno-math-errno",
    "-ffinite-math-only",
    "-fassociative-math",
    "-freciprocal-math",
    "-fno-signed-zeros",
    "-fno-trapping-math",
    "-fopenmp",
    "-shared",
    "-fPIC",
)


class _Shape(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int)
        for name in (
            *("planes", "channels", "height", "width", "out_height", "out_width"),
            *("kernel", "stride", "padding"),
        )
    ]


def depthwise(x: Any, weight: Any, stride: int, padding: int) -> Any:
    """As `paddle.nn.functional.conv2d` with one group a channel; x is N x C x H x W."""
    return _Depthwise.apply(x, weight, stride, padding)  # type: ignore[no-untyped-call]  # Paddle's


def normalised_swish(x: Any, scale: Any, shift: Any, epsilon: float) -> Any:
    """Batch normalisation by the batch's own statistics, then h-swish. x is N x C x H x W.

    Tells also the mean and 1 / standard deviation of each channel (C x 2).
    """
    return _NormalisedSwish.apply(x, scale, shift, epsilon)  # type: ignore[no-untyped-call]


class _Depthwise(PyLayer):
    @staticmethod
    def forward(context: Any, x: Any, weight: Any, stride: int, padding: int) -> Any:
        shape = _shape(x.shape, weight.shape[-1], stride, padding)
        y = paddle.empty([*x.shape[:2], shape.out_height, shape.out_width])
        _kernels().convolve(ctypes.byref(shape), *map(_pointer, (x, weight, y)))
        context.save_for_backward(x, weight)
        context.shape = shape
        return y

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        x, weight = context.saved_tensor()
        by_input = paddle.empty_like(x)
        by_weight = paddle.empty([*x.shape[:2], *weight.shape[1:]])
        tensors = x, weight, gradient, by_input, by_weight
        _kernels().convolve_back(ctypes.byref(context.shape), *map(_pointer, tensors))
        return by_input, by_weight.sum(axis=0)


class _NormalisedSwish(PyLayer):
    @staticmethod
    def forward(context: Any, x: Any, scale: Any, shift: Any, epsilon: float) -> Any:
        y, statistics = paddle.empty_like(x), paddle.empty([x.shape[1], 2])
        tensors = x, scale, shift, statistics, y
        _kernels().normalise(*_sizes(x), ctypes.c_float(epsilon), *map(_pointer, tensors))
        context.save_for_backward(x, scale, shift, statistics)
        context.mark_non_differentiable(statistics)
        return y, statistics

    @staticmethod
    def backward(context: Any, gradient: Any, _: Any) -> Any:
        x, scale, shift, statistics = context.saved_tensor()
        results = paddle.empty_like(x), paddle.empty_like(scale), paddle.empty_like(shift)
        tensors = x, scale, shift, statistics, gradient, *results
        _kernels().normalise_back(*_sizes(x), *map(_pointer, tensors))
        return results


def _sizes(x: Any) -> tuple[int, int, int]:
    count, channels, height, width = x.shape
    return count, channels, height * width


def _shape(size: Sequence[int], kernel: int, stride: int, padding: int) -> _Shape:
    count, channels, height, width = size
    out_height, out_width = (
        (side + 2 * padding - kernel) // stride + 1 for side in (height, width)
    )
    sides = height, width, out_height, out_width
    return _Shape(count * channels, channels, *sides, kernel, stride, padding)


def _pointer(tensor: Any) -> ctypes.c_void_p:
    assert tensor.is_contiguous()
    assert tensor.dtype == paddle.float32
    return ctypes.c_void_p(tensor.data_ptr())


@cache
def _kernels() -> ctypes.CDLL:
    source = Path(__file__).with_suffix(".c")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "kernels.so"
        subprocess.run(["cc", *_FLAGS, str(source), "-o", str(library)], check=True)
        return ctypes.CDLL(str(library))
