"""A classifier of quarter turns that is asked of tiles, each in all four directions.

Turning a tile turns the answer, exactly: what tells up from down is learned once, not once a
direction, and no direction is preferred.
"""

from __future__ import annotations

from typing import Any, Final

import paddle
from paddle.nn import Layer, functional

TURNS: Final = 4


def summed_over_turns(logits: Any) -> Any:
    """Of pictures turned all four ways (4 N x ... x 4 classes) the answers for those unturned.

    Row m of four is the picture turned clockwise by m quarter turns, class k a picture that stands
    upright once it is turned counter-clockwise by k: the unturned one's k is row m's k + m.
    """
    summed = logits[::TURNS]
    for turns in range(1, TURNS):
        turned = logits[turns::TURNS]
        # Not `roll`: exported to the older format it does nothing.
        summed = summed + paddle.concat([turned[..., turns:], turned[..., :turns]], axis=-1)
    return summed


class InAllDirections(Layer):
    """Pictures (N x 3 x H x H) to probabilities (N x 4), by a network that has `logits`.

    A picture is `tiles_a_row` rows of as many tiles; what is said of each is added up, and
    `reluctance` to the logit of class 0: what tells nothing is left as it is.
    """

    def __init__(self, network: Any, reluctance: float, tiles_a_row: int) -> None:
        super().__init__()
        self.network = network
        self._tiles_a_row = tiles_a_row
        self.register_buffer("reluctance", paddle.to_tensor([reluctance, 0.0, 0.0, 0.0]))

    def forward(self, pictures: Any) -> Any:
        tiles = _cut(pictures, self._tiles_a_row)
        of_tiles = summed_over_turns(self.network.logits(_turned_all_ways(tiles)))
        of_pictures = of_tiles.reshape([-1, self._tiles_a_row**2, TURNS]).sum(axis=1)
        return functional.softmax(of_pictures + self.reluctance)


def _cut(pictures: Any, tiles_a_row: int) -> Any:
    """The tiles of each picture (N x 3 x H x H), row by row."""
    _, channels, side, _ = pictures.shape
    tile = side // tiles_a_row
    grid = pictures.reshape([-1, channels, tiles_a_row, tile, tiles_a_row, tile])
    return grid.transpose([0, 2, 4, 1, 3, 5]).reshape([-1, channels, tile, tile])


def _turned_all_ways(pictures: Any) -> Any:
    """Four of each, clockwise by none, one, two and three quarter turns (4 N x 3 x H x H)."""
    lying = pictures.transpose([0, 1, 3, 2])
    turned = [
        pictures,
        paddle.flip(lying, [3]),
        paddle.flip(pictures, [2, 3]),
        paddle.flip(lying, [2]),
    ]
    return paddle.stack(turned, axis=1).flatten(0, 1)
