"""How sure a trained network must be before a page is turned, by drawn pages new to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.doc_orientation.learning import logits_of_pages
from training.doc_orientation.samples import DrawnPages

RELUCTANCES: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0, 80.0, 120.0)
_PAGES: Final = 600


def table(model: Any, validation: Path) -> str:
    """For each reluctance: how many upright pages are left alone, and turned ones set upright."""
    logits = logits_of_pages(model, DrawnPages.of(validation), _PAGES)
    lines = ["reluctance  upright left alone  turned set upright"]
    for reluctance in RELUCTANCES:
        upright, turned = shares(logits, reluctance)
        lines.append(f"{reluctance:10.1f}  {upright:18.2%}  {turned:18.2%}")
    return "\n".join(lines)


def shares(logits: NDArray[np.float32], reluctance: float) -> tuple[float, float]:
    """`logits` are those of upright pages (N x 4); of turned ones they are the same, turned."""
    right = []
    for turns in range(4):
        turned = np.roll(logits, turns, axis=1)
        turned[:, 0] += reluctance
        right.append(float((turned.argmax(axis=1) == turns).mean()))
    return right[0], float(np.mean(right[1:]))
