from __future__ import annotations

from pathlib import Path

import pytest

from inkstream_server.errors import ModelDamaged
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.files import Module
from inkstream_server.models.line_family import LineFamily, UnknownFamily, line_family_of

STRETCHED = {"ResizeImage": {"size": [160, 80]}, "NormalizeImage": {}, "ToCHWImage": None}
PADDED = {"DecodeImage": {"img_mode": "BGR"}, "ClsResizeImg": {"image_shape": [3, 48, 192]}}


@pytest.mark.parametrize("name", ["", "ours_v7", "PP-LCNet_x0_25_textline_ori", "ch_mobile_cls"])
def test_the_steps_tell_the_family_whatever_the_model_is_called(name: str) -> None:
    assert line_family_of(name, STRETCHED) is LineFamily.LCNET
    assert line_family_of(name, PADDED) is LineFamily.MOBILE_V2


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("PP-LCNet_x0_25_textline_ori", LineFamily.LCNET),
        ("PP-LCNet_x1_0_textline_ori", LineFamily.LCNET),
        ("ch_ppocr_mobile_v2.0_cls", LineFamily.MOBILE_V2),
        ("anything", LineFamily.MOBILE_V2),
    ],
)
def test_without_steps_the_name_does(name: str, family: LineFamily) -> None:
    assert line_family_of(name, {}) is family
    assert line_family_of(name, {"ToCHWImage": None}) is family


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ({"ResizeImage": {"size": [320, 64]}}, r"ResizeImage\.size is \[320, 64\]"),
        ({"ResizeImage": {"resize_short": 256}, "CropImage": {}}, r"ResizeImage\.size is None"),
        ({"ResizeImage": None}, r"ResizeImage\.size is None"),
        ({"ClsResizeImg": {"image_shape": [3, 32, 100]}}, r"ClsResizeImg\.image_shape is"),
        ({"RecResizeImg": {"image_shape": [3, 48, 320]}}, "it has RecResizeImg; it must have"),
    ],
)
def test_what_neither_family_does_is_refused(steps: dict[str, object], told: str) -> None:
    with pytest.raises(UnknownFamily, match=told):
        line_family_of("PP-LCNet_x0_25_textline_ori", steps)


def make(path: Path, steps: str, labels: str = "['0', '180']") -> Path:
    path.mkdir()
    for file in ("inference.pdmodel", "inference.pdiparams"):
        (path / file).write_bytes(b"some")
    (path / "inference.yml").write_text(
        "Global: {model_name: mine}\n"
        f"PreProcess: {{transform_ops: {steps}}}\n"
        f"PostProcess: {{Topk: {{topk: 1, label_list: {labels}}}}}\n"
    )
    return path


def test_a_directory_of_any_name_tells_its_family(tmp_path: Path) -> None:
    new = make(tmp_path / "new", "[ResizeImage: {size: [160, 80]}, ToCHWImage]")
    old = make(tmp_path / "old", "[ClsResizeImg: {image_shape: [3, 48, 192]}]")

    assert read_model_directory(new).line_family is LineFamily.LCNET
    assert read_model_directory(old).line_family is LineFamily.MOBILE_V2


def test_a_directory_whose_lines_cannot_be_fitted_is_refused_by_its_file(tmp_path: Path) -> None:
    path = make(tmp_path / "wide", "[ResizeImage: {size: [320, 64]}]")

    with pytest.raises(ModelDamaged, match=r"inference\.yml, PreProcess\.transform_ops.*160, 80"):
        read_model_directory(path, Module.TEXTLINE_ORIENTATION)


def test_classes_in_another_order_are_refused_though_the_module_is_named(tmp_path: Path) -> None:
    path = make(tmp_path / "turned", "[ResizeImage: {size: [160, 80]}]", "['180', '0']")

    with pytest.raises(ModelDamaged, match="classes 180, 0, which are no orientations"):
        read_model_directory(path, Module.TEXTLINE_ORIENTATION)


@pytest.mark.parametrize("steps", ["{}", "ResizeImage", "[7]", "[[1]]"])
def test_steps_of_another_form_are_refused(tmp_path: Path, steps: str) -> None:
    path = make(tmp_path / "odd", steps)

    with pytest.raises(ModelDamaged, match=r"PreProcess\.transform_ops"):
        read_model_directory(path)
