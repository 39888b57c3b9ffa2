from __future__ import annotations

import pytest

from inkstream_server.errors import (
    ByteQuotaFull,
    ContentTooLarge,
    OcrError,
    PageQuotaFull,
    RequestQuotaFull,
    TooManyPages,
)
from inkstream_server.scheduling.accounts import Accounts, Allowance, Tally
from inkstream_server.scheduling.admission import Admission
from inkstream_server.scheduling.backlog import Backlog
from inkstream_server.scheduling.learning import DrainRate
from inkstream_server.scheduling.place import Flow
from inkstream_server.scheduling.priority import Priority

TWO = Allowance(max_requests=2, max_pages=2, max_bytes=2)


def tallies(accounts: Accounts) -> tuple[Tally, ...]:
    return accounts.requests, accounts.pages, accounts.bytes


def open_admission(accounts: Accounts) -> Admission:
    admission = Admission(100, Backlog(), DrainRate(initial=2.0), accounts)
    admission.open()
    return admission


def flow(client: str, document: int = 1) -> Flow:
    return Flow(Priority.INTERACTIVE, client, document)


def test_without_an_allowance_anything_may_be_in_flight() -> None:
    accounts = Accounts()

    for tally in tallies(accounts):
        tally.take("a", 1 << 40)
        assert tally.taken_by("a") == 1 << 40


def test_what_is_over_the_allowance_is_refused_and_taken_by_nobody() -> None:
    accounts = Accounts(lambda client: TWO)
    kinds: list[type[OcrError]] = []

    for tally in tallies(accounts):
        tally.take("a", 2)
        with pytest.raises(OcrError) as refused:
            tally.take("a", 1)
        kinds.append(type(refused.value))
        assert tally.taken_by("a") == 2

    assert kinds == [RequestQuotaFull, PageQuotaFull, ByteQuotaFull]


def test_one_client_at_its_limit_is_nothing_to_another() -> None:
    accounts = Accounts(lambda client: TWO)
    accounts.pages.take("a", 2)

    accounts.pages.take("b", 2)

    assert accounts.pages.taken_by("b") == 2


def test_what_is_given_back_may_be_taken_again() -> None:
    accounts = Accounts(lambda client: TWO)
    accounts.requests.take("a", 2)

    accounts.requests.give_back("a", 1)

    accounts.requests.take("a", 1)
    assert accounts.requests.taken_by("a") == 2


def test_a_refusal_tells_programs_how_much_there_is_and_may_be() -> None:
    accounts = Accounts(lambda client: TWO)
    accounts.bytes.take("a", 1)

    with pytest.raises(ByteQuotaFull) as refused:
        accounts.bytes.take("a", 2)

    assert refused.value.facts == {"bytes_in_flight": "1", "max_bytes": "2"}


def test_what_no_waiting_helps_is_not_told_to_wait() -> None:
    accounts = Accounts(lambda client: TWO)

    with pytest.raises(TooManyPages):
        accounts.pages.take("a", 3)
    with pytest.raises(ContentTooLarge):
        accounts.bytes.take("a", 3)


def test_a_document_that_grows_past_the_allowance_alone_is_too_large() -> None:
    accounts = Accounts(lambda client: TWO)
    with open_admission(accounts).admit(flow("a")) as seat:
        seat.take_bytes(2)

        with pytest.raises(ContentTooLarge):
            seat.take_bytes(1)


def test_an_allowance_that_changes_holds_at_once() -> None:
    allowance = TWO
    accounts = Accounts(lambda client: allowance)
    accounts.requests.take("a", 2)

    allowance = Allowance(max_requests=3)

    accounts.requests.take("a", 1)
    assert accounts.requests.taken_by("a") == 3


def test_a_document_that_leaves_gives_back_all_that_it_took() -> None:
    accounts = Accounts(lambda client: TWO)

    with open_admission(accounts).admit(flow("a")) as seat:
        seat.take_bytes(1)
        seat.take_bytes(1)
        seat.take_pages(2)
        assert (accounts.bytes.taken_by("a"), accounts.pages.taken_by("a")) == (2, 2)

    assert (accounts.bytes.taken_by("a"), accounts.pages.taken_by("a")) == (0, 0)


def test_a_page_that_is_done_makes_room_for_another() -> None:
    accounts = Accounts(lambda client: TWO)
    admission = open_admission(accounts)
    with admission.admit(flow("a", 1)) as seat, admission.admit(flow("a", 2)) as other:
        seat.take_pages(2)
        with pytest.raises(PageQuotaFull):
            other.take_pages(1)

        seat.note_page_done()

        other.take_pages(1)
        assert accounts.pages.taken_by("a") == 2


def test_a_page_that_is_told_done_after_its_document_left_gives_nothing_back_twice() -> None:
    accounts = Accounts(lambda client: TWO)
    with open_admission(accounts).admit(flow("a")) as seat:
        seat.take_pages(1)
    accounts.pages.take("a", 1)

    seat.note_page_done()

    assert accounts.pages.taken_by("a") == 1
