"""Batches of turned tiles and which way each has to be turned back.

Class k is a picture that stands upright once it is turned counter-clockwise by k quarter turns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inkstream_server.stages.normalisation import IMAGENET_TABLES, normalise_into
from training.networks.turning import TURNS

Batch = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Tensor (N x 3 x side x side), classes."""


@dataclass(frozen=True, slots=True)
class DrawnPages:
    """What `draw` wrote into a folder, in the order of names; read as it is needed."""

    files: tuple[NDArray[np.uint8], ...]
    places: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, folder: Path) -> DrawnPages:
        files = tuple(np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy")))
        if not files:
            raise FileNotFoundError(f"no drawn pages in {folder}; draw them first")
        return cls(files, tuple((i, j) for i, file in enumerate(files) for j in range(len(file))))

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """The tiles of a view of a page (tiles x height x width x 3, RGB)."""
        file, place = self.places[index]
        tiles: NDArray[np.uint8] = self.files[file][place]
        return tiles

    def evenly(self, count: int) -> Iterable[NDArray[np.uint8]]:
        """So many of them, from all over."""
        return (self[index] for index in np.linspace(0, len(self) - 1, count).astype(int).tolist())


def training_batch(
    drawn: DrawnPages, count: int, side_px: int, generator: np.random.Generator
) -> Batch:
    """`count` tiles, varied, each turned all four ways: what differs is the direction alone."""
    views = (drawn[index] for index in generator.integers(0, len(drawn), count).tolist())
    tiles = (view[int(generator.integers(0, len(view)))] for view in views)
    return turned_all_ways([_varied(tile, side_px, generator) for tile in tiles])


def turned_all_ways(upright: list[NDArray[np.uint8]]) -> Batch:
    """Four of each picture (side x side x 3, RGB), in the order of the classes."""
    side = upright[0].shape[0]
    tensor = np.empty((TURNS * len(upright), 3, side, side), np.float32)
    for index, picture in enumerate(upright):
        for turns in range(TURNS):
            turned = np.ascontiguousarray(np.rot90(picture, -turns))
            normalise_into(tensor[TURNS * index + turns], turned, IMAGENET_TABLES)
    return tensor, np.tile(np.arange(TURNS), len(upright))


def centre(picture: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    margin = (picture.shape[0] - side_px) // 2
    return picture[margin : margin + side_px, margin : margin + side_px]


def _varied(
    picture: NDArray[np.uint8], side_px: int, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """A square of it at another scale, in other colours."""
    taken = min(picture.shape[0], round(side_px * float(generator.uniform(0.8, 1.1))))
    top, left = generator.integers(0, picture.shape[0] - taken + 1, 2).tolist()
    square = picture[top : top + taken, left : left + taken]
    square = np.asarray(cv2.resize(square, (side_px, side_px)), np.uint8)
    gains, shifts = generator.uniform(0.8, 1.2, 3), generator.uniform(-20, 20, 3)
    tables = np.clip(np.arange(256)[:, None] * gains + shifts, 0, 255).astype(np.uint8)
    if generator.random() < 0.1:
        tables = 255 - tables
    return np.asarray(cv2.LUT(square, tables[None]), np.uint8)
