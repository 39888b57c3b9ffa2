"""PaddleX's answers to the reference pictures, and the models they were made with."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.reference_data import SHARED

from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.models.store import default_models_dir
from inkstream_server.stages.detection import DetectionParams, LimitType

MODELS = default_models_dir(os.environ)
DETECTOR = MODELS / "PP-OCRv4_mobile_det"
RECOGNISER = MODELS / "PP-OCRv4_mobile_rec"

needs_models = pytest.mark.skipif(
    not (DETECTOR.is_dir() and RECOGNISER.is_dir()),
    reason=f"the models are not in {MODELS}: inkstream models pull",
)


@dataclass(frozen=True)
class GoldenLine:
    """A labelled line: its crop, what PaddleX reads, and what it says."""

    crop: NDArray[np.uint8]
    text: str
    score: float
    truth: str


@dataclass(frozen=True)
class GoldenPage:
    """A picture, and PaddleX's answer to it."""

    name: str
    page: NDArray[np.uint8]
    params: DetectionParams
    score_thresh: float
    polygons: list[list[tuple[int, int]]]
    polygon_scores: list[float]
    texts: list[str]
    text_scores: list[float]


def detector() -> ModelFiles:
    return read_model_directory(DETECTOR, Module.TEXT_DETECTION)


def recogniser() -> ModelFiles:
    return read_model_directory(RECOGNISER, Module.TEXT_RECOGNITION)


def golden_pages(folder: str) -> Iterator[GoldenPage]:
    """Every picture of a folder of answers, a multi-page one page by page."""
    assert SHARED is not None
    for path in sorted((SHARED / "golden" / folder).glob("[!_]*.json")):
        answer = json.loads(path.read_text(encoding="utf-8"))
        asked = answer["text_det_params"]
        yield GoldenPage(
            name=path.stem,
            page=_read(SHARED / "data" / "images", path.stem),
            params=DetectionParams(
                limit_side_len=asked["limit_side_len"],
                limit_type=LimitType(asked["limit_type"]),
                thresh=asked["thresh"],
                box_thresh=asked["box_thresh"],
                unclip_ratio=asked["unclip_ratio"],
            ),
            score_thresh=answer["text_rec_score_thresh"],
            polygons=[[(x, y) for x, y in polygon] for polygon in answer["dt_polys"]],
            polygon_scores=answer["dt_scores"],
            texts=answer["rec_texts"],
            text_scores=answer["rec_scores"],
        )


def golden_lines() -> Iterator[GoldenLine]:
    """Every labelled line."""
    assert SHARED is not None
    folder = SHARED / "data" / "labelled_lines"
    truths = dict(row.split("\t")[:2] for row in _rows(folder / "labels.tsv"))
    for row in _rows(SHARED / "golden" / "lines.tsv"):
        name, text, score = row.split("\t")
        yield GoldenLine(_image(folder / name), text, float(score), truths[name])


def _read(folder: Path, stem: str) -> NDArray[np.uint8]:
    """Read `picture.png`, or of `picture.tif.p1` the page at index 1."""
    name, dot, number = stem.rpartition(".p")
    if not (dot and number.isdigit()):
        return _image(folder / stem)
    _, pages = cv2.imreadmulti(str(folder / name), flags=cv2.IMREAD_COLOR)
    return np.asarray(pages[int(number)], np.uint8)


def _image(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert image is not None, path
    return np.asarray(image, np.uint8)


def _rows(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")[1:]
