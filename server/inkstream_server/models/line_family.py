"""Tells the family of a line-orientation model: how it was trained to see its lines."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class LineFamily(Enum):
    """The two that there are; the stages know what each computes."""

    MOBILE_V2 = "mobile_v2"  # ch_ppocr_mobile_v2.0_cls: lines keep their ratio, 48 x 192
    LCNET = "lcnet"  # PP-LCNet_x0_25_textline_ori: lines are stretched to 80 x 160


class UnknownFamily(Exception):
    """The model wants its lines as neither family has them; the text says how."""


# A step's name, its argument, the only value that the family has, and the family.
_STEPS: Final = (
    ("ResizeImage", "size", [160, 80], LineFamily.LCNET),  # width, height
    ("ClsResizeImg", "image_shape", [3, 48, 192], LineFamily.MOBILE_V2),
)
_LCNET_PREFIX: Final = "PP-LCNet"


def line_family_of(name: str, steps: Mapping[str, object]) -> LineFamily:
    """By `steps`, the names of PreProcess.transform_ops with their arguments.

    Without any, the model's name decides: PP-LCNet... or else the older family. Raises
    UnknownFamily.
    """
    for step, argument, value, family in _STEPS:
        if step in steps:
            arguments = steps[step]
            found = arguments.get(argument) if isinstance(arguments, dict) else None
            if found != value:
                raise UnknownFamily(f"{step}.{argument} is {found}; it must be {value}")
            return family
    if resizing := [step for step in steps if "Resize" in step or "Crop" in step]:
        known = " or ".join(step for step, *_ in _STEPS)
        raise UnknownFamily(f"it has {', '.join(resizing)}; it must have {known}")
    return LineFamily.LCNET if name.startswith(_LCNET_PREFIX) else LineFamily.MOBILE_V2
