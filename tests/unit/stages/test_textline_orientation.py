import numpy as np
import pytest

from inkstream_server.models.line_family import LineFamily
from inkstream_server.stages.textline_orientation import (
    LCNET,
    MOBILE_V2,
    LineOrientation,
    classifier_of,
    fit,
    interpret,
    prepare,
    turn,
)


def test_the_family_follows_from_the_name() -> None:
    assert classifier_of(LineFamily.LCNET) is LCNET
    assert classifier_of(LineFamily.MOBILE_V2) is MOBILE_V2


@pytest.mark.parametrize(("width", "expected"), [(20, 32), (121, 192), (500, 192), (1, 2)])
def test_the_mobile_classifier_keeps_the_ratio_as_far_as_there_is_room(
    width: int, expected: int
) -> None:
    assert fit(np.zeros((30, width, 3), np.uint8), MOBILE_V2).shape == (48, expected, 3)


def test_the_lcnet_classifier_stretches_the_line_and_wants_rgb() -> None:
    crop = np.zeros((30, 500, 3), np.uint8)
    crop[..., 0] = 200

    fitted = fit(crop, LCNET)

    assert fitted.shape == (80, 160, 3)
    assert (fitted[..., 2] == 200).all()
    assert not fitted[..., :2].any()


def test_the_mobile_classifiers_lines_are_centred_and_padded_with_zeros() -> None:
    tensor = prepare([np.full((48, 100, 3), 255, np.uint8)], MOBILE_V2)

    assert tensor.shape == (1, 3, 48, 192)
    assert (tensor[..., :100] == 1).all()
    assert not tensor[..., 100:].any()


def test_the_lcnet_classifiers_lines_take_the_imagenet_figures() -> None:
    tensor = prepare([np.zeros((80, 160, 3), np.uint8)] * 2, LCNET)

    assert tensor.shape == (2, 3, 80, 160)
    np.testing.assert_allclose(tensor[1, :, 0, 0], [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225])


def test_the_mobile_classifier_is_believed_only_above_nine_tenths() -> None:
    outputs = (np.array([[0.05, 0.95], [0.125, 0.875], [0.75, 0.25]], np.float32),)

    answers = interpret(outputs, MOBILE_V2)

    assert [answer.is_upside_down for answer in answers] == [True, False, False]


def test_the_lcnet_classifier_is_believed_whatever_its_score() -> None:
    outputs = (np.array([[0.375, 0.625], [0.5, 0.5]], np.float32),)

    answers = interpret(outputs, LCNET)

    assert answers == [LineOrientation(True), LineOrientation(False)]


def test_a_crop_is_turned_by_half_a_turn() -> None:
    crop = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)

    np.testing.assert_array_equal(turn(crop), crop[::-1, ::-1])
