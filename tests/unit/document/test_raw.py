import numpy as np
import pytest

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.opening import open_raw_image
from inkstream_server.document.raw import RawImage
from inkstream_server.errors import ImageTooLarge, InvalidField


@pytest.mark.parametrize("channel_count", [1, 3, 4])
def test_raw_samples_become_a_page(channel_count: int) -> None:
    raw = RawImage(2, 3, channel_count, bytes([255]) * (6 * channel_count))

    document = open_raw_image(raw, DocumentLimits())
    page = document.draw(1, None)

    assert document.page_count == 1
    assert document.media_type == "image/x-raw"
    assert page.shape == document.page_size(1, None).shape == (2, 3, 3)
    assert (page == 255).all()


def test_bgr_samples_are_not_copied() -> None:
    samples = bytes(range(18))

    page = open_raw_image(RawImage(2, 3, 3, samples), DocumentLimits()).draw(1, None)

    assert page.tobytes() == samples
    assert np.shares_memory(page, np.frombuffer(samples, np.uint8))


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (RawImage(0, 3, 3, b""), "source.raw.height"),
        (RawImage(-2, -3, 3, bytes(18)), "source.raw.height"),
        (RawImage(2, 0, 3, b""), "source.raw.width"),
        (RawImage(2, 3, 2, bytes(12)), "source.raw.channels"),
        (RawImage(2, 3, 3, bytes(17)), "source.raw.data"),
        (RawImage(2, 3, 3, bytes(19)), "source.raw.data"),
    ],
)
def test_raw_fields_that_do_not_fit_are_named(raw: RawImage, field: str) -> None:
    with pytest.raises(InvalidField) as caught:
        open_raw_image(raw, DocumentLimits())

    assert caught.value.facts["field"] == field


def test_a_raw_image_that_is_too_large_is_refused() -> None:
    with pytest.raises(ImageTooLarge):
        open_raw_image(RawImage(2**31 - 1, 2**31 - 1, 3, b""), DocumentLimits())


def test_a_closed_raw_image_may_be_closed_again() -> None:
    document = open_raw_image(RawImage(2, 3, 3, bytes(18)), DocumentLimits())

    document.close()
    document.close()

    assert document.page_size(1, None).shape == (2, 3, 3)
