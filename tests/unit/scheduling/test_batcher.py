import pytest
from tests.unit.scheduling.flows import place

from inkstream_server.scheduling.batcher import Batch, Batcher, Load, Ticket
from inkstream_server.scheduling.place import Place
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.scheduling.priority import Priority


def make_batcher(
    *, max_count: int = 8, max_pixels: int = 1000, max_wait_s: float = 0.0
) -> Batcher[str, str]:
    policy = BatchPolicy(max_count=max_count, max_pixels=max_pixels, max_wait_s=max_wait_s)
    return Batcher(lambda key: policy)


def add(
    batcher: Batcher[str, str],
    item: str,
    *,
    key: str = "320",
    at: Place | None = None,
    size: int = 1,
    now: float = 0.0,
) -> Ticket[str, str]:
    return batcher.add(key, item, place=at or place(), load=Load(size), now=now)


def taken(batcher: Batcher[str, str], now: float = 0.0) -> tuple[str, ...] | None:
    batch = batcher.take(now=now)
    return None if batch is None else batch.items


def test_an_empty_batcher_gives_nothing_and_need_not_be_asked_again() -> None:
    batcher = make_batcher()

    assert batcher.take(now=1.0) is None
    assert batcher.next_due_at() is None
    assert len(batcher) == 0


def test_without_a_wait_an_idle_worker_takes_what_is_there() -> None:
    batcher = make_batcher()
    add(batcher, "a", now=1.0)
    add(batcher, "b", now=1.5)

    assert batcher.next_due_at() == 1.0
    assert batcher.take(now=2.0) == Batch("320", ("a", "b"), (1.0, 0.5))


def test_a_lone_item_leaves_when_its_wait_is_over() -> None:
    batcher = make_batcher(max_wait_s=0.5)
    add(batcher, "a", now=1.0)

    assert batcher.take(now=1.25) is None
    assert batcher.next_due_at() == 1.5
    assert taken(batcher, now=1.5) == ("a",)


def test_company_that_came_later_leaves_with_the_item_that_is_due() -> None:
    batcher = make_batcher(max_wait_s=0.5)
    add(batcher, "a", now=1.0)
    add(batcher, "b", now=1.4)

    assert taken(batcher, now=1.5) == ("a", "b")


def test_a_bucket_that_is_full_by_count_waits_no_longer() -> None:
    batcher = make_batcher(max_count=2, max_wait_s=5.0)
    add(batcher, "a", now=1.0)
    add(batcher, "b", now=1.0)

    assert taken(batcher, now=1.0) == ("a", "b")


def test_a_bucket_that_is_full_by_size_waits_no_longer() -> None:
    batcher = make_batcher(max_pixels=100, max_wait_s=5.0)
    add(batcher, "a", size=50)
    add(batcher, "b", size=50)

    assert taken(batcher) == ("a", "b")


def test_what_a_full_batch_leaves_behind_goes_on_waiting() -> None:
    batcher = make_batcher(max_count=2, max_wait_s=5.0)
    for item in "abc":
        add(batcher, item, now=1.0)

    assert taken(batcher, now=1.0) == ("a", "b")
    assert taken(batcher, now=1.0) is None
    assert batcher.next_due_at() == 6.0
    assert taken(batcher, now=6.0) == ("c",)


def test_what_a_full_batch_leaves_behind_goes_at_once_where_it_is_full_again() -> None:
    batcher = make_batcher(max_count=2, max_wait_s=5.0)
    for item in "abcde":
        add(batcher, item, now=1.0)

    assert [taken(batcher, now=1.0) for _ in range(3)] == [("a", "b"), ("c", "d"), None]


def test_a_batch_ends_before_its_size_passes_the_limit() -> None:
    batcher = make_batcher(max_pixels=100)
    for item in "abc":
        add(batcher, item, size=50)

    assert taken(batcher) == ("a", "b")
    assert taken(batcher) == ("c",)


def test_one_item_may_exceed_the_limit_alone() -> None:
    batcher = make_batcher(max_pixels=100)
    add(batcher, "huge", key="huge", size=900)
    add(batcher, "huge too", key="huge", size=900)

    assert taken(batcher) == ("huge",)
    assert taken(batcher) == ("huge too",)


def test_items_of_two_buckets_never_share_a_batch() -> None:
    batcher = make_batcher()
    add(batcher, "a", key="320")
    add(batcher, "b", key="640")
    add(batcher, "c", key="320")

    assert taken(batcher) == ("a", "c")
    assert taken(batcher) == ("b",)


def test_interactive_work_overtakes_batch_work() -> None:
    batcher = make_batcher(max_count=1)
    add(batcher, "page 500", at=place(1, priority=Priority.BATCH))
    add(batcher, "picture", at=place(2))

    assert taken(batcher) == ("picture",)
    assert taken(batcher) == ("page 500",)


def test_within_a_document_earlier_pages_go_first_also_between_buckets() -> None:
    batcher = make_batcher()
    add(batcher, "page 3", at=place(turn=3))
    add(batcher, "page 2", key="640", at=place(turn=2))

    assert taken(batcher) == ("page 2",)
    assert taken(batcher) == ("page 3",)


def test_within_a_page_items_go_in_order_of_arrival() -> None:
    batcher = make_batcher(max_count=1)
    for item in "abc":
        add(batcher, item, key=item)

    assert [taken(batcher) for _ in "abc"] == [("a",), ("b",), ("c",)]


def test_documents_of_equal_claims_go_in_order_of_arrival() -> None:
    batcher = make_batcher(max_count=1)
    for number, item in enumerate("abc"):
        add(batcher, item, at=place(number))

    assert [taken(batcher) for _ in "abc"] == [("a",), ("b",), ("c",)]


def test_a_picture_waits_for_one_line_of_a_long_page_and_not_for_all() -> None:
    batcher = make_batcher(max_count=1)
    for line in "123":
        add(batcher, line, at=place(1))
    assert taken(batcher) == ("1",)

    add(batcher, "picture", at=place(2))

    assert [taken(batcher) for _ in range(3)] == [("picture",), ("2",), ("3",)]


def test_a_client_gets_no_more_by_sending_more_documents() -> None:
    batcher = make_batcher(max_count=1)
    for document in range(3):
        for item in "xx":
            add(batcher, item, at=place(document, client="many"))
    for item in "yy":
        add(batcher, item, at=place(9, client="one"))

    order = "".join(taken(batcher)[0] for _ in range(8))  # type: ignore[index] # so many wait

    assert order == "xyxyxxxx"


def test_others_of_the_bucket_join_in_the_same_order() -> None:
    batcher = make_batcher(max_count=3)
    for document, item in ((1, "a"), (1, "b"), (1, "c"), (2, "x"), (2, "y")):
        add(batcher, item, at=place(document))

    assert taken(batcher) == ("a", "x", "b")
    assert taken(batcher) == ("y", "c")


def test_a_bucket_that_is_not_ready_does_not_hold_up_one_that_is() -> None:
    policies = {"patient": BatchPolicy(max_wait_s=5.0), "hasty": BatchPolicy()}
    batcher: Batcher[str, str] = Batcher(policies.__getitem__)
    add(batcher, "first page", key="patient", at=place(turn=1))
    add(batcher, "second page", key="hasty", at=place(turn=2))

    assert taken(batcher) == ("second page",)
    assert taken(batcher) is None


def test_an_overtaking_item_leads_the_batch_of_the_one_that_is_due() -> None:
    batcher = make_batcher(max_wait_s=0.5)
    add(batcher, "due", at=place(turn=9), now=1.0)
    add(batcher, "overtakes", at=place(turn=2), now=1.4)

    assert taken(batcher, now=1.5) == ("overtakes", "due")


def test_an_item_that_is_due_keeps_its_bucket_ready_while_others_overtake_it() -> None:
    batcher = make_batcher(max_count=2, max_wait_s=0.5)
    add(batcher, "due", at=place(turn=9), now=1.0)
    add(batcher, "x", at=place(turn=2), now=1.4)
    add(batcher, "y", at=place(turn=2), now=1.4)

    assert taken(batcher, now=1.5) == ("x", "y")
    assert taken(batcher, now=1.5) == ("due",)


def test_a_removed_item_leaves_at_once_and_only_once() -> None:
    batcher = make_batcher()
    gone = add(batcher, "gone")
    add(batcher, "here")

    assert batcher.remove(gone)
    assert not batcher.remove(gone)
    assert len(batcher) == 1
    assert taken(batcher) == ("here",)


def test_an_item_that_has_left_cannot_be_removed() -> None:
    batcher = make_batcher()
    ticket = add(batcher, "a")
    batcher.take(now=0.0)

    assert not batcher.remove(ticket)
    assert len(batcher) == 0


def test_the_whole_crowd_of_a_client_that_went_away_holds_nobody_up() -> None:
    batcher = make_batcher(max_count=1)
    gone = [add(batcher, "gone", at=place(number, client="gone")) for number in range(50)]
    add(batcher, "here", at=place(99, client="here"))

    for ticket in gone:
        batcher.remove(ticket)

    assert taken(batcher) == ("here",)
    assert taken(batcher) is None


def test_removing_the_one_that_is_due_leaves_the_others_their_wait() -> None:
    batcher = make_batcher(max_wait_s=5.0)
    due = add(batcher, "due", now=1.0)
    add(batcher, "not due", now=2.0)
    add(batcher, "other bucket", key="640", now=1.0)
    assert taken(batcher, now=6.0) == ("due", "not due")
    assert not batcher.remove(due)
    assert taken(batcher, now=6.0) == ("other bucket",)

    due = add(batcher, "due", now=11.0)
    add(batcher, "not due", now=12.0)
    batcher.remove(due)

    assert taken(batcher, now=16.0) is None
    assert batcher.next_due_at() == 17.0


def test_a_bucket_that_was_emptied_starts_anew() -> None:
    batcher = make_batcher(max_wait_s=0.5)
    batcher.remove(add(batcher, "a", now=1.0))
    add(batcher, "b", now=1.3)

    assert taken(batcher, now=1.5) is None
    assert taken(batcher, now=1.8) == ("b",)


def test_the_policy_of_each_bucket_is_its_own() -> None:
    policies = {"det": BatchPolicy(max_count=1), "rec": BatchPolicy(max_count=4)}
    batcher: Batcher[str, str] = Batcher(policies.__getitem__)
    for item in "abc":
        add(batcher, item, key="det", at=place(turn=1))
        add(batcher, item, key="rec", at=place(turn=2))

    assert [taken(batcher) for _ in range(4)] == [("a",), ("b",), ("c",), ("a", "b", "c")]


def test_what_a_power_of_two_leaves_behind_keeps_its_place() -> None:
    batcher: Batcher[str, str] = Batcher(lambda key: BatchPolicy(max_count=8, powers_of_two=True))
    for item in "abcdefg":
        add(batcher, item)

    batches = [taken(batcher) for _ in range(4)]

    assert [batch and "".join(batch) for batch in batches] == ["abcd", "ef", "g", None]
    assert len(batcher) == 0


def test_items_of_two_sizes_in_one_bucket_are_a_mistake() -> None:
    batcher = make_batcher()
    add(batcher, "a", size=1)

    with pytest.raises(AssertionError):
        add(batcher, "b", size=2)
