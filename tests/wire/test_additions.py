"""Words, and images to look at, over the wire."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.pictures import picture, png, tiff
from tests.wire.calls import CALL_S, Stubs, document_request, pages_of, reading

from inkstream.v1 import ocr_pb2, page_pb2, settings_pb2, source_pb2

Options = settings_pb2.RecognizeOptions
PAGE = picture("one line of text", "and another", width_px=600)


def read(stubs: Stubs, options: Options | None = None) -> page_pb2.Page:
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=png(PAGE)), options=options)
    return stubs.ocr.Recognize(request, timeout=CALL_S).page


def decoded(content: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def test_a_line_has_words_where_they_are_asked_for(stubs: Stubs) -> None:
    page = read(stubs, Options(return_word_box=True))

    assert page.lines
    for line in page.lines:
        assert "".join(word.text for word in line.words) == line.text
        for word in line.words:
            assert len(word.polygon.points) == 4
            assert all(line.box.x_min <= each.x <= line.box.x_max for each in word.polygon.points)


def test_a_page_is_read_the_same_with_words_and_images(stubs: Stubs) -> None:
    full = read(stubs, Options(return_word_box=True, visualize=True, return_page_images=True))

    assert full.visualization and full.input_image
    for line in full.lines:
        line.ClearField("words")
    for name in ("visualization", "input_image"):
        full.ClearField(name)
    assert reading(full) == reading(read(stubs))


def test_a_page_is_drawn_beside_its_texts(stubs: Stubs) -> None:
    page = read(stubs, Options(visualize=True))

    image = decoded(page.visualization)
    height, width, _ = PAGE.shape
    assert image.shape == (height, 2 * width, 3)
    for line in page.lines:
        box = line.box
        panel = image[box.y_min : box.y_max, width + box.x_min : width + box.x_max]
        assert panel.min() < 60
    assert (page.input_image, page.preprocessing_visualization) == (b"", b"")


def test_the_page_as_decoded_comes_where_it_is_asked_for(stubs: Stubs) -> None:
    page = read(stubs, Options(return_page_images=True))

    assert np.abs(decoded(page.input_image).astype(int) - PAGE).mean() < 2
    assert (page.visualization, page.preprocessing_visualization) == (b"", b"")


def test_every_page_of_a_document_has_its_own_image(stubs: Stubs) -> None:
    blank = np.full_like(PAGE, 255)
    request = document_request(tiff(PAGE, blank), options=Options(visualize=True))

    first, second = pages_of(stubs.read_document(request))

    width = PAGE.shape[1]
    assert decoded(first.visualization)[:, width:].min() < 60
    assert decoded(second.visualization).min() > 250


def test_crops_of_lines_have_no_page_to_draw_on(stubs: Stubs) -> None:
    crop = source_pb2.Source(content=png(picture("a line", height_px=80, width_px=300)))
    options = Options(return_word_box=True, visualize=True, return_page_images=True)

    def lines(asked: Options | None) -> list[page_pb2.LineText]:
        request = ocr_pb2.RecognizeLinesRequest(lines=[crop], options=asked)
        return list(stubs.ocr.RecognizeLines(request, timeout=CALL_S).lines)

    assert lines(options) == lines(None)
