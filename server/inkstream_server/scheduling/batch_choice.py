"""Decides, from measured times, how large a model's batches may grow on this device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from inkstream_server.scheduling.cost_table import CostTable, Shape
from inkstream_server.scheduling.policy import BatchPolicy

# What a smaller batch may cost per item over the best one. Small batches end sooner and leave
# later arrivals less to wait for; and it is more than the noise of a busy machine usually is.
_TOLERANCE: Final = 0.05


@dataclass(frozen=True, slots=True)
class _Verdict:
    """How a policy does over all measured shapes."""

    policy: BatchPolicy
    relative_item_time: float  # 1: the best of every shape
    batch_s: float

    def order(self) -> tuple[float, int, int]:
        return self.batch_s, self.policy.max_pixels, self.policy.max_count


def choose_policy(
    table: CostTable, model: str, *, item_pixels: Callable[[Shape], int], powers_of_two: bool
) -> BatchPolicy:
    """The policy of the shortest batches whose time per item is within 5 % of the best.

    Both are means over the measured shapes, so that one bad measurement turns nothing.
    `item_pixels` tells the padded pixels of an item of a shape. Raises NotMeasured.
    """
    shapes = {each.shape for each in table.measurements(model)}
    policies = list(_candidates(table, model, item_pixels, powers_of_two=powers_of_two))
    counts = [
        {shape: policy.largest_count(item_pixels(shape)) for shape in shapes} for policy in policies
    ]
    best_item_s = {
        shape: min(table.item_s(model, shape, each[shape]) for each in counts) for shape in shapes
    }
    verdicts = [
        _Verdict(
            policy,
            fmean(table.item_s(model, shape, n) / best_item_s[shape] for shape, n in each.items()),
            fmean(table.batch_s(model, shape, n) for shape, n in each.items()),
        )
        for policy, each in zip(policies, counts, strict=True)
    ]
    best = min(each.relative_item_time for each in verdicts)
    able = [each for each in verdicts if each.relative_item_time <= best * (1 + _TOLERANCE)]
    return min(able, key=_Verdict.order).policy


def _candidates(
    table: CostTable, model: str, item_pixels: Callable[[Shape], int], *, powers_of_two: bool
) -> Iterator[BatchPolicy]:
    """Every count that was measured, with every number of pixels that was."""
    measured = table.measurements(model)
    max_pixel_counts = sorted({each.count * item_pixels(each.shape) for each in measured})
    for max_count in sorted({each.count for each in measured}):
        for max_pixels in max_pixel_counts:
            yield BatchPolicy(
                max_count=max_count, max_pixels=max_pixels, powers_of_two=powers_of_two
            )
