"""Reads from `inference.yml` how a model wants its pictures, module by module.

What PaddleX ignores is ignored here by name. Anything else that is not implemented is refused: a
model that gets other pictures than it was trained with reads nearly right, which is the worst.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from inkstream_server.models.files import Module
from inkstream_server.models.recipe import (
    IMAGENET,
    TILE_PX,
    TILES_A_ROW,
    USUAL,
    DetectionRecipe,
    DocOrientationRecipe,
    Normalisation,
    PageView,
    Recipe,
    RecognitionRecipe,
    Triple,
)
from inkstream_server.models.yml_values import NotDone, Place

_OPS: Final = "PreProcess.transform_ops"
_MOST_CANDIDATES: Final = 1_000_000
_LINE_HEIGHTS_PX: Final = (8, 256)
_LINE_WIDTHS_PX: Final = (8, 3200)
_SHORT_SIDE_PX: Final = 256
_INPUT_PX: Final = 224
_TILES: Final = "CropTextTiles"
# For training, or for PaddleX's own arrangement of arrays.
_NO_PICTURES: Final = frozenset({"DetLabelEncode", "MultiLabelEncode", "KeepKeys"})


def read_recipe(root: Place, module: Module) -> Recipe:
    """Raises Malformed, or NotDone. Without PreProcess and PostProcess all is as usual."""
    match module:
        case Module.TEXT_DETECTION:
            return Recipe(detection=_detection(root))
        case Module.TEXT_RECOGNITION:
            return Recipe(recognition=_recognition(root))
        case Module.DOC_ORIENTATION:
            return Recipe(doc_orientation=_doc_orientation(root))
        case Module.TEXTLINE_ORIENTATION:
            _check_line_figures(steps_of(root))
            return USUAL
        case Module.DOC_UNWARPING:
            return USUAL


def steps_of(root: Place) -> dict[str, Place]:
    """The steps that the file tells, by their names, each with its arguments. Raises Malformed."""
    steps: dict[str, Place] = {}
    for op in root["PreProcess"]["transform_ops"].items():
        step = Place(op.where, {op.value: None}) if isinstance(op.value, str) else op
        steps |= {str(name): step[str(name)] for name in step.mapping()}
    return steps


def _detection(root: Place) -> DetectionRecipe:
    max_candidates = _max_candidates(root["PostProcess"])
    steps = _steps(
        root, ("DecodeImage", "DetResizeForTest", "NormalizeImage", "ToCHWImage"), "NormalizeImage"
    )
    if not steps:
        return DetectionRecipe(max_candidates=max_candidates)
    # Requests and settings give the size that a page is fitted to, as in PaddleX's production line,
    # where `keep_ratio` says something of an `image_shape` alone.
    steps["DetResizeForTest"].only("limit_side_len", "limit_type", "resize_long", "keep_ratio")
    normalisation = _normalisation(steps["NormalizeImage"], orders=("hwc", ""))
    return DetectionRecipe(normalisation, _is_rgb(steps), max_candidates)


def _max_candidates(after: Place) -> int:
    """What the result is made of, beside the bounds that requests and settings give."""
    bounds = ("thresh", "box_thresh", "unclip_ratio")
    after.only("name", *bounds, "max_candidates", "use_dilation", "score_mode", "box_type")
    after["name"].one_of("DBPostProcess")
    after["use_dilation"].one_of(False)
    after["score_mode"].one_of("fast")
    after["box_type"].one_of("quad")
    told = after["max_candidates"]
    usual = DetectionRecipe().max_candidates
    return usual if told.value is None else told.whole(1, _MOST_CANDIDATES)


def _recognition(root: Place) -> RecognitionRecipe:
    after = root["PostProcess"]
    after.only("name", "character_dict", "use_space_char")
    after["name"].one_of("CTCLabelDecode")
    after["use_space_char"].one_of(True)
    steps = _steps(root, ("DecodeImage", "RecResizeImg"), "RecResizeImg")
    if not steps:
        return RecognitionRecipe()
    fitting = steps["RecResizeImg"]
    fitting.only("image_shape", "eval_mode", "infer_mode", "character_dict_path", "padding")
    fitting["padding"].one_of(True)
    shape = fitting["image_shape"].items()
    if [each.value for each in shape[:1]] != [3] or len(shape) != 3:  # noqa: PLR2004 - C, H, W
        raise fitting["image_shape"].not_done("[3, height, width]")
    height, width = shape[1].whole(*_LINE_HEIGHTS_PX), shape[2].whole(*_LINE_WIDTHS_PX)
    return RecognitionRecipe(height, width, _is_rgb(steps))


def _doc_orientation(root: Place) -> DocOrientationRecipe:
    after = root["PostProcess"]
    angles, min_score = _angles(after), _min_score(after["Topk"]["min_score"])
    view = PageView.TEXT_TILES if _TILES in steps_of(root) else PageView.MIDDLE
    cutting = ("ResizeImage", "CropImage") if view is PageView.MIDDLE else (_TILES,)
    steps = _steps(root, (*cutting, "NormalizeImage", "ToCHWImage"), "NormalizeImage")
    if not steps:
        return DocOrientationRecipe(angles=angles, min_score=min_score)
    if view is PageView.TEXT_TILES:
        _check_tiles(steps[_TILES])
    else:
        _check_middle(steps["ResizeImage"], steps["CropImage"])
    normalisation = _normalisation(steps["NormalizeImage"], orders=("",))
    return DocOrientationRecipe(normalisation, angles, min_score, view)


def _check_middle(fitting: Place, middle: Place) -> None:
    fitting.only("resize_short", "backend", "interpolation")
    fitting["resize_short"].must_be(_SHORT_SIDE_PX)
    fitting["backend"].one_of("cv2")
    fitting["interpolation"].one_of("LINEAR", "linear")
    middle.only("size")
    middle["size"].must_be(_INPUT_PX, [_INPUT_PX, _INPUT_PX])


def _check_tiles(tiles: Place) -> None:
    """A step of our own: PaddleX looks at the middle of every page."""
    tiles.only("size", "count")
    tiles["size"].must_be(TILE_PX)
    tiles["count"].must_be(TILES_A_ROW**2)


def _angles(after: Place) -> tuple[int, ...]:
    after.only("Topk")
    after["Topk"].only("topk", "label_list", "min_score")
    labels = after["Topk"]["label_list"].texts()
    # That they are the four is how the module was known.
    angles = tuple(int(label.removesuffix("_degree")) for label in labels)
    return angles or DocOrientationRecipe().angles


def _min_score(place: Place) -> float:
    """A key of our own: PaddleX turns every page to its best class, however unsure that is."""
    if place.value is None:
        return 0.0
    score = place.number()
    if not 0.0 <= score <= 1.0:
        raise place.malformed("a number from 0 to 1")
    return score


def _check_line_figures(steps: Mapping[str, Place]) -> None:
    """How lines are fitted tells the classifier's family, and that the figures it has."""
    step = steps.get("NormalizeImage")
    if step is None:
        return
    if "ClsResizeImg" in steps:
        raise step.not_done("none beside ClsResizeImg, which does it")
    if _normalisation(step, orders=("",)) != IMAGENET:
        raise step.not_done("ImageNet's mean and std, scale 1/255")


def _steps(root: Place, done: tuple[str, ...], needed: str) -> Mapping[str, Place]:
    """The arguments of each step that is done, by its name; nothing where none is told at all.

    Their order is not looked at: it is always PaddleX's.
    """
    steps = steps_of(root)
    for name, step in steps.items():
        if name not in done and name not in _NO_PICTURES:
            raise NotDone(f"{step.where} is not known; implemented: {', '.join(done)}")
    if steps and needed not in steps:
        raise NotDone(f"{_OPS} has no {needed}, without which nothing is implemented")
    return {name: steps.get(name, Place(f"{_OPS}.{name}", None)) for name in done if steps}


def _is_rgb(steps: Mapping[str, Place]) -> bool:
    """PaddleX reads pictures as RGB unless told otherwise; official models say BGR."""
    decoding = steps["DecodeImage"]
    decoding.only("channel_first", "img_mode")
    decoding["channel_first"].one_of(False)
    decoding["img_mode"].one_of("BGR", "RGB")
    return decoding["img_mode"].value != "BGR"


def _normalisation(step: Place, orders: tuple[str, ...]) -> Normalisation:
    step.only("mean", "std", "scale", "order", "channel_num")
    step["channel_num"].one_of(3)
    step["order"].one_of(*orders)
    scale = step["scale"]
    deviations = _triple(step["std"], IMAGENET.deviations)
    if not all(deviations):
        raise step["std"].malformed("three numbers other than 0")
    return Normalisation(
        IMAGENET.scale if scale.value is None else scale.number(),
        _triple(step["mean"], IMAGENET.means),
        deviations,
    )


def _triple(numbers: Place, usual: Triple) -> Triple:
    if numbers.value is None:
        return usual
    values = [each.number() for each in numbers.items()]
    if len(values) != 3:  # noqa: PLR2004 - one for each channel
        raise numbers.malformed("three numbers")
    first, second, third = values
    return first, second, third
