import traceback
from contextlib import ExitStack

import pytest

from inkstream_server.errors import OcrError, QueueFull, ShuttingDown, StartingUp
from inkstream_server.scheduling.admission import Admission


def open_admission(max_documents: int = 2) -> Admission:
    admission = Admission(max_documents)
    admission.open()
    return admission


def test_nobody_is_let_in_before_it_is_opened() -> None:
    admission = Admission(2)

    with pytest.raises(StartingUp), admission.admit():
        pass

    assert not admission.is_open
    assert admission.document_count == 0


def test_who_is_inside_is_counted_until_the_block_ends() -> None:
    admission = open_admission()

    with admission.admit():
        assert admission.document_count == 1

    assert admission.is_open
    assert admission.document_count == 0


def test_who_fails_inside_is_counted_no_longer() -> None:
    admission = open_admission()

    with pytest.raises(KeyError), admission.admit():
        raise KeyError

    assert admission.document_count == 0


def test_one_too_many_is_refused_with_the_numbers() -> None:
    admission = open_admission(max_documents=2)

    with ExitStack() as inside:
        for _ in range(2):
            inside.enter_context(admission.admit())
        with pytest.raises(QueueFull) as refused, admission.admit():
            pass

        assert refused.value.facts == {"documents": "2", "max_documents": "2"}
        assert admission.document_count == 2


def test_a_place_that_is_left_can_be_taken() -> None:
    admission = open_admission(max_documents=1)
    with admission.admit():
        pass

    with admission.admit():
        assert admission.document_count == 1


def test_once_closed_nobody_comes_in_and_who_is_inside_stays() -> None:
    admission = open_admission()

    with admission.admit():
        admission.close()
        with pytest.raises(ShuttingDown), admission.admit():
            pass

        assert admission.document_count == 1
    assert not admission.is_open


def test_a_thousand_refusals_leave_nothing_behind() -> None:
    admission = Admission(1)

    def refused() -> OcrError:
        with pytest.raises(StartingUp) as caught, admission.admit():
            pass
        return caught.value

    depths = {len(traceback.extract_tb(refused().__traceback__)) for _ in range(1000)}

    assert len(depths) == 1


def test_a_pause_refuses_until_it_is_opened_again() -> None:
    admission = Admission(max_documents=1)
    admission.open()

    admission.pause()

    with pytest.raises(StartingUp), admission.admit():
        pass
    admission.open()
    with admission.admit():
        assert admission.document_count == 1
