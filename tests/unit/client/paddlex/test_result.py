from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkstream.decoding import decode_page
from inkstream.paddlex.reading import ReadPage
from inkstream.paddlex.result import OCRResult
from inkstream.v1 import page_pb2, settings_pb2


def jpeg(width_px: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width_px, 10), "white").save(file, "JPEG")
    return file.getvalue()


DRAWN = jpeg(40)


def read(*texts: str, x_px: int = 8, drawn: bytes = DRAWN) -> ReadPage:
    """A page with a line of each text."""
    corners = [page_pb2.Point(x=x, y=y) for x, y in ((x_px, 5), (90, 5), (90, 25), (x_px, 25))]
    polygon = page_pb2.Polygon(points=corners)
    words = [page_pb2.Word(text="word", polygon=polygon)]
    page = page_pb2.Page(
        page_number=1,
        width=100,
        height=200,
        lines=[
            page_pb2.TextLine(text=text, score=0.5, polygon=polygon, words=words) for text in texts
        ],
        detections=[page_pb2.Detection(polygon=polygon, angle=-1) for _ in texts],
        doc_angle=-1,
        frame=settings_pb2.FRAME_SOURCE,
        visualization=drawn,
    )
    return ReadPage(decode_page(page), "scans/a.b.jpg", None, page_count=1)


def result(page: ReadPage, *, return_word_box: bool = False) -> OCRResult:
    return OCRResult(page, return_word_box=return_word_box)


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_it_is_a_dict_whose_places_are_arrays() -> None:
    found = result(read("one", "two"), return_word_box=True)

    assert found["rec_texts"] == ["one", "two"]
    boxes = found["rec_boxes"]
    assert isinstance(boxes, np.ndarray)
    assert (boxes.shape, boxes.dtype) == ((2, 4), np.int16)
    for key in ("dt_polys", "rec_polys"):
        polygons = found[key]
        assert isinstance(polygons, list)
        assert [polygon.shape for polygon in polygons] == [(4, 2), (4, 2)]
    words = found["text_word_boxes"]
    assert isinstance(words, list)
    assert words[0].tolist() == [[8, 5, 90, 25]]


def test_places_that_sixteen_bits_do_not_hold_are_whole() -> None:
    boxes = result(read("far", x_px=40_000))["rec_boxes"]

    assert isinstance(boxes, np.ndarray)
    assert boxes.tolist() == [[90, 5, 40_000, 25]]


def test_a_page_without_text_has_no_boxes() -> None:
    boxes = result(read())["rec_boxes"]

    assert isinstance(boxes, np.ndarray)
    assert boxes.size == 0


def test_its_json_stands_under_res_and_knows_no_array() -> None:
    found = result(read("世界")).json

    assert list(found) == ["res"]
    assert json.loads(json.dumps(found))["res"]["rec_boxes"] == [[8, 5, 90, 25]]


def test_it_prints_arrays_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    result(read("one", "two", "three")).print()

    printed = capsys.readouterr().out
    assert printed.startswith("{'res': {'input_path': 'scans/a.b.jpg', 'page_index': None, ")
    assert "'rec_texts': ['one', 'two', 'three']" in printed
    assert "..." in printed
    assert np.get_printoptions()["threshold"] == 1000  # of the caller's own prints


def test_it_prints_json_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    found = result(read("世界"))

    found.print(json_format=True, indent=1)
    plain = capsys.readouterr().out
    found.print(json_format=True, ensure_ascii=True)

    assert "世界" in plain
    assert '\n "res": {\n' in plain
    assert "\\u4e16" in capsys.readouterr().out


def test_its_file_is_named_after_its_input(tmp_path: Path) -> None:
    result(read("世界")).save_to_json(tmp_path / "new")

    text = (tmp_path / "new" / "a.b_res.json").read_text(encoding="utf-8")
    assert "世界" in text
    assert text.startswith('{\n    "input_path": "scans/a.b.jpg",\n')


def test_a_page_of_many_has_its_index_in_the_name(tmp_path: Path) -> None:
    page = replace(read("one"), input_path="scans/report.pdf", page_index=3)

    result(page).save_all(tmp_path)

    assert files_in(tmp_path) == {"report_3_res.json", "report_3_ocr_res_img.png"}


def test_a_url_gives_its_last_part_as_the_name(tmp_path: Path) -> None:
    page = replace(read("one"), input_path="https://site/a%20b.jpg?size=large")

    result(page).save_to_json(tmp_path)

    assert files_in(tmp_path) == {"a b_res.json"}


def test_what_has_no_name_gets_one_and_keeps_it(tmp_path: Path) -> None:
    found = result(replace(read("one"), input_path=None))

    found.save_all(tmp_path)

    (stem,) = {name.partition("_res.json")[0] for name in files_in(tmp_path) if "json" in name}
    assert files_in(tmp_path) == {f"{stem}_res.json", f"{stem}_ocr_res_img.png"}


def test_a_path_of_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    found = result(read("one"))

    found.save_to_json(str(tmp_path / "out.json"))
    found.save_to_img(str(tmp_path / "out.png"))

    assert json.loads((tmp_path / "out.json").read_text())["rec_texts"] == ["one"]
    with Image.open(tmp_path / "out.png") as image:
        assert (image.format, image.width) == ("PNG", 40)


def test_a_picture_keeps_its_inputs_kind_and_a_jpeg_its_bytes(tmp_path: Path) -> None:
    result(read("one")).save_to_img(tmp_path)

    assert (tmp_path / "a.b_ocr_res_img.jpg").read_bytes() == DRAWN


@pytest.mark.parametrize("name", ["a.heic", "a.svg", "a.xbm"])
def test_a_picture_of_a_kind_that_cannot_be_written_is_saved_as_png(
    tmp_path: Path, name: str
) -> None:
    result(replace(read("one"), input_path=name)).save_all(tmp_path)

    assert files_in(tmp_path) == {"a_res.json", "a_ocr_res_img.png"}


def test_a_url_in_capitals_gives_its_last_part_too(tmp_path: Path) -> None:
    url = "HTTPS://host/folder/scan.jpg?size=large"

    result(replace(read("one"), input_path=url)).save_to_json(tmp_path)

    assert files_in(tmp_path) == {"scan_res.json"}


def test_its_pictures_can_be_had() -> None:
    images = result(read("one")).img

    assert {key: image.size for key, image in images.items()} == {"ocr_res_img": (40, 10)}


def test_a_page_that_was_turned_is_saved_before_and_after(tmp_path: Path) -> None:
    read_page = read("one")
    page = replace(read_page.page, preprocessing_visualization=DRAWN)

    result(replace(read_page, page=page)).save_to_img(tmp_path)

    assert (tmp_path / "a.b_preprocessed_img.jpg").read_bytes() == DRAWN
    assert (tmp_path / "a.b_ocr_res_img.jpg").exists()


def test_without_pictures_it_says_why(tmp_path: Path) -> None:
    found = result(read("one", drawn=b""))

    with pytest.raises(ValueError, match="visualize=False"):
        found.save_to_img(tmp_path)
    assert files_in(tmp_path) == set()


def test_the_page_itself_is_there_too() -> None:
    assert result(read("one", "two")).page.text == "one\ntwo"
