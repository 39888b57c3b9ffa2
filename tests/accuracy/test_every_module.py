"""With every module on, what PaddleX answers: angles, regions and texts of eight pictures.

Two of PaddleX's mistakes are not ours, and are reckoned with here. It turns pages by a cubic warp
that shifts them by a pixel, after which an unwarping model sees another picture; so the pages that
it turned are given to the server turned in that way. And it gives every line of a batch of six the
orientation of the batch's first.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.pictures import png
from tests.reference_data import needs_reference_data, reference_file, reference_files

from inkstream import Client, Page
from served import running_server

pytestmark = [pytest.mark.models, needs_reference_data]

CLASSIFIED_AT_ONCE: Final = 6
# Of our own turn, which shifts nothing, the stand-in's random network makes another page.
NEAR_PX: Final = 4
MODULES: Final = {
    "doc_orientation": "PP-LCNet_x1_0_doc_ori",
    "doc_unwarping": "UVDoc",
    "textline_orientation": "PP-LCNet_x0_25_textline_ori",
}

Points = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Golden:
    """A picture, and what PaddleX answers."""

    name: str
    file: Path
    answer: dict[str, Any]

    @property
    def angle(self) -> int:
        return int(self.answer["doc_preprocessor_res"]["angle"])


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    folder = reference_file("golden/aux_models")
    models = [f"--set=models.{key}={folder / name}" for key, name in MODULES.items()]
    on = "--set=pipeline.use_textline_orientation=true"
    flags = ("--tuning", "off", "--engine", "paddle", "--precision", "fp32")
    with running_server(*flags, *models, on) as server, Client(server.target, timeout_s=300) as own:
        yield own


def golden() -> list[Golden]:
    return [
        Golden(
            file.stem,
            reference_file(f"data/images/{file.stem.removesuffix('.p0')}"),
            json.loads(file.read_text(encoding="utf-8")),
        )
        for file in reference_files("golden/full")
        if not file.name.startswith("_")
    ]


def turned_as_by_paddlex(page: NDArray[np.uint8], angle: int) -> NDArray[np.uint8]:
    """About the middle of the page, and not of its pixels; cubic."""
    height, width = page.shape[:2]
    size = (height, width) if angle % 180 else (width, height)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    matrix[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
    return np.asarray(cv2.warpAffine(page, matrix, size, flags=cv2.INTER_CUBIC), np.uint8)


def read(client: Client, golden: Golden) -> Page:
    if not golden.angle:
        return client.recognize(golden.file, frame="read")
    page = cv2.imread(str(golden.file), cv2.IMREAD_COLOR)
    assert page is not None
    turned = turned_as_by_paddlex(np.asarray(page, np.uint8), golden.angle)
    return client.recognize(png(turned), frame="read", use_doc_orientation_classify=False)


def polygons(points: Sequence[Points]) -> list[list[tuple[int, int]]]:
    return [[(int(x), int(y)) for x, y in polygon] for polygon in points]


def test_regions_lie_where_paddlex_finds_them_to_the_pixel(client: Client) -> None:
    region_count = 0
    for each in golden():
        found = polygons([region.polygon for region in read(client, each).detections])

        assert found == polygons(each.answer["dt_polys"]), each.name
        region_count += len(found)

    assert region_count == 65


def test_lines_read_as_paddlex_reads_them_where_they_stand_the_same_way_up(client: Client) -> None:
    same, equal, notes = 0, 0, []
    for each in golden():
        lines = read(client, each).lines
        angles = each.answer["textline_orientation_angles"]
        ours = [line.angle == 180 for line in lines]
        of_batches = [ours[at - at % CLASSIFIED_AT_ONCE] for at in range(len(ours))]
        assert of_batches == [bool(angle) for angle in angles], each.name
        for line, angle, text in zip(lines, angles, each.answer["rec_texts"], strict=True):
            if (line.angle == 180) == bool(angle):
                same += 1
                equal += line.text == text
                if line.text != text:
                    notes.append(f"{each.name}: {text!r} is {line.text!r}")

    report = "\n".join([f"of 65 lines {same} stand the same way up, {equal} read so", *notes])
    sys.stdout.write(report + "\n")
    assert same >= 55, report
    assert equal >= same - 1, report


def test_pages_are_turned_by_paddlexs_angles(client: Client) -> None:
    pages = {each.name: client.recognize(each.file) for each in golden()}

    assert {name: page.doc_angle for name, page in pages.items()} == {
        each.name: each.angle for each in golden()
    }


def test_after_our_own_turn_regions_lie_near_paddlexs(client: Client) -> None:
    turned = [each for each in golden() if each.angle]
    near, region_count = 0, 0
    for each in turned:
        page = client.recognize(each.file, frame="read")
        ours = np.array([region.polygon for region in page.detections])
        for polygon in each.answer["dt_polys"]:
            distance = np.abs(ours - np.array(polygon)).max(axis=(1, 2)).min()
            near += distance <= NEAR_PX
            region_count += 1

    report = f"{near} of {region_count} regions within {NEAR_PX} px"
    sys.stdout.write(report + "\n")
    assert region_count == 36
    assert near >= 33, report
