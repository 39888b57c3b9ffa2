"""What `inference.yml` says of a model's pictures, as official files and others say it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from inkstream_server.errors import ModelDamaged, ModelNotSupported
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.files import Module
from inkstream_server.models.recipe import (
    IMAGENET,
    USUAL,
    DetectionRecipe,
    DocOrientationRecipe,
    Normalisation,
    PageView,
    Recipe,
    RecognitionRecipe,
)

DECODE = {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}}
NORMALISE = {
    "NormalizeImage": {
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "scale": "1./255.",
        "order": "hwc",
    }
}
RESIZE: dict[str, object] = {"DetResizeForTest": {"resize_long": 960, "keep_ratio": True}}
CHW = {"ToCHWImage": None}
DB = {"name": "DBPostProcess", "thresh": 0.3, "box_thresh": 0.6, "unclip_ratio": 1.5}

CTC = {"name": "CTCLabelDecode", "character_dict": ["a", "b"]}
LINES = {"RecResizeImg": {"image_shape": [3, 48, 320]}}

SHORT = {"ResizeImage": {"resize_short": 256}}
MIDDLE = {"CropImage": {"size": 224}}
CLASSIFIER_NORMALISE = {"NormalizeImage": {"scale": 0.00392156862745098, "order": ""}}
PAGES = [SHORT, MIDDLE, CLASSIFIER_NORMALISE, CHW]
TILES = {"CropTextTiles": {"size": 96, "count": 9}}


def topk(*labels: str) -> dict[str, object]:
    return {"Topk": {"topk": 1, "label_list": list(labels)}}


UPRIGHT = topk("0", "90", "180", "270")


def recipe_of(
    folder: Path, steps: list[object] | None, after: object, module: Module | None = None
) -> Recipe:
    folder.mkdir()
    (folder / "inference.json").write_bytes(b"{}")
    (folder / "inference.pdiparams").write_bytes(b"weights")
    tree = {"PostProcess": after}
    if steps is not None:
        tree["PreProcess"] = {"transform_ops": steps}
    (folder / "inference.yml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    return read_model_directory(folder, module).recipe


def test_an_official_detector_is_the_usual_one(tmp_path: Path) -> None:
    steps = [DECODE, {"DetLabelEncode": None}, RESIZE, NORMALISE, CHW, {"KeepKeys": {"a": ["b"]}}]

    assert recipe_of(tmp_path / "det", steps, DB) == USUAL


def test_a_detectors_own_figures_are_taken(tmp_path: Path) -> None:
    own = {"NormalizeImage": {"mean": [0.5, 0, 0.25], "std": ["1/2", 1, 2], "scale": 1}}
    decode = {"DecodeImage": {"channel_first": False, "img_mode": "RGB"}}

    recipe = recipe_of(tmp_path / "det", [decode, own], DB | {"max_candidates": 3000})

    normalisation = Normalisation(1.0, (0.5, 0.0, 0.25), (0.5, 1.0, 2.0))
    assert recipe.detection == DetectionRecipe(normalisation, is_rgb=True, max_candidates=3000)


def test_pictures_are_rgb_where_no_step_decodes_them(tmp_path: Path) -> None:
    assert recipe_of(tmp_path / "det", [NORMALISE], DB).detection.is_rgb
    assert recipe_of(tmp_path / "rec", [LINES], CTC).recognition.is_rgb


@pytest.mark.parametrize("scale", ["1./255.", " 1 / 255 ", "0.00392156862745098", 1 / 255])
def test_a_scale_may_be_a_quotient(tmp_path: Path, scale: object) -> None:
    steps: list[object] = [DECODE, {"NormalizeImage": {"scale": scale}}]

    assert recipe_of(tmp_path / "det", steps, DB).detection.normalisation == IMAGENET


@pytest.mark.parametrize("scale", ["__import__('os')", "1/0", "2**8", "", ".inf", True, [1]])
def test_a_scale_that_is_no_number_is_named(tmp_path: Path, scale: object) -> None:
    steps: list[object] = [DECODE, {"NormalizeImage": {"scale": scale}}]

    with pytest.raises(ModelDamaged, match=r"inference\.yml .*\[1\]\.NormalizeImage\.scale is "):
        recipe_of(tmp_path / "det", steps, DB)


@pytest.mark.parametrize("shape", [[3, 48, 320], [3, 32, 320], [3, 64, 256]])
def test_a_recognisers_lines_are_of_its_own_shape(tmp_path: Path, shape: list[int]) -> None:
    lines = {"RecResizeImg": {"image_shape": shape, "eval_mode": True, "padding": True}}

    recipe = recipe_of(tmp_path / "rec", [DECODE, {"MultiLabelEncode": None}, lines], CTC)

    assert recipe.recognition == RecognitionRecipe(height_px=shape[1], min_width_px=shape[2])


def test_a_page_classifiers_classes_may_come_in_any_order(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path / "ori", list(PAGES), topk("180_degree", "0", "90", "270"))

    assert recipe.doc_orientation == DocOrientationRecipe(IMAGENET, (180, 0, 90, 270))


def test_a_page_classifier_may_look_at_tiles_with_text(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path / "ori", [TILES, CLASSIFIER_NORMALISE, CHW], UPRIGHT)

    assert recipe.doc_orientation == DocOrientationRecipe(view=PageView.TEXT_TILES)


def test_how_sure_a_page_classifier_must_be_stands_beside_its_classes(tmp_path: Path) -> None:
    sure = {"Topk": {"label_list": ["0", "90", "180", "270"], "min_score": 0.8}}

    assert recipe_of(tmp_path / "ori", list(PAGES), sure).doc_orientation.min_score == 0.8
    assert recipe_of(tmp_path / "usual", None, sure).doc_orientation.min_score == 0.8


def test_a_page_classifier_cannot_be_surer_than_sure(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"min_score is 1\.5; it must be a number from 0 to 1"):
        recipe_of(
            tmp_path / "ori",
            None,
            {"Topk": {"label_list": ["0", "90", "180", "270"], "min_score": 1.5}},
        )


def test_a_model_that_tells_of_no_step_is_the_usual_one(tmp_path: Path) -> None:
    assert recipe_of(tmp_path / "det", None, DB) == USUAL
    assert recipe_of(tmp_path / "rec", None, CTC) == USUAL
    assert recipe_of(tmp_path / "ori", None, UPRIGHT) == USUAL
    assert recipe_of(tmp_path / "any", None, None, Module.DOC_ORIENTATION) == USUAL


STEPS = r"PreProcess\.transform_ops"


@pytest.mark.parametrize(
    ("steps", "after", "told"),
    [
        (
            [DECODE, {"Pad": {"size": 3}}, NORMALISE],
            DB,
            rf"{STEPS}\[1\]\.Pad is not known; implemented: DecodeImage",
        ),
        (
            [DECODE, "Pad", NORMALISE],
            DB,
            rf"{STEPS}\[1\]\.Pad is not known; implemented: DecodeImage",
        ),
        ([DECODE, RESIZE, CHW], DB, rf"{STEPS} has no NormalizeImage"),
        (
            [DECODE, CHW],
            CTC,
            r"\[1\]\.ToCHWImage is not known; implemented: DecodeImage, RecResizeImg",
        ),
        ([DECODE, {"KeepKeys": None}], CTC, rf"{STEPS} has no RecResizeImg"),
        (
            [{"DecodeImage": {"img_mode": "GRAY"}}, NORMALISE],
            DB,
            rf"{STEPS}\[0\]\.DecodeImage\.img_mode is 'GRAY'; implemented: 'BGR' or 'RGB'",
        ),
        (
            [{"DecodeImage": {"channel_first": True}}, NORMALISE],
            DB,
            r"channel_first is True; implemented: False",
        ),
        (
            [DECODE, {"DetResizeForTest": {"image_shape": [640, 640]}}, NORMALISE],
            DB,
            r"\[1\]\.DetResizeForTest\.image_shape is \[640, 640\]",
        ),
        (
            [DECODE, {"NormalizeImage": {"order": "chw"}}],
            DB,
            r"NormalizeImage\.order is 'chw'",
        ),
        ([DECODE, {"NormalizeImage": {"channel_num": 1}}], DB, r"channel_num is 1"),
        ([DECODE, {"NormalizeImage": {"bias": 1}}], DB, r"NormalizeImage\.bias is 1"),
        ([DECODE, NORMALISE], DB | {"use_dilation": True}, r"PostProcess\.use_dilation is True"),
        ([DECODE, NORMALISE], DB | {"score_mode": "slow"}, r"PostProcess\.score_mode is 'slow'"),
        ([DECODE, NORMALISE], DB | {"box_type": "poly"}, r"PostProcess\.box_type is 'poly'"),
        (None, DB | {"rotate": 1}, r"PostProcess\.rotate is 1; known here: name, thresh"),
        (
            [DECODE, {"RecResizeImg": {"image_shape": [1, 32, 320]}}],
            CTC,
            r"image_shape is \[1, 32, 320\]; implemented: \[3, height, width\]",
        ),
        ([DECODE, {"RecResizeImg": None}], CTC, r"image_shape is None; implemented"),
        (
            [DECODE, {"RecResizeImg": {"image_shape": [3, 48, 320], "padding": False}}],
            CTC,
            r"padding is False",
        ),
        (None, CTC | {"use_space_char": False}, r"PostProcess\.use_space_char is False"),
        ([{"ResizeImage": {"size": [224, 224]}}, *PAGES[1:]], UPRIGHT, r"ResizeImage\.size"),
        ([{"ResizeImage": {"resize_short": 320}}, *PAGES[1:]], UPRIGHT, r"320; implemented: 256"),
        ([{"ResizeImage": None}, *PAGES[1:]], UPRIGHT, r"resize_short is None"),
        ([SHORT, *PAGES[2:]], UPRIGHT, r"CropImage\.size is None"),
        ([SHORT, {"CropImage": {"size": 192}}, *PAGES[2:]], UPRIGHT, r"CropImage\.size is 192"),
        (PAGES, UPRIGHT | {"Threshold": 0.5}, r"PostProcess\.Threshold is 0\.5"),
        ([TILES, *PAGES], UPRIGHT, r"ResizeImage is not known; implemented: CropTextTiles"),
        ([{"CropTextTiles": None}, *PAGES[2:]], UPRIGHT, r"CropTextTiles\.size is None"),
        (
            [{"CropTextTiles": {"size": 96, "count": 16}}, *PAGES[2:]],
            UPRIGHT,
            r"CropTextTiles\.count is 16; implemented: 9",
        ),
    ],
)
def test_what_is_not_implemented_is_refused_with_its_place_and_value(
    tmp_path: Path, steps: list[object] | None, after: object, told: str
) -> None:
    with pytest.raises(ModelNotSupported, match=rf"any/inference\.yml asks .*{told}") as caught:
        recipe_of(tmp_path / "any", steps, after)

    assert caught.value.facts["file"] == str(tmp_path / "any" / "inference.yml")


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (
            [{"ResizeImage": {"size": [160, 80]}}, {"NormalizeImage": {"mean": [0.5, 0.5, 0.5]}}],
            r"NormalizeImage is .*0\.5.*; implemented: ImageNet's",
        ),
        (
            [{"ClsResizeImg": {"image_shape": [3, 48, 192]}}, CLASSIFIER_NORMALISE],
            r"NormalizeImage is .*; implemented: none beside ClsResizeImg",
        ),
    ],
)
def test_a_line_classifier_with_other_figures_than_its_familys_is_refused(
    tmp_path: Path, steps: list[object], told: str
) -> None:
    with pytest.raises(ModelNotSupported, match=told):
        recipe_of(tmp_path / "cls", steps, topk("0_degree", "180_degree"))


def test_official_line_classifiers_are_the_usual_ones(tmp_path: Path) -> None:
    lcnet: list[object] = [{"ResizeImage": {"size": [160, 80]}}, CLASSIFIER_NORMALISE, CHW]
    mobile: list[object] = [DECODE, {"ClsResizeImg": {"image_shape": [3, 48, 192]}}]
    labels = topk("0_degree", "180_degree")

    assert recipe_of(tmp_path / "lcnet", lcnet, labels) == USUAL
    assert recipe_of(tmp_path / "mobile", mobile, labels) == USUAL


def test_another_decoding_than_the_modules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotSupported, match=r"PostProcess\.name is 'NRTRLabelDecode'"):
        recipe_of(tmp_path / "a", None, {"name": "NRTRLabelDecode"}, Module.TEXT_RECOGNITION)
    with pytest.raises(ModelNotSupported, match=r"PostProcess\.name is 'EASTPostProcess'"):
        recipe_of(tmp_path / "b", None, {"name": "EASTPostProcess"}, Module.TEXT_DETECTION)


@pytest.mark.parametrize(
    ("steps", "after", "told"),
    [
        ("DecodeImage", DB, rf"{STEPS} must be a list"),
        ([7], DB, rf"{STEPS}\[0\] must be a mapping"),
        ([DECODE, {"NormalizeImage": {"mean": 3}}], DB, r"NormalizeImage\.mean must be a list"),
        ([DECODE, {"NormalizeImage": {"mean": [0, 0]}}], DB, r"mean is \[0, 0\]; it must be three"),
        ([DECODE, {"NormalizeImage": {"std": [1, 0, 1]}}], DB, r"std is .* other than 0"),
        ([DECODE, NORMALISE], DB | {"max_candidates": 0}, r"max_candidates is 0; it must be a"),
        (
            [DECODE, {"RecResizeImg": {"image_shape": [3, "48", 320]}}],
            CTC,
            r"image_shape\[1\] is '48'; it must be a whole number from 8 to 256",
        ),
    ],
)
def test_what_makes_no_sense_is_named_with_its_place(
    tmp_path: Path, steps: object, after: object, told: str
) -> None:
    with pytest.raises(ModelDamaged, match=rf"inference\.yml cannot be understood: .*{told}"):
        recipe_of(tmp_path / "any", steps, after)  # type: ignore[arg-type]  # that is the point
