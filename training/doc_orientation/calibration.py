"""How sure a trained network must be before a page is turned, by drawn pages new to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import paddle
from numpy.typing import NDArray

from inkstream_server.stages.doc_orientation import INPUT_PX
from training.doc_orientation.samples import DrawnPictures, centre, turned_all_ways
from training.networks.turning import summed_over_turns

RELUCTANCES: Final = tuple(np.arange(0.0, 12.1, 0.5).tolist())
_PICTURES: Final = 600


def table(model: Any, validation: Path) -> str:
    """For each reluctance: how many upright pages are left alone, and turned ones set upright."""
    logits = _logits(model, DrawnPictures.of(validation))
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


def _logits(model: Any, pictures: DrawnPictures) -> NDArray[np.float32]:
    model.eval()
    found = []
    for index in np.linspace(0, len(pictures) - 1, _PICTURES).astype(int).tolist():
        tensor, _ = turned_all_ways([centre(pictures[index], INPUT_PX)])
        with paddle.no_grad():
            found.append(summed_over_turns(model.logits(paddle.to_tensor(tensor))).numpy()[0])
    return np.stack(found)
