from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.pictures import pdf, picture, png
from tests.unit.workers.room import Room

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.document.page_size import PageSize
from inkstream_server.errors import (
    ImageDamaged,
    ImageTooLarge,
    InternalError,
    InvalidField,
    OcrError,
    PdfPasswordRequired,
    UnsupportedMediaType,
)
from inkstream_server.models.line_family import LineFamily
from inkstream_server.models.recipe import PageView, RecognitionRecipe
from inkstream_server.stages import (
    crop,
    detection,
    doc_orientation,
    recognition,
    textline_orientation,
    unwarping,
)
from inkstream_server.stages.line_widths import LineWidths
from inkstream_server.stages.regions import Polygon
from inkstream_server.workers.cpu_role import CpuRole
from inkstream_server.workers.cpu_tasks import (
    CloseDocument,
    CutForOrientation,
    CutLines,
    DocumentRef,
    DocumentSummary,
    DrawPage,
    FindRegions,
    FitFor,
    FitPage,
    LineRegion,
    MeasurePage,
    OpenDocument,
    RawLayout,
    UnwarpPage,
)
from inkstream_server.workers.memory import ArrayHandle

LIMITS = DocumentLimits(max_image_pixels=1_000_000)
DOCUMENT_IDS = itertools.count(1)


@pytest.fixture
def role(room: Room) -> CpuRole:
    return CpuRole(room.memory, LIMITS)


def document(room: Room, content: bytes, *, password: str = "") -> DocumentRef:
    return DocumentRef(next(DOCUMENT_IDS), room.put(content), password)


def wipe(room: Room, ref: DocumentRef) -> None:
    assert isinstance(ref.content, ArrayHandle)
    room.memory.view(ref.content)[...] = 0


def outcome(role: CpuRole, task: object) -> object:
    (found,) = role.run("any", [task])
    return found


def draw(role: CpuRole, room: Room, ref: DocumentRef, size: PageSize, number: int = 1) -> DrawPage:
    task = DrawPage(ref, number, None, room.array(*size.shape), room.array(64, 96, 3))
    assert outcome(role, task) is None
    return task


def map_of(*boxes: tuple[int, int, int, int]) -> NDArray[np.float32]:
    """A probability map in which each box (x, y, width, height) is text."""
    probabilities = np.zeros((160, 320), np.float32)
    for x, y, width, height in boxes:
        probabilities[y : y + height, x : x + width] = 0.9
    return probabilities


def test_a_document_is_told_from_its_bytes(role: CpuRole, room: Room) -> None:
    ref = document(room, pdf("one", "two"))

    assert outcome(role, OpenDocument(ref)) == DocumentSummary("application/pdf", 2)


def test_a_page_that_may_not_be_drawn_is_told_when_it_is_measured(
    role: CpuRole, room: Room
) -> None:
    ref = document(room, png(np.zeros((1001, 1000, 3), np.uint8)))

    assert isinstance(outcome(role, MeasurePage(ref, 1, None)), ImageTooLarge)


def test_a_page_is_as_large_as_it_was_measured(role: CpuRole, room: Room) -> None:
    ref = document(room, pdf("one", "two"))
    size = outcome(role, MeasurePage(ref, 2, 72))
    assert isinstance(size, PageSize)

    task = DrawPage(ref, 2, 72, room.array(*size.shape), room.array(32, 64, 3))

    assert outcome(role, task) is None
    assert room.memory.view(task.page).min() < 100  # there is ink
    assert size == PageSize(120, 300)


def test_a_picture_is_drawn_as_it_is_and_fitted_for_the_detector(role: CpuRole, room: Room) -> None:
    page = picture("Hello", height_px=90, width_px=200)

    task = draw(role, room, document(room, png(page)), PageSize(90, 200))

    assert (room.memory.view(task.page) == page).all()
    assert (room.memory.view(task.fitted) == detection.fit(page, (64, 96))).all()


@pytest.mark.parametrize(
    ("fit_for", "view"),
    [(FitFor.PAGE_MIDDLE, PageView.MIDDLE), (FitFor.TEXT_TILES, PageView.TEXT_TILES)],
)
@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_a_page_is_drawn_turned_and_fitted_for_a_model(
    role: CpuRole, room: Room, angle: int, fit_for: FitFor, view: PageView
) -> None:
    page = picture("Hello", height_px=90, width_px=200)
    upright = room.array(*doc_orientation.turned_size(90, 200, angle), 3)
    side_px = doc_orientation.INPUT_PX[view]
    fitted = room.array(side_px, side_px, 3)
    ref = document(room, png(page))
    draw = DrawPage(ref, 1, None, upright, fitted, fit_for, angle)

    assert outcome(role, draw) is None

    expected = doc_orientation.turn(page, angle)
    assert (room.memory.view(upright) == expected).all()
    assert (room.memory.view(fitted) == doc_orientation.fit(expected, view)).all()


def test_a_page_that_lies_there_is_fitted_for_the_detector(role: CpuRole, room: Room) -> None:
    page = picture("Hello", height_px=90, width_px=200)
    fitted = room.array(64, 96, 3)

    assert outcome(role, FitPage(room.put_array(page), fitted, FitFor.DETECTION)) is None

    assert (room.memory.view(fitted) == detection.fit(page, (64, 96))).all()


def test_a_page_is_shrunk_and_unwarped_beside_itself(role: CpuRole, room: Room) -> None:
    page = picture("Hello", height_px=90, width_px=200)
    lying, shrunk = room.put_array(page), room.array(*unwarping.INPUT_SHAPE, dtype="float32")
    warp = unwarping.Warp.of(np.stack(np.meshgrid([1, -1], [-1, 1])).astype(np.float32))
    flat, fitted = room.array(*page.shape), room.array(64, 96, 3)

    assert outcome(role, FitPage(lying, shrunk, FitFor.UNWARPING)) is None
    assert outcome(role, UnwarpPage(lying, warp, flat, slice(0, 40), None)) is None
    assert not room.memory.view(fitted).any()
    assert outcome(role, UnwarpPage(lying, warp, flat, slice(40, 90), fitted)) is None

    np.testing.assert_array_equal(room.memory.view(shrunk), unwarping.shrink(page))
    seen = room.memory.view(flat)
    assert np.abs(seen.astype(int) - page[:, ::-1]).max() <= 1
    assert (room.memory.view(fitted) == detection.fit(seen, (64, 96))).all()


@pytest.mark.parametrize("channel_count", [1, 3, 4])
def test_raw_pixels_are_drawn(role: CpuRole, room: Room, channel_count: int) -> None:
    samples = np.arange(20 * 30 * channel_count).astype(np.uint8).reshape(20, 30, channel_count)
    if channel_count == 4:
        samples[:, :, 3] = 255
    layout = RawLayout(20, 30, channel_count)
    ref = DocumentRef(next(DOCUMENT_IDS), room.put(samples.tobytes()), raw=layout)

    task = draw(role, room, ref, PageSize(20, 30))

    assert (room.memory.view(task.page) == samples[:, :, :3]).all()


def test_raw_pixels_that_are_too_few_name_their_field(role: CpuRole, room: Room) -> None:
    ref = DocumentRef(next(DOCUMENT_IDS), room.put(bytes(10)), raw=RawLayout(2, 2, 3))

    error = outcome(role, OpenDocument(ref))

    assert isinstance(error, InvalidField)
    assert error.facts["field"] == "source.raw.data"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"nothing known", UnsupportedMediaType),
        (b"\xff\xd8\xff\xe0 and no more", ImageDamaged),
        (pdf("secret", password="pw"), PdfPasswordRequired),
    ],
)
def test_what_cannot_be_opened_is_an_outcome_not_a_failure_of_the_worker(
    role: CpuRole, room: Room, content: bytes, kind: type[OcrError]
) -> None:
    bad, good = document(room, content), document(room, png(picture("text")))

    first, second = role.run("open", [OpenDocument(bad), OpenDocument(good)])

    assert isinstance(first, kind)
    assert isinstance(second, DocumentSummary)


def test_a_page_that_came_out_at_another_size_is_our_bug(role: CpuRole, room: Room) -> None:
    ref = document(room, png(picture("text", height_px=90, width_px=70)))
    task = DrawPage(ref, 1, None, room.array(70, 90, 3), room.array(32, 32, 3))

    assert isinstance(outcome(role, task), InternalError)


def test_regions_come_in_reading_order_with_the_sizes_of_their_crops(
    role: CpuRole, room: Room
) -> None:
    probabilities = room.put_array(map_of((40, 90, 120, 20), (40, 30, 200, 20)))

    lines = outcome(role, FindRegions(probabilities, 320, 640, detection.DetectionParams()))

    assert isinstance(lines, list) and len(lines) == 2
    assert all(isinstance(line, LineRegion) for line in lines)
    first, second = lines
    assert first.region.polygon[0][1] < second.region.polygon[0][1]
    assert first.crop_width_px > second.crop_width_px > first.crop_height_px > 40


def test_a_map_without_text_has_no_region(role: CpuRole, room: Room) -> None:
    probabilities = room.put_array(map_of())

    assert outcome(role, FindRegions(probabilities, 320, 640, detection.DetectionParams())) == []


@pytest.mark.parametrize("line_px", [48, 32])
@pytest.mark.parametrize("is_upside_down", [False, True])
def test_a_line_is_cut_out_of_a_drawn_picture(
    role: CpuRole, room: Room, is_upside_down: bool, line_px: int
) -> None:
    page = picture("A line of text", height_px=120, width_px=400)
    task = draw(role, room, document(room, png(page)), PageSize(120, 400))
    polygon: Polygon = ((10, 20), (310, 20), (310, 80), (10, 80))
    height, width = crop.crop_size(polygon)
    widths = LineWidths(1, RecognitionRecipe(height_px=line_px))
    fitted, _ = recognition.line_width(height, width, widths)
    line = room.array(line_px, fitted, 3)

    assert outcome(role, CutLines(task.page, (polygon,), (is_upside_down,), (line,))) is None

    expected = cv2.resize(page[20:80, 10:310], (fitted, line_px))
    seen = room.memory.view(line)
    seen = seen[::-1, ::-1] if is_upside_down else seen
    assert np.abs(seen.astype(int) - expected).mean() < 6


@pytest.mark.parametrize("family", LineFamily)
def test_lines_are_cut_for_the_classifier_that_is_served(
    role: CpuRole, room: Room, family: LineFamily
) -> None:
    task = draw(
        role,
        room,
        document(room, png(picture("text", height_px=120, width_px=400))),
        PageSize(120, 400),
    )
    polygon: Polygon = ((10, 20), (110, 20), (110, 80), (10, 80))
    classifier = textline_orientation.classifier_of(family)
    shape = textline_orientation.fitted_shape(*crop.crop_size(polygon), classifier)
    line = room.array(*shape)

    assert outcome(role, CutForOrientation(task.page, (polygon,), family, (line,))) is None

    assert room.memory.view(line).max() == 255


def test_a_document_stays_open_until_it_is_done_with(role: CpuRole, room: Room) -> None:
    content = png(picture("text", height_px=90, width_px=70))
    ref = document(room, content)
    outcome(role, OpenDocument(ref))
    wipe(room, ref)
    assert isinstance(outcome(role, OpenDocument(ref)), DocumentSummary)

    role.tell(CloseDocument(ref.document_id))
    role.tell(CloseDocument(ref.document_id))

    assert isinstance(outcome(role, OpenDocument(ref)), UnsupportedMediaType)


def test_of_many_open_documents_the_one_least_used_is_closed(role: CpuRole, room: Room) -> None:
    content = png(picture("text", height_px=90, width_px=70))
    first, second, *others = (document(room, content) for _ in range(9))
    for ref in (first, second, *others[:-1]):
        outcome(role, OpenDocument(ref))
    outcome(role, OpenDocument(first))
    for ref in (first, second):
        wipe(room, ref)

    outcome(role, OpenDocument(others[-1]))

    assert isinstance(outcome(role, OpenDocument(first)), DocumentSummary)
    assert isinstance(outcome(role, OpenDocument(second)), UnsupportedMediaType)


def test_it_has_no_model(role: CpuRole) -> None:
    assert role.models == ()


def test_a_task_that_it_does_not_know_is_our_bug(role: CpuRole) -> None:
    with pytest.raises(AssertionError):
        role.run("any", ["no task"])
