"""PP-LCNet (Cui et al., "PP-LCNet: A Lightweight CPU Convolutional Neural Network", 2021).

Written from the paper: thirteen depthwise separable blocks with h-swish, squeeze and excitation in
the last two, 5 x 5 kernels in the later half, one wide layer before the classes.
"""

from __future__ import annotations

from typing import Any, Final

import paddle
from paddle import nn
from paddle.nn import functional

from training.networks.kernels import depthwise, normalised_swish

_BLOCKS: Final = (
    # kernel, channels at scale 1, stride, squeeze and excitation
    *((3, 32, 1, False), (3, 64, 2, False), (3, 64, 1, False), (3, 128, 2, False)),
    *((3, 128, 1, False), (3, 256, 2, False)),
    *((5, 256, 1, False),) * 5,
    *((5, 512, 2, True), (5, 512, 1, True)),
)
_STEM_CHANNELS: Final = 16
_DIVISOR: Final = 8


class LcNet(nn.Layer):
    """Pictures (N x 3 x H x W) to logits (N x classes); probabilities when it does not train."""

    def __init__(self, class_count: int, *, scale: float, wide_channels: int) -> None:
        super().__init__()
        channels = _scaled(_STEM_CHANNELS, scale)
        layers: list[Any] = [_Convolution(3, channels, 3, stride=2)]
        for kernel, wanted, stride, has_excitation in _BLOCKS:
            out_channels = _scaled(wanted, scale)
            layers.append(_Depthwise(channels, kernel, stride))
            if has_excitation:
                layers.append(_Excitation(channels))
            layers.append(_Convolution(channels, out_channels, 1))
            channels = out_channels
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2D(1)
        self.wide = nn.Conv2D(channels, wide_channels, 1)
        self.dropout = nn.Dropout(0.2)
        self.classes = nn.Linear(wide_channels, class_count)

    def forward(self, pictures: Any) -> Any:
        logits = self.logits(pictures)
        return logits if self.training else functional.softmax(logits)

    def logits(self, pictures: Any) -> Any:
        wide = functional.hardswish(self.wide(self.pool(self.features(pictures))))
        return self.classes(self.dropout(paddle.flatten(wide, 1)))


class _Convolution(nn.Layer):
    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv2D(
            channels, out_channels, kernel, stride, kernel // 2, bias_attr=False
        )
        self.norm = _NormalisationAndSwish(out_channels)

    def forward(self, x: Any) -> Any:
        return self.norm(self.convolution(x))


class _Depthwise(nn.Layer):
    def __init__(self, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2D(
            channels, channels, kernel, stride, kernel // 2, groups=channels, bias_attr=False
        )
        self.norm = _NormalisationAndSwish(channels)
        self.stride, self.padding = stride, kernel // 2

    def forward(self, x: Any) -> Any:
        if self.training:
            weight = self.convolution.weight
            x = depthwise(x, weight, self.stride, self.padding)
        else:
            x = self.convolution(x)
        return self.norm(x)


class _NormalisationAndSwish(nn.BatchNorm2D):
    def forward(self, x: Any) -> Any:
        if not self.training:
            return functional.hardswish(super().forward(x))
        y, statistics = normalised_swish(x, self.weight, self.bias, self._epsilon)
        mean, variance = statistics[:, 0], statistics[:, 1] ** -2 - self._epsilon
        self._follow(self._mean, mean)
        self._follow(self._variance, variance)
        return y

    def _follow(self, running: Any, latest: Any) -> None:
        running.set_value(self._momentum * running + (1 - self._momentum) * latest)


class _Excitation(nn.Layer):
    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2D(1)
        self.squeeze = nn.Conv2D(channels, channels // reduction, 1)
        self.expand = nn.Conv2D(channels // reduction, channels, 1)

    def forward(self, x: Any) -> Any:
        weights = self.expand(functional.relu(self.squeeze(self.pool(x))))
        return x * functional.hardsigmoid(weights)


def _scaled(channels: int, scale: float) -> int:
    """To a multiple of 8, and not by more than a tenth below."""
    wanted = channels * scale
    rounded = max(_DIVISOR, int(wanted + _DIVISOR / 2) // _DIVISOR * _DIVISOR)
    return rounded if rounded >= 0.9 * wanted else rounded + _DIVISOR
