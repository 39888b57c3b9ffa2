import traceback
from contextlib import ExitStack

import pytest
from tests.unit.scheduling.flows import flow

from inkstream_server.errors import (
    DeadlineTooShort,
    OcrError,
    QueueFull,
    ShuttingDown,
    StartingUp,
)
from inkstream_server.scheduling.admission import Admission
from inkstream_server.scheduling.backlog import Backlog, Work
from inkstream_server.scheduling.learning import DrainRate

page = Work.of_one_page


def make_admission(max_documents: int = 2) -> Admission:
    return Admission(max_documents, Backlog(), DrainRate(initial=2.0))


def open_admission(max_documents: int = 2) -> Admission:
    admission = make_admission(max_documents)
    admission.open()
    return admission


def test_nobody_is_let_in_before_it_is_opened() -> None:
    admission = make_admission()

    with pytest.raises(StartingUp), admission.admit(flow()):
        pass

    assert not admission.is_open
    assert admission.document_count == 0


def test_who_is_inside_is_counted_until_the_block_ends() -> None:
    admission = open_admission()

    with admission.admit(flow()):
        assert admission.document_count == 1

    assert admission.is_open
    assert admission.document_count == 0


def test_who_fails_inside_is_counted_no_longer() -> None:
    admission = open_admission()

    with pytest.raises(KeyError), admission.admit(flow()):
        raise KeyError

    assert admission.document_count == 0


def test_one_too_many_is_refused_with_the_numbers() -> None:
    admission = open_admission(max_documents=2)

    with ExitStack() as inside:
        for number in range(2):
            inside.enter_context(admission.admit(flow(number)))
        with pytest.raises(QueueFull) as refused, admission.admit(flow()):
            pass

        facts = refused.value.facts
        assert (facts["documents"], facts["max_documents"]) == ("2", "2")
        assert admission.document_count == 2


def test_a_place_that_is_left_can_be_taken() -> None:
    admission = open_admission(max_documents=1)
    with admission.admit(flow()):
        pass

    with admission.admit(flow()):
        assert admission.document_count == 1


def test_once_closed_nobody_comes_in_and_who_is_inside_stays() -> None:
    admission = open_admission()

    with admission.admit(flow()):
        admission.close()
        with pytest.raises(ShuttingDown), admission.admit(flow()):
            pass

        assert admission.document_count == 1
    assert not admission.is_open


def test_a_thousand_refusals_leave_nothing_behind() -> None:
    admission = make_admission()

    def refused() -> OcrError:
        with pytest.raises(StartingUp) as caught, admission.admit(flow()):
            pass
        return caught.value

    depths = {len(traceback.extract_tb(refused().__traceback__)) for _ in range(1000)}

    assert len(depths) == 1


def test_a_pause_refuses_until_it_is_opened_again() -> None:
    admission = make_admission(max_documents=1)
    admission.open()

    admission.pause()

    with pytest.raises(StartingUp), admission.admit(flow()):
        pass
    admission.open()
    with admission.admit(flow()):
        assert admission.document_count == 1


def test_the_predicted_time_is_what_is_ahead_by_how_fast_it_is_done() -> None:
    admission = open_admission(max_documents=9)

    with admission.admit(flow(1)) as first:
        first.expect(page(6.0))
        with admission.admit(flow(2)) as second:
            second.expect(page(4.0))

            assert first.predicted_s == 6.0 / 2
            assert second.predicted_s == (6.0 + 4.0) / 2


def test_who_is_inside_and_not_looked_at_yet_counts_with_what_is_usual() -> None:
    admission = open_admission(max_documents=9)

    with admission.admit(flow(1)), admission.admit(flow(2)) as second:
        second.expect(page(3.0))

        assert second.predicted_s == pytest.approx((1.0 + 3.0) / 2)


def test_what_is_done_is_ahead_of_nobody_any_more() -> None:
    admission = open_admission(max_documents=9)

    with admission.admit(flow(1)) as first, admission.admit(flow(9, client="nobody")) as nobody:
        nobody.expect(page(0.0))
        first.expect(Work(6.0, 5.0))
        first.note_page_done()
        assert admission.predicted_s(flow(2), page(100.0)) == 101.0 / 2
        first.note_page_done()
        assert admission.predicted_s(flow(2), page(100.0)) == 100.0 / 2


def test_what_is_told_of_a_document_that_left_changes_nothing() -> None:
    admission = open_admission()
    with admission.admit(flow(1)) as seat:
        seat.expect(Work(6.0, 1.0))

    seat.note_page_done()

    assert admission.backlog.total_s == 0.0


def test_a_rate_that_was_learned_in_bad_times_does_not_refuse_a_lone_caller() -> None:
    admission = open_admission(max_documents=9)
    for second in range(1000):
        admission.drain.note_done(0.001, now=float(second))

    with admission.admit(flow(1)) as lone:
        lone.expect(page(2.0), left_s=2.0)
        assert lone.predicted_s == 1.0

        with admission.admit(flow(2)) as second_one, pytest.raises(DeadlineTooShort):
            second_one.expect(page(2.0), left_s=2.0)


def test_who_left_is_ahead_of_nobody_any_more() -> None:
    admission = open_admission()
    with admission.admit(flow(1)) as first:
        first.expect(page(6.0))

    assert admission.predicted_s(flow(2), page(100.0)) == 50.0


def test_a_deadline_that_cannot_be_met_is_refused_with_when_to_come_back() -> None:
    admission = open_admission(max_documents=9)

    with admission.admit(flow(1)) as first, admission.admit(flow(2)) as second:
        first.expect(page(20.0))
        with pytest.raises(DeadlineTooShort) as refused:
            second.expect(page(8.0), left_s=4.0)

        assert refused.value.facts == {
            "retry_after_s": "10.0",
            "predicted_s": "14.0",
            "deadline_s": "4.0",
        }
        assert second.predicted_s == 0.0


def test_a_deadline_that_no_waiting_helps_is_refused_without_when_to_come_back() -> None:
    admission = open_admission(max_documents=9)

    with admission.admit(flow(1)) as first, admission.admit(flow(2)) as second:
        first.expect(page(20.0))
        with pytest.raises(DeadlineTooShort, match="even when nothing else is read") as refused:
            second.expect(page(20.0), left_s=4.0)

    assert refused.value.facts == {"predicted_s": "20.0", "deadline_s": "4.0"}


def test_a_deadline_that_might_be_met_is_tried() -> None:
    admission = open_admission()

    with admission.admit(flow()) as seat:
        seat.expect(page(20.0), left_s=9.5)

        assert seat.predicted_s == 10.0


def test_who_is_refused_is_told_what_a_usual_document_waits() -> None:
    admission = open_admission(max_documents=1)

    with admission.admit(flow(1)) as seat:
        for _ in range(1000):  # what documents cost is learned
            seat.expect(page(8.0))
        with pytest.raises(QueueFull) as refused, admission.admit(flow(2)):
            pass

    assert float(refused.value.facts["retry_after_s"]) == pytest.approx(8.0, rel=1e-3)
