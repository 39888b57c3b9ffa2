"""What is read, over the wire, and that it is the same whatever else the server does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from tests.pictures import pdf, picture, png, tiff
from tests.wire.calls import CALL_S, Stubs, document_request, pages_of, reading, stubs_of

import inkstream
from inkstream.v1 import ocr_pb2, page_pb2, settings_pb2, source_pb2
from served import RunningServer

IMAGE = picture("first line", "second line", height_px=200, width_px=500)
SIX_PAGES = pdf(*(f"page {number}" for number in range(1, 7)))


def recognize(
    stubs: Stubs, source: source_pb2.Source, options: settings_pb2.RecognizeOptions | None = None
) -> page_pb2.Page:
    request = ocr_pb2.RecognizeRequest(source=source, options=options)
    return stubs.ocr.Recognize(request, timeout=CALL_S).page


def raw(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> source_pb2.Source:
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    return source_pb2.Source(
        raw=source_pb2.RawImage(
            height=height, width=width, channels=channels, data=pixels.tobytes()
        )
    )


def test_an_image_is_read_with_its_lines_regions_and_settings(stubs: Stubs) -> None:
    page = stubs.read(png(IMAGE))

    assert (page.page_number, page.width, page.height) == (1, 500, 200)
    assert len(page.lines) == len(page.detections) > 0
    for line in page.lines:
        assert line.text and 0.0 < line.score <= 1.0
        columns = [point.x for point in line.polygon.points]
        rows = [point.y for point in line.polygon.points]
        assert len(columns) == 4
        assert (line.box.x_min, line.box.x_max) == (min(columns), max(columns))
        assert (line.box.y_min, line.box.y_max) == (min(rows), max(rows))
        assert 0 <= line.box.x_min < line.box.x_max <= 500
        assert 0 <= line.box.y_min < line.box.y_max <= 200
    assert page.frame == settings_pb2.FRAME_SOURCE
    assert page.doc_angle == -1
    assert page.settings.text_det_limit_side_len == 960
    assert page.settings.text_rec_model
    assert not page.HasField("error")
    assert page.timing.total.ToTimedelta() >= page.timing.queued.ToTimedelta()


def test_a_blank_page_is_no_error(stubs: Stubs) -> None:
    page = stubs.read(png(picture()))

    assert not page.lines and not page.detections


def test_raw_pixels_read_as_the_file_does(stubs: Stubs) -> None:
    expected = reading(stubs.read(png(IMAGE)))

    assert reading(recognize(stubs, raw(IMAGE))) == expected
    grey = cv2.cvtColor(IMAGE, cv2.COLOR_BGR2GRAY).astype(np.uint8)
    assert reading(recognize(stubs, raw(grey))) == expected
    opaque = np.dstack([IMAGE, np.full(IMAGE.shape[:2], 255, np.uint8)])
    assert reading(recognize(stubs, raw(opaque))) == expected


def test_what_is_transparent_is_white(stubs: Stubs) -> None:
    shown = IMAGE.copy()
    shown[10:30, 10:490] = 0
    alpha = np.full(IMAGE.shape[:2], 255, np.uint8)
    alpha[90:] = 0
    expected = shown.copy()
    expected[90:] = 255

    seen = recognize(stubs, raw(np.dstack([shown, alpha])))

    assert reading(seen) == reading(recognize(stubs, raw(expected)))


def test_an_explicit_zero_is_a_value(stubs: Stubs) -> None:
    options = settings_pb2.RecognizeOptions(text_det_box_thresh=0.0, text_det_thresh=0.0)

    page = recognize(stubs, source_pb2.Source(content=png(IMAGE)), options)

    assert page.settings.text_det_box_thresh == 0.0
    assert page.settings.text_det_thresh == 0.0


def test_options_are_what_the_page_is_read_with(stubs: Stubs) -> None:
    options = settings_pb2.RecognizeOptions(
        use_textline_orientation=True,
        text_det_limit_side_len=320,
        text_det_limit_type=settings_pb2.LIMIT_TYPE_MIN,
        text_rec_score_thresh=1.0,
    )

    page = recognize(stubs, source_pb2.Source(content=png(IMAGE)), options)

    assert page.settings.use_textline_orientation
    assert page.settings.text_det_limit_side_len == 320
    assert page.settings.text_det_limit_type == settings_pb2.LIMIT_TYPE_MIN
    assert page.detections and not page.lines


def test_line_orientation_gives_every_line_an_angle(stubs: Stubs) -> None:
    source = source_pb2.Source(content=png(IMAGE))
    off = recognize(stubs, source, settings_pb2.RecognizeOptions(use_textline_orientation=False))
    on = recognize(stubs, source, settings_pb2.RecognizeOptions(use_textline_orientation=True))

    assert {line.angle for line in off.lines} == {-1}
    assert {line.angle for line in on.lines} <= {0, 180}
    assert not off.settings.use_textline_orientation


def test_of_a_document_the_first_page_is_read_as_an_image(stubs: Stubs) -> None:
    first = pages_of(stubs.read_document(document_request(SIX_PAGES)))[0]

    assert reading(stubs.read(SIX_PAGES)) == reading(first)


def test_a_pdf_is_a_start_its_pages_and_an_end(stubs: Stubs) -> None:
    start, *pages, end = stubs.read_document(document_request(SIX_PAGES))

    assert start.start == ocr_pb2.DocumentStart(
        page_count=6, selected_page_count=6, media_type="application/pdf"
    )
    assert [event.page.page_number for event in pages] == [1, 2, 3, 4, 5, 6]
    assert all(event.page.lines for event in pages)
    assert len({reading(event.page) for event in pages}) == 6
    assert (end.end.ok_page_count, end.end.failed_page_count) == (6, 0)
    assert end.end.elapsed.ToTimedelta().total_seconds() > 0


def test_every_page_of_a_tiff_is_a_page(stubs: Stubs) -> None:
    content = tiff(picture("one"), picture("two", width_px=300), picture())

    events = stubs.read_document(document_request(content))

    assert events[0].start.media_type == "image/tiff"
    assert [page.width for page in pages_of(events)] == [480, 300, 480]


def test_an_image_is_a_document_of_one_page(stubs: Stubs) -> None:
    events = stubs.read_document(document_request(png(IMAGE)))

    assert [reading(page) for page in pages_of(events)] == [reading(stubs.read(png(IMAGE)))]


@pytest.mark.parametrize(
    ("ranges", "expected"), [("2-3,5", [2, 3, 5]), ("5-,1", [1, 5, 6]), ("4-99", [4, 5, 6])]
)
def test_only_selected_pages_are_read(stubs: Stubs, ranges: str, expected: list[int]) -> None:
    selection = ocr_pb2.PageSelection(ranges=ranges)

    events = stubs.read_document(document_request(SIX_PAGES, pages=selection))

    assert [page.page_number for page in pages_of(events)] == expected
    assert events[0].start.selected_page_count == len(expected)
    assert events[0].start.page_count == 6


@pytest.mark.parametrize(("dpi", "width"), [(0, 600), (72, 300), (288, 1200)])
def test_a_page_is_drawn_at_the_dpi_that_is_asked_for(stubs: Stubs, dpi: int, width: int) -> None:
    selection = ocr_pb2.PageSelection(ranges="1", dpi=dpi)

    (page,) = pages_of(stubs.read_document(document_request(SIX_PAGES, pages=selection)))

    assert page.width == width


def test_by_completion_every_page_comes_once(stubs: Stubs) -> None:
    request = document_request(SIX_PAGES, order=ocr_pb2.PAGE_ORDER_COMPLETION)

    pages = pages_of(stubs.read_document(request))

    assert sorted(page.page_number for page in pages) == [1, 2, 3, 4, 5, 6]


def test_the_right_password_opens_a_document(stubs: Stubs) -> None:
    request = document_request(pdf("secret", password="pässwört"))
    request.source.password = "pässwört"

    (page,) = pages_of(stubs.read_document(request))

    assert page.width == 600 and not page.HasField("error")


def test_a_bad_page_fails_alone(stubs: Stubs) -> None:
    good = picture("text")
    content = bytearray(tiff(good, good, good))
    first = int.from_bytes(content[4:8], "little")
    tag_count = int.from_bytes(content[first : first + 2], "little")
    after = first + 2 + 12 * tag_count
    second = int.from_bytes(content[after : after + 4], "little")
    content[second + 10 : second + 14] = (100_000).to_bytes(4, "little")  # ImageWidth's value

    events = stubs.read_document(document_request(bytes(content)))

    one, two, three = pages_of(events)
    assert two.error.code and two.error.reason in ("IMAGE_TOO_LARGE", "IMAGE_DAMAGED")
    assert two == page_pb2.Page(page_number=2, error=two.error)
    assert one.lines and three.lines
    assert (events[-1].end.ok_page_count, events[-1].end.failed_page_count) == (2, 1)


def test_the_client_reads_a_document(server: RunningServer) -> None:
    with inkstream.Client(server.target) as client:
        document = client.recognize_document(SIX_PAGES, pages="2-3")

        assert [page.page_number for page in document] == [2, 3]


def test_64_clients_get_exactly_what_each_alone_gets(server: RunningServer) -> None:
    images = [png(picture(f"picture {n}", "words " * (1 + n % 6))) for n in range(64)]
    with stubs_of(server) as stubs:
        alone = [reading(stubs.read(image)) for image in images]

    def read(image: bytes) -> tuple[bytes, float]:
        with stubs_of(server) as own:
            page = own.read(image)
            return reading(page), page.timing.mean_batch_size

    with ThreadPoolExecutor(64) as clients:
        together = list(clients.map(read, images))

    assert [page for page, _ in together] == alone
    assert max(size for _, size in together) > 2


def test_documents_and_images_at_once_all_come_out_the_same(stubs: Stubs) -> None:
    image = png(IMAGE)
    expected = [
        reading(page) for page in pages_of(stubs.read_document(document_request(SIX_PAGES)))
    ]

    with ThreadPoolExecutor(16) as clients:
        documents = [
            clients.submit(stubs.read_document, document_request(SIX_PAGES)) for _ in range(8)
        ]
        images = [clients.submit(stubs.read, image) for _ in range(16)]

        for document in documents:
            assert [reading(page) for page in pages_of(document.result())] == expected
        assert {reading(page.result()) for page in images} == {reading(stubs.read(image))}


def test_a_call_names_its_own_id_in_the_log(server: RunningServer, stubs: Stubs) -> None:
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=png(IMAGE)))
    stubs.ocr.Recognize(request, metadata=(("x-request-id", "my-own.id:7"),), timeout=CALL_S)

    assert "request=my-own.id:7 reason=OK" in server.log_text()
