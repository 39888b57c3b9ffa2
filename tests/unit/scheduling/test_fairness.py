"""What start-time fair queueing promises for any sizes of work: equal parts, nobody starved."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.scheduling.flows import flow

from inkstream_server.scheduling.batcher import Batcher, Load
from inkstream_server.scheduling.place import Flow, Place
from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.scheduling.priority import Priority

COSTS_S = st.lists(st.floats(0.01, 3.0), min_size=30, max_size=30)
BATCH_COUNTS = st.sampled_from([1, 4])


def backlogged(
    work: Sequence[tuple[Flow, Sequence[float]]], max_count: int
) -> list[list[tuple[Flow, float]]]:
    """The batches in which the flows' items are served that all wait from the beginning."""
    policy = BatchPolicy(max_count=max_count)
    batcher: Batcher[str, tuple[Flow, float]] = Batcher(lambda key: policy)
    for whose, costs_s in work:
        for cost_s in costs_s:
            load = Load(cost_s=cost_s)
            batcher.add("bucket", (whose, cost_s), place=Place(whose), load=load, now=0.0)
    batches = []
    while (batch := batcher.take(now=0.0)) is not None:
        batches.append(list(batch.items))
    return batches


@given(COSTS_S, COSTS_S, BATCH_COUNTS)
def test_two_documents_are_served_alike_while_both_wait(
    one: list[float], other: list[float], max_count: int
) -> None:
    first, second = flow(1), flow(2)
    bound_s = max(one) + max(other)

    served: defaultdict[Flow, float] = defaultdict(float)
    left = Counter({first: len(one), second: len(other)})
    for batch in backlogged([(first, one), (second, other)], max_count):
        for whose, cost_s in batch:
            served[whose] += cost_s
            left[whose] -= 1
            if min(left.values()) > 0:
                assert abs(served[first] - served[second]) <= bound_s + 1e-9


@given(COSTS_S, st.lists(COSTS_S, min_size=2, max_size=4), BATCH_COUNTS)
def test_two_clients_are_served_alike_however_many_documents_one_sends(
    one: list[float], many: list[list[float]], max_count: int
) -> None:
    lone = flow(0, client="lone")
    crowd = [(flow(1 + at, client="crowd"), costs_s) for at, costs_s in enumerate(many)]
    bound_s = max(one) + max(map(max, many))

    served: defaultdict[str, float] = defaultdict(float)
    left = Counter({"lone": len(one), "crowd": sum(map(len, many))})
    for batch in backlogged([(lone, one), *crowd], max_count):
        for whose, cost_s in batch:
            served[whose.client] += cost_s
            left[whose.client] -= 1
            if min(left.values()) > 0:
                assert abs(served["lone"] - served["crowd"]) <= bound_s + 1e-9


@given(COSTS_S, COSTS_S, BATCH_COUNTS)
def test_of_both_priorities_batch_work_keeps_a_tenth(
    hasty: list[float], patient: list[float], max_count: int
) -> None:
    interactive, batch_work = flow(1), flow(2, priority=Priority.BATCH)
    bound_s = max(hasty) / 0.9 + max(patient) / 0.1

    served: defaultdict[Flow, float] = defaultdict(float)
    left = Counter({interactive: len(hasty), batch_work: len(patient)})
    for batch in backlogged([(batch_work, patient), (interactive, hasty)], max_count):
        for whose, cost_s in batch:
            served[whose] += cost_s
            left[whose] -= 1
            if min(left.values()) > 0:
                owed_s = served[interactive] / 0.9 - served[batch_work] / 0.1
                assert abs(owed_s) <= bound_s + 1e-9


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60))
def test_newcomers_do_not_starve_who_waits(arrivals: list[int]) -> None:
    """A batch document's only item, while interactive clients come again and again."""
    batcher: Batcher[str, str] = Batcher(lambda key: BatchPolicy(max_count=1))
    patient = flow(0, client="patient", priority=Priority.BATCH)
    batcher.add("bucket", "patient", place=Place(patient), load=Load(), now=0.0)
    number = 0
    overtaken_count = 0

    for count in [*arrivals, *[1] * 20]:
        for _ in range(count):
            number += 1
            newcomer = Place(flow(number, client=f"newcomer {number}"))
            batcher.add("bucket", "newcomer", place=newcomer, load=Load(), now=0.0)
        batch = batcher.take(now=0.0)
        if batch is not None and batch.items == ("patient",):
            break
        overtaken_count += batch is not None
    else:
        raise AssertionError("it never had its turn")

    assert overtaken_count <= 10


@given(st.integers(1, 40))
def test_who_was_idle_has_saved_up_nothing(served_count: int) -> None:
    batcher: Batcher[str, str] = Batcher(lambda key: BatchPolicy(max_count=1))
    busy, idle = Place(flow(1, client="busy")), Place(flow(2, client="idle"))
    batcher.add("bucket", "idle", place=idle, load=Load(), now=0.0)
    for _ in range(served_count + 20):
        batcher.add("bucket", "busy", place=busy, load=Load(), now=0.0)
    for _ in range(served_count + 1):
        batcher.take(now=0.0)

    for _ in range(20):
        batcher.add("bucket", "idle", place=idle, load=Load(), now=0.0)
    next_ones = [batcher.take(now=0.0) for _ in range(20)]

    counts = Counter(batch.items[0] for batch in next_ones if batch is not None)
    assert abs(counts["busy"] - counts["idle"]) <= 2


def test_debts_outlive_a_moment_without_work() -> None:
    batcher: Batcher[str, str] = Batcher(lambda key: BatchPolicy(max_count=1))
    greedy, modest = Place(flow(1, client="greedy")), Place(flow(2, client="modest"))
    for _ in range(3):
        batcher.add("bucket", "modest", place=modest, load=Load(), now=0.0)
    batcher.add("bucket", "greedy", place=greedy, load=Load(cost_s=2.0), now=0.0)
    order = [batcher.take(now=0.0) for _ in range(2)]

    batcher.add("bucket", "greedy", place=greedy, load=Load(), now=0.0)
    order += [batcher.take(now=0.0) for _ in range(3)]

    assert [batch and batch.items[0] for batch in order] == [
        "modest", "greedy", "modest", "modest", "greedy",
    ]  # fmt: skip
