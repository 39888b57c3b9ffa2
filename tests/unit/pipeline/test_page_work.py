import pytest
from tests.reading_room import load_of

from inkstream_server.pipeline.page_work import PageWork
from inkstream_server.scheduling.learning import DrainRate
from inkstream_server.workers.model_tasks import ModelBucket

SMALL, LARGE = ModelBucket("det", (320, 320)), ModelBucket("det", (960, 960))


def test_the_more_pixels_the_more_a_page_is_expected_to_take() -> None:
    work = PageWork(load_of, DrainRate(2.0), busy_page_count=2)

    assert 0.0 < work.expected_s(SMALL, "rec") < work.expected_s(LARGE, "rec")
    assert work.usual_page_s("rec") > 0.0


def test_what_pages_take_is_learned() -> None:
    work = PageWork(load_of, DrainRate(2.0), busy_page_count=2)
    for _ in range(500):
        work.note(LARGE, "rec", lines_s=3.0, now=0.0)

    detection_s = work.of([LARGE])
    assert work.expected_s(LARGE, "rec") == pytest.approx(detection_s + 3.0, rel=0.01)
    assert work.usual_page_s("rec") == pytest.approx(detection_s + 3.0, rel=0.01)
    assert work.expected_s(SMALL, "rec") == pytest.approx(work.of([SMALL]) + 3.0 / 9, rel=0.01)


def test_what_one_recogniser_takes_says_nothing_of_another() -> None:
    work = PageWork(load_of, DrainRate(2.0), busy_page_count=2)
    unread_s = work.expected_s(LARGE, "slow")
    for _ in range(500):
        work.note(LARGE, "fast", lines_s=0.001, now=0.0)

    assert work.expected_s(LARGE, "slow") == unread_s
    assert work.expected_s(LARGE, "fast") < unread_s
    assert work.usual_page_s("fast") < work.usual_page_s("slow")


def test_what_models_do_before_the_text_is_detected_is_work_too() -> None:
    work = PageWork(load_of, DrainRate(2.0), busy_page_count=2)
    unwarping = ModelBucket("flat", (712, 488))
    more_s = work.of([unwarping])

    plain_s = work.expected_s(SMALL, "rec")
    assert work.expected_s(SMALL, "rec", [unwarping]) == pytest.approx(plain_s + more_s)
    for _ in range(500):
        work.note(LARGE, "rec", lines_s=3.0, before=[unwarping], now=0.0)
    assert work.usual_page_s("rec") == pytest.approx(work.of([LARGE]) + more_s + 3.0, rel=0.01)


def test_how_fast_work_is_done_is_learned_while_nobody_idles() -> None:
    drain = DrainRate(1.0)
    work = PageWork(load_of, drain, busy_page_count=2)
    for second in range(200):
        work.note(SMALL, "rec", lines_s=4.0, now=float(second))
        work.note_inside(2)
    busy = drain.value
    for second in range(1000, 2000, 100):
        work.note_inside(1)
        work.note(SMALL, "rec", lines_s=4.0, now=float(second))

    assert busy == pytest.approx(4.0, rel=0.01)
    assert drain.value == busy
