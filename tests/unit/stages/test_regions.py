import cv2
import numpy as np
import pyclipper
import pytest
from numpy.typing import NDArray

from inkstream_server.stages.detection import DetectionParams
from inkstream_server.stages.regions import Region, find_regions

PARAMS = DetectionParams()


def empty_map(height: int = 320, width: int = 640) -> NDArray[np.float32]:
    return np.zeros((height, width), np.float32)


def regions_of(
    probabilities: NDArray[np.float32], params: DetectionParams = PARAMS
) -> list[Region]:
    height, width = probabilities.shape
    return find_regions(probabilities, height, width, params)


def test_a_page_without_text_has_no_region() -> None:
    assert regions_of(empty_map()) == []


def test_a_region_is_the_grown_rectangle_around_its_pixels() -> None:
    probabilities = empty_map()
    probabilities[100:121, 200:301] = 0.75

    (region,) = regions_of(probabilities)

    # 20 x 100 between the outermost pixels: grown by 2000 * 2 / 240 = 16.67 on all sides
    assert region.polygon == ((183, 83), (317, 83), (317, 137), (183, 137))
    assert region.score == pytest.approx(0.75)


def test_a_region_is_told_in_pixels_of_the_page() -> None:
    probabilities = empty_map()
    probabilities[100:121, 200:301] = 0.75

    (region,) = find_regions(probabilities, 640, 1600, PARAMS)

    assert region.polygon == ((458, 166), (792, 166), (792, 274), (458, 274))


def test_pages_wider_than_sixteen_bits_are_no_trouble() -> None:
    probabilities = empty_map(32, 4000)
    probabilities[10:21, 3900:4000] = 0.9

    (region,) = find_regions(probabilities, 400, 80_000, PARAMS)

    assert max(x for x, _ in region.polygon) == 80_000


def test_a_region_never_leaves_the_page() -> None:
    probabilities = empty_map()
    probabilities[:10, :40] = 0.9

    (region,) = regions_of(probabilities)

    assert region.polygon[0] == (0, 0)


def test_of_a_tiny_page_the_map_covers_the_padding_too() -> None:
    probabilities = empty_map(32, 32)
    probabilities[8:17, 4:21] = 0.9

    (region,) = find_regions(probabilities, 20, 30, PARAMS)

    # the page of 20 x 30 is padded to 32 x 32, so one pixel of the map is one of the page
    assert region.polygon[2][1] == 20
    assert region.polygon[0][1] == 3


def test_regions_come_in_reading_order() -> None:
    probabilities = empty_map()
    for top, left in ((200, 50), (53, 400), (50, 50)):
        probabilities[top : top + 15, left : left + 100] = 0.9

    firsts = [region.polygon[0] for region in regions_of(probabilities)]

    assert [(x < 200, y < 100) for x, y in firsts] == [(True, True), (False, True), (True, False)]


def test_a_region_below_the_box_threshold_is_dropped() -> None:
    probabilities = empty_map()
    probabilities[100:121, 200:301] = 0.5

    assert regions_of(probabilities) == []
    assert len(regions_of(probabilities, DetectionParams(box_thresh=0.5))) == 1


def test_pixels_at_the_threshold_are_no_text() -> None:
    probabilities = empty_map()
    probabilities[100:121, 200:301] = 0.75

    assert regions_of(probabilities, DetectionParams(thresh=0.75)) == []


def test_a_threshold_of_zero_is_a_value() -> None:
    probabilities = empty_map()
    probabilities[100:121, 200:301] = 0.001

    assert len(regions_of(probabilities, DetectionParams(thresh=0, box_thresh=0))) == 1


def test_strokes_thinner_than_three_pixels_are_no_text() -> None:
    probabilities = empty_map()
    probabilities[100:103, 200:301] = 0.9  # 2 between the outermost pixels
    probabilities[200, 200:301] = 0.9
    probabilities[250, 250] = 0.9

    assert regions_of(probabilities) == []


def test_a_region_that_stays_too_small_is_dropped() -> None:
    probabilities = empty_map()
    probabilities[100:104, 200:204] = 0.9

    assert len(regions_of(probabilities)) == 1
    assert regions_of(probabilities, DetectionParams(unclip_ratio=0.1)) == []


def test_a_region_that_clipper_leaves_nothing_of_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probabilities = empty_map()
    probabilities[100:121, 200:301] = 0.9
    monkeypatch.setattr(pyclipper, "PyclipperOffset", lambda: _Clipper([]))

    assert regions_of(probabilities) == []


def test_several_polygons_of_equal_length_count_as_one_set_of_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probabilities = empty_map()
    probabilities[100:121, 200:301] = 0.9
    paths = [[[0, 0], [40, 0], [40, 20]], [[60, 0], [100, 0], [100, 20]]]
    monkeypatch.setattr(pyclipper, "PyclipperOffset", lambda: _Clipper(paths))

    (region,) = regions_of(probabilities)

    assert max(x for x, _ in region.polygon) == 100


def test_of_several_polygons_of_unequal_length_the_first_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    probabilities = empty_map()
    probabilities[100:121, 200:301] = 0.9
    paths = [[[0, 0], [40, 0], [40, 20], [0, 20]], [[60, 0], [100, 0], [100, 20]]]
    monkeypatch.setattr(pyclipper, "PyclipperOffset", lambda: _Clipper(paths))

    (region,) = regions_of(probabilities)

    assert region.polygon == ((0, 0), (40, 0), (40, 20), (0, 20))


def test_no_more_contours_are_looked_at_than_paddlex_does() -> None:
    probabilities = np.zeros((1600, 1600), np.float32)
    for top in range(0, 1600, 40):
        for left in range(0, 1600, 40):
            probabilities[top : top + 10, left : left + 20] = 0.9

    assert len(regions_of(probabilities)) == DetectionParams().max_candidates


def test_a_noisy_map_gives_sound_regions() -> None:
    noise = np.random.default_rng(5).uniform(0, 1, (160, 160)).astype(np.float32)
    probabilities = np.asarray(cv2.blur(noise, (9, 3)), np.float32)

    regions = regions_of(probabilities, DetectionParams(thresh=0.5, box_thresh=0.0))

    assert regions
    for region in regions:
        assert all(0 <= x <= 160 and 0 <= y <= 160 for x, y in region.polygon)
        assert 0 <= region.score <= 1


class _Clipper:
    """Stands in for a Clipper that gives what a rectangle never makes it give."""

    def __init__(self, paths: list[list[list[int]]]) -> None:
        self._paths = paths

    def AddPath(self, path: object, join: int, end: int) -> None:  # noqa: N802  pyclipper's name
        pass

    def Execute(self, distance: float) -> list[list[list[int]]]:  # noqa: N802  pyclipper's name
        return self._paths


def test_a_model_may_have_more_contours_looked_at_or_fewer() -> None:
    probabilities = np.zeros((320, 320), np.float32)
    for top in range(0, 320, 40):
        probabilities[top : top + 10, :20] = 0.9

    assert len(find_regions(probabilities, 320, 320, DetectionParams(max_candidates=3))) == 3
    assert len(find_regions(probabilities, 320, 320, DetectionParams(max_candidates=3000))) == 8
