"""Both families of line classifiers, served from directories of any name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.accuracy.golden import MODELS, golden_lines, needs_models
from tests.reference_data import needs_reference_data, reference_file

from inkstream import Client
from served import running_server

# Paddle warns at its import that a compiler's cache is missing; none is needed to run models.
IGNORE_PADDLES_WARNING: Final = "ignore:No ccache found:UserWarning"

pytestmark = [pytest.mark.models, needs_models, needs_reference_data]

LINE_COUNT: Final = 60
# Wide enough that there is something to tell the right way up by.
LEAST_RATIO: Final = 4.0
# What PaddleX 3.7.2 says of these lines, and of the same lines turned, with the model of the
# reference data, which was trained for minutes only: a 1 is a line that stands on its head.
BY_PADDLEX: Final = (
    "000011110000000100011111000000101011000110000010001001001101",
    "011100011111001110111111011100000100000000111100010100101110",
)


@contextmanager
def served(source: Path, folder: Path) -> Iterator[Client]:
    """A server with a copy of the classifier under a name that tells nothing."""
    pytest.importorskip("paddle")  # OpenVINO reads no graph in JSON
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*lock*"))
    description = folder / "inference.yml"
    text = description.read_text(encoding="utf-8").replace(source.name, "ours_7")
    description.write_text(text, encoding="utf-8")
    with (
        running_server(
            "--engine=paddle", "--tuning=off", f"--set=models.textline_orientation={folder}"
        ) as server,
        Client(server.target, timeout_s=300) as client,
    ):
        yield client


def _crops() -> list[NDArray[np.uint8]]:
    wide = [
        line.crop
        for line in golden_lines()
        if line.crop.shape[1] >= LEAST_RATIO * line.crop.shape[0]
    ]
    return wide[:: len(wide) // LINE_COUNT][:LINE_COUNT]


def _turned(crops: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    return [np.asarray(cv2.rotate(crop, cv2.ROTATE_180), np.uint8) for crop in crops]


def _is_upside_down(client: Client, crops: list[NDArray[np.uint8]]) -> list[bool]:
    files = [cv2.imencode(".png", crop)[1].tobytes() for crop in crops]
    angles = [line.angle for line in client.recognize_lines(files, use_textline_orientation=True)]
    assert set(angles) <= {0, 180}
    return [angle == 180 for angle in angles]


@pytest.mark.filterwarnings(IGNORE_PADDLES_WARNING)
def test_the_older_family_finds_lines_that_stand_on_their_heads(tmp_path: Path) -> None:
    crops = _crops()

    with served(MODELS / "ch_ppocr_mobile_v2.0_cls", tmp_path / "fine_tuned") as client:
        names = {model.module: model.name for model in client.list_models()}
        upright, turned = (_is_upside_down(client, each) for each in (crops, _turned(crops)))

    assert names["textline_orientation"] == "ours_7"
    assert sum(upright) <= 0.1 * LINE_COUNT
    assert sum(turned) >= 0.8 * LINE_COUNT


@pytest.mark.filterwarnings(IGNORE_PADDLES_WARNING)
def test_the_newer_family_says_what_paddlex_says(tmp_path: Path) -> None:
    source = reference_file("golden/aux_models/PP-LCNet_x0_25_textline_ori")
    crops = _crops()

    with served(source, tmp_path / "fine_tuned") as client:
        said = [_is_upside_down(client, each) for each in (crops, _turned(crops))]

    assert ["".join(str(int(each)) for each in answers) for answers in said] == list(BY_PADDLEX)
