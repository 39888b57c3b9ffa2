from inkstream_server.scheduling.batcher import Batch, Batcher, Ticket
from inkstream_server.scheduling.policy import BatchPolicy


def make_batcher(
    *, max_count: int = 8, max_cost: int = 1000, max_wait_s: float = 0.0
) -> Batcher[str, str]:
    policy = BatchPolicy(max_count=max_count, max_cost=max_cost, max_wait_s=max_wait_s)
    return Batcher(lambda key: policy)


def add(
    batcher: Batcher[str, str],
    item: str,
    *,
    key: str = "320",
    cost: int = 1,
    rank: float = 0.0,
    now: float = 0.0,
) -> Ticket[str, str]:
    return batcher.add(key, item, cost=cost, rank=rank, now=now)


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

    batch = batcher.take(now=2.0)

    assert batch == Batch("320", ("a", "b"), (1.0, 0.5))
    assert batch is not None and batch.count == 2


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


def test_a_bucket_that_is_full_by_cost_waits_no_longer() -> None:
    batcher = make_batcher(max_cost=100, max_wait_s=5.0)
    add(batcher, "a", cost=60)
    add(batcher, "b", cost=40)

    assert taken(batcher) == ("a", "b")


def test_what_a_full_batch_leaves_behind_goes_on_waiting() -> None:
    batcher = make_batcher(max_count=2, max_wait_s=5.0)
    for item in "abc":
        add(batcher, item, now=1.0)

    assert taken(batcher, now=1.0) == ("a", "b")
    assert taken(batcher, now=1.0) is None
    assert batcher.next_due_at() == 6.0
    assert taken(batcher, now=6.0) == ("c",)


def test_a_batch_ends_before_its_cost_passes_the_limit() -> None:
    batcher = make_batcher(max_cost=100)
    for item in "abc":
        add(batcher, item, cost=50)

    assert taken(batcher) == ("a", "b")
    assert taken(batcher) == ("c",)


def test_one_item_may_exceed_the_cost_alone() -> None:
    batcher = make_batcher(max_cost=100)
    add(batcher, "huge", cost=900)
    add(batcher, "small", cost=1)

    assert taken(batcher) == ("huge",)
    assert taken(batcher) == ("small",)


def test_items_of_two_buckets_never_share_a_batch() -> None:
    batcher = make_batcher()
    add(batcher, "a", key="320")
    add(batcher, "b", key="640")
    add(batcher, "c", key="320")

    assert taken(batcher) == ("a", "c")
    assert taken(batcher) == ("b",)


def test_a_lower_rank_overtakes_within_its_bucket() -> None:
    batcher = make_batcher(max_count=1)
    add(batcher, "page 500", rank=9.0)
    add(batcher, "picture", rank=2.0)

    assert taken(batcher) == ("picture",)
    assert taken(batcher) == ("page 500",)


def test_between_buckets_the_lowest_rank_goes_first() -> None:
    batcher = make_batcher()
    add(batcher, "late", key="640", rank=9.0)
    add(batcher, "early", key="320", rank=2.0)

    assert taken(batcher) == ("early",)
    assert taken(batcher) == ("late",)


def test_equal_ranks_go_in_order_of_arrival() -> None:
    batcher = make_batcher(max_count=1)
    for item in "abc":
        add(batcher, item, key=item, rank=1.0)

    assert [taken(batcher) for _ in "abc"] == [("a",), ("b",), ("c",)]


def test_a_bucket_that_is_not_ready_does_not_hold_up_one_that_is() -> None:
    policies = {"patient": BatchPolicy(max_wait_s=5.0), "hasty": BatchPolicy()}
    batcher: Batcher[str, str] = Batcher(policies.__getitem__)
    add(batcher, "first in rank", key="patient", rank=0.0)
    add(batcher, "second in rank", key="hasty", rank=1.0)

    assert taken(batcher) == ("second in rank",)
    assert taken(batcher) is None


def test_an_overtaking_item_leads_the_batch_of_the_one_that_is_due() -> None:
    batcher = make_batcher(max_wait_s=0.5)
    add(batcher, "due", rank=9.0, now=1.0)
    add(batcher, "overtakes", rank=2.0, now=1.4)

    assert taken(batcher, now=1.5) == ("overtakes", "due")


def test_an_item_that_is_due_keeps_its_bucket_ready_while_others_overtake_it() -> None:
    batcher = make_batcher(max_count=2, max_wait_s=0.5)
    add(batcher, "due", rank=9.0, now=1.0)
    add(batcher, "x", rank=2.0, now=1.4)
    add(batcher, "y", rank=2.0, now=1.4)

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


def test_a_bucket_that_a_removal_makes_less_than_full_waits_again() -> None:
    batcher = make_batcher(max_count=2, max_wait_s=5.0)
    first = add(batcher, "a", now=1.0)
    add(batcher, "b", now=2.0)

    batcher.remove(first)

    assert taken(batcher, now=2.0) is None
    assert batcher.next_due_at() == 7.0


def test_removing_the_one_that_is_due_leaves_the_others_their_wait() -> None:
    batcher = make_batcher(max_wait_s=5.0)
    add(batcher, "other bucket", key="320", rank=-1.0, now=1.0)
    due = add(batcher, "due", key="640", rank=1.0, now=1.0)
    add(batcher, "not due", key="640", rank=2.0, now=2.0)
    assert taken(batcher, now=6.0) == ("other bucket",)

    batcher.remove(due)

    assert taken(batcher, now=6.0) is None
    assert batcher.next_due_at() == 7.0


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
        add(batcher, item, key="det", rank=0.0)
        add(batcher, item, key="rec", rank=1.0)

    assert [taken(batcher) for _ in range(4)] == [("a",), ("b",), ("c",), ("a", "b", "c")]


def test_what_a_power_of_two_leaves_behind_keeps_its_place() -> None:
    batcher: Batcher[str, str] = Batcher(lambda key: BatchPolicy(max_count=8, powers_of_two=True))
    for rank, item in enumerate("abcdefg"):
        batcher.add("bucket", item, cost=1, rank=rank, now=0.0)

    batches = [batcher.take(now=0.0) for _ in range(4)]

    assert [batch and "".join(batch.items) for batch in batches] == ["abcd", "ef", "g", None]
    assert len(batcher) == 0
