import numpy as np

from inkstream_server.stages.normalisation import (
    CENTRED_TABLES,
    IMAGENET_TABLES,
    normalise_into,
)

EVERY_VALUE = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)


def test_every_value_is_normalised_to_the_bit_as_paddlex_does_it() -> None:
    planes = np.empty((3, 16, 16), np.float32)

    normalise_into(planes, EVERY_VALUE, IMAGENET_TABLES)

    for channel, (mean, std) in enumerate([(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)]):
        expected = EVERY_VALUE[..., channel].astype(np.float32)
        expected *= 1 / 255.0 / std
        expected += -mean / std
        np.testing.assert_array_equal(planes[channel], expected)


def test_lines_are_centred_to_the_bit_as_paddlex_does_it() -> None:
    planes = np.empty((3, 16, 16), np.float32)

    normalise_into(planes, EVERY_VALUE, CENTRED_TABLES)

    expected = EVERY_VALUE.astype("float32").transpose((2, 0, 1)) / 255
    expected -= 0.5
    expected /= 0.5
    np.testing.assert_array_equal(planes, expected)


def test_what_lies_right_of_the_image_is_left_alone() -> None:
    planes = np.full((3, 16, 20), 7, np.float32)

    normalise_into(planes, EVERY_VALUE, CENTRED_TABLES)

    assert (planes[:, :, 16:] == 7).all()
    assert (planes[:, :, :16] != 7).all()


def test_a_part_of_a_larger_image_is_normalised_like_a_copy_of_it() -> None:
    image = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    from_part, from_copy = np.empty((2, 3, 20, 30), np.float32)

    normalise_into(from_part, image[5:25, 10:40], IMAGENET_TABLES)
    normalise_into(from_copy, image[5:25, 10:40].copy(), IMAGENET_TABLES)

    np.testing.assert_array_equal(from_part, from_copy)
