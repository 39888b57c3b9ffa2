import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.scheduling.flows import flow

from inkstream_server.scheduling.backlog import Backlog, Work
from inkstream_server.scheduling.place import Flow
from inkstream_server.scheduling.priority import Priority

page = Work.of_one_page


def test_nothing_is_ahead_of_the_first_document() -> None:
    assert Backlog().until_done_s(flow(), page(3.0)) == 3.0


def test_equal_documents_of_many_clients_are_done_one_after_the_other() -> None:
    backlog = Backlog()
    for number in range(10):
        backlog.set(flow(number, client=f"client {number}"), page(2.0))

    assert backlog.until_done_s(flow(99, client="newcomer"), page(2.0)) == 22.0


def test_a_small_picture_waits_for_large_ones_that_were_there_before() -> None:
    backlog = Backlog()
    for number in range(10):
        backlog.set(flow(number, client=f"client {number}"), page(2.0))

    assert backlog.until_done_s(flow(99, client="newcomer"), page(0.5)) == 20.5


def test_a_picture_waits_for_one_page_of_every_long_document() -> None:
    backlog = Backlog()
    backlog.set(flow(1, client="other"), Work(300.0, 2.0))
    backlog.set(flow(2), Work(300.0, 3.0))

    assert backlog.until_done_s(flow(3), page(1.0)) == 1.0 + 3.0 + (3.0 + 2.0)


def test_a_document_of_many_pages_shares_with_others_page_by_page() -> None:
    backlog = Backlog()
    backlog.set(flow(1, client="long"), Work(300.0, 1.0))
    backlog.set(flow(2, client="short"), Work(5.0, 1.0))

    assert backlog.until_done_s(flow(3, client="mine"), Work(10.0, 1.0)) == 10.0 + 10.0 + 5.0


def test_a_client_with_much_in_work_waits_for_its_own_first() -> None:
    backlog = Backlog()
    for number in range(50):
        backlog.set(flow(number, client="busy"), page(1.0))
    backlog.set(flow(99, client="other"), page(10.0))

    assert backlog.until_done_s(flow(50, client="busy"), page(1.0)) == 51.0 + 10.0
    assert backlog.until_done_s(flow(100, client="third"), page(1.0)) == 1.0 + 1.0 + 10.0


def test_interactive_work_gives_batch_work_its_tenth() -> None:
    backlog = Backlog(batch_share=0.1)
    backlog.set(flow(1, priority=Priority.BATCH), page(1000.0))

    assert backlog.until_done_s(flow(2), page(9.0)) == pytest.approx(10.0)


def test_batch_work_is_overtaken_up_to_its_share() -> None:
    backlog = Backlog(batch_share=0.1)
    backlog.set(flow(1), page(50.0))
    batch_flow = flow(2, priority=Priority.BATCH)

    assert backlog.until_done_s(batch_flow, page(1.0)) == pytest.approx(10.0)
    assert backlog.until_done_s(batch_flow, page(20.0)) == pytest.approx(70.0)


def test_what_is_done_of_a_document_is_no_longer_to_do() -> None:
    assert Work(10.0, 4.0).without(3.0) == Work(7.0, 4.0)
    assert Work(10.0, 4.0).without(8.0) == Work(2.0, 2.0)
    assert Work(10.0, 4.0).without(11.0) == Work(0.0, 0.0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(Priority))))
def test_what_was_set_and_dropped_leaves_nothing(steps: list[tuple[int, int, Priority]]) -> None:
    backlog = Backlog()
    inside: set[Flow] = set()
    for number, (client, work, priority) in enumerate(steps):
        whose = flow(number, client=f"client {client}", priority=priority)
        backlog.set(whose, page(work / 3))
        backlog.set(whose, page(work / 7))
        inside.add(whose)
    assert math.isclose(backlog.total_s, sum(work for _, work, _ in steps) / 7, abs_tol=1e-9)

    for whose in inside:
        backlog.drop(whose)

    assert backlog.total_s == 0.0
    assert backlog.until_done_s(flow(1000), page(5.0)) == 5.0
