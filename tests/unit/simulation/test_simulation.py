from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.simulation.scenarios import constant_times, page_kind, run, scenario, source

from inkstream_server.simulation.run import Simulation


def test_one_worker_reads_as_many_pages_as_it_has_time_for() -> None:
    found = run(constant_times(detection_s=0.1), traffic=[source({"callers": 4})])

    assert found.pages_per_s == pytest.approx(10.0, rel=0.01)
    assert found.busy.model_workers == pytest.approx(1.0, abs=0.01)


def test_a_lone_page_takes_the_sum_of_its_steps() -> None:
    steps = {"measure": 0.1, "draw": 0.2, "find": 0.3, "cut": 0.4, "cut_line": 0.05}
    front = {"document_s": 0.01, "page_s": 0.07, "line_s": 0.002}
    kinds = {"page": page_kind(lines=2, steps=steps)}

    found = run(constant_times(1.0, 0.25, batch_s=0.5), kinds=kinds, front=front)

    by_hand = 0.1 + 0.2 + 0.3 + (0.4 + 2 * 0.05) + 1.0 + (0.5 + 2 * 0.25)
    by_hand += 0.01 + 0.07 + 2 * 0.002
    assert found.kinds["page"].latency_s.p50 == pytest.approx(by_hand)


def test_constant_service_and_random_arrivals_wait_as_the_formula_says() -> None:
    service_s, use = 0.1, 0.7
    arrivals = {"poisson_per_s": use / service_s}

    found = run(
        constant_times(service_s),
        server={"working_pages": 10_000, "max_documents": 10_000},
        traffic=[source(arrivals)],
        duration_s=4_000.0,
    )

    mean_wait_s = use * service_s / (2 * (1 - use))  # Pollaczek and Khinchine, for M/D/1
    assert found.kinds["page"].latency_s.mean - service_s == pytest.approx(mean_wait_s, rel=0.1)


def test_equal_seeds_give_equal_summaries_and_others_do_not() -> None:
    kinds = {"page": page_kind(lines={2: 1, 9: 1})}
    traffic = [source({"poisson_per_s": 5.0})]

    assert run(kinds=kinds, traffic=traffic) == run(kinds=kinds, traffic=traffic)
    assert run(kinds=kinds, traffic=traffic) != run(kinds=kinds, traffic=traffic, seed=2)


def test_batches_fill_as_the_load_grows() -> None:
    kinds = {"page": page_kind(lines=3)}
    times = constant_times(0.001, 0.001, batch_s=0.05)

    means = [
        run(times, kinds=kinds, traffic=[source({"poisson_per_s": rate})])
        .batches["recognition"]
        .mean_items
        for rate in (1.0, 15.0, 40.0)
    ]

    assert means[0] == pytest.approx(3.0, abs=0.2)
    assert means[0] < means[1] < means[2] <= 8.0


def test_lines_of_one_page_only_make_smaller_batches() -> None:
    parts = {"kinds": {"page": page_kind(lines=3)}, "traffic": [source({"callers": 8})]}
    times = constant_times(0.001, 0.001, batch_s=0.05)
    shared = {"text_recognition": {"max_count": 8}}

    across = run(times, server=shared, **parts)
    within = run(times, server={**shared, "batches_within_pages_only": True}, **parts)

    assert within.batches["recognition"].mean_items == pytest.approx(3.0)
    assert across.pages_per_s > 1.5 * within.pages_per_s


def test_lines_wait_for_company_as_long_as_they_may() -> None:
    kinds = {"page": page_kind(lines=1)}
    server = {"text_recognition": {"max_count": 8, "max_wait_s": 0.5}}

    found = run(constant_times(0.1, 0.1), kinds=kinds, server=server)

    assert found.kinds["page"].latency_s.p50 == pytest.approx(0.1 + 0.5 + 0.1)


def test_a_full_batch_does_not_wait() -> None:
    kinds = {"page": page_kind(lines=8)}
    server = {"text_recognition": {"max_count": 8, "max_wait_s": 0.5}}

    found = run(constant_times(0.1, 0.0, batch_s=0.1), kinds=kinds, server=server)

    assert found.kinds["page"].latency_s.p50 == pytest.approx(0.2)


def test_interactive_pages_overtake_batch_work() -> None:
    kinds = {
        "page": page_kind(),
        "scan": page_kind(is_document=True, pages=500, priority="batch"),
    }
    traffic = [source({"callers": 4}, "scan"), source({"constant_per_s": 2.0})]

    found = run(kinds=kinds, traffic=traffic)

    # One page is read already, and one more may be due by the tenth that batch work keeps.
    assert found.kinds["page"].latency_s.p95 < 0.35
    assert found.pages_per_s == pytest.approx(10.0, rel=0.02)


def test_clients_get_equal_shares_however_much_they_send() -> None:
    kinds = {"page": page_kind(), "flood": page_kind()}
    traffic = [source({"callers": 2}), source({"callers": 30}, "flood")]

    found = run(kinds=kinds, traffic=traffic, server={"working_pages": 1})

    ended = {name: kind.ended["OK"] for name, kind in found.kinds.items()}
    assert ended["page"] == pytest.approx(ended["flood"], rel=0.05)


def test_a_full_house_refuses_and_says_so() -> None:
    traffic = [source({"poisson_per_s": 30.0})]

    found = run(traffic=traffic, server={"max_documents": 16})

    assert found.pages_per_s == pytest.approx(10.0, rel=0.01)
    assert found.refused["QUEUE_FULL"] / found.counted_s == pytest.approx(20.0, rel=0.1)


def test_deadlines_that_cannot_be_met_are_refused_before_work_is_lost() -> None:
    kinds = {"page": page_kind(deadline_s=1.0)}

    found = run(kinds=kinds, traffic=[source({"poisson_per_s": 30.0})])

    assert found.refused["DEADLINE_TOO_SHORT"] > found.refused.get("DEADLINE_EXCEEDED", 0)
    assert found.kinds["page"].latency_s.p99 <= 1.0
    assert found.pages_per_s > 7.0


def test_callers_who_are_refused_come_back_when_they_are_told_to() -> None:
    found = run(traffic=[source({"callers": 20})], server={"max_documents": 4})

    assert found.pages_per_s == pytest.approx(10.0, rel=0.02)
    assert 0 < found.refused["QUEUE_FULL"] < 100 * 100


def test_predictions_are_near_what_happens() -> None:
    found = run(traffic=[source({"callers": 8})])

    assert found.predictions.count > 900
    assert found.predictions.p50 == pytest.approx(1.0, abs=0.25)


def test_a_device_takes_one_batch_at_a_time_and_cores_prepare_the_next() -> None:
    machine = {"cores": 4, "runs_on": "device", "devices": 1}
    traffic = [source({"callers": 8})]
    times = constant_times(detection_s=0.1, host_share=0.5)

    one = run(times, machine={**machine, "model_workers": 1}, traffic=traffic)
    two = run(times, machine={**machine, "model_workers": 2}, traffic=traffic)
    three = run(times, machine={**machine, "model_workers": 3}, traffic=traffic)

    assert one.pages_per_s == pytest.approx(10.0, rel=0.01)
    assert two.pages_per_s == pytest.approx(20.0, rel=0.01)
    assert three.pages_per_s == pytest.approx(20.0, rel=0.01)
    assert three.busy.devices == pytest.approx(1.0, abs=0.01)


def test_a_front_that_is_busy_all_the_time_is_the_limit() -> None:
    machine = {"cores": 64, "runs_on": "device", "devices": 16}
    kinds = {"page": page_kind(lines=1)}
    traffic = [source({"callers": 64})]

    found = run(machine=machine, kinds=kinds, front={"page_s": 0.02}, traffic=traffic)

    assert found.pages_per_s == pytest.approx(50.0, rel=0.01)
    assert found.busy.front == pytest.approx(1.0, abs=0.01)


def test_processes_that_share_too_few_cores_slow_each_other_down() -> None:
    machine = {"cores": 2, "model_workers": 2, "cpu_workers": 2}
    steps = {"measure": 0.0, "draw": 0.1, "find": 0.0, "cut": 0.0}
    kinds = {"page": page_kind(steps=steps)}

    found = run(machine=machine, kinds=kinds, traffic=[source({"callers": 8})])

    assert found.pages_per_s == pytest.approx(2 / (0.1 + 0.1), rel=0.01)
    assert found.busy.cores == pytest.approx(1.0, abs=0.01)


def test_pages_of_a_document_come_as_they_are_read() -> None:
    kinds = {"scan": page_kind(is_document=True, pages=20)}

    found = run(kinds=kinds, traffic=[source({"callers": 1}, "scan")])

    assert found.kinds["scan"].first_page_s.p50 == pytest.approx(0.1)
    assert found.kinds["scan"].latency_s.p50 == pytest.approx(2.0)


@settings(max_examples=40)
@given(
    rate=st.floats(0.5, 60.0),
    lines=st.integers(0, 20),
    deadline_s=st.none() | st.floats(0.05, 5.0),
    max_documents=st.integers(1, 40),
    order=st.sampled_from(["document", "completion"]),
    seed=st.integers(0, 1000),
)
def test_every_call_ends_once_and_what_is_read_is_read_whole(
    rate: float, lines: int, deadline_s: float | None, max_documents: int, order: str, seed: int
) -> None:
    page = page_kind(lines=lines, deadline_s=deadline_s)
    scan = {**page, "is_document": True, "pages": {3: 1, 9: 1}, "order": order}
    simulated = Simulation(
        scenario(
            kinds={"page": page, "scan": scan},
            traffic=[source({"poisson_per_s": rate}, clients=3), source({"callers": 3}, "scan")],
            server={"max_documents": max_documents},
            warm_up_s=0.0,
            duration_s=20.0,
            seed=seed,
        ),
        constant_times(),
    )

    simulated.run()

    calls = simulated.records.calls
    found = simulated.summary()
    ended = sum(sum(kind.ended.values()) for kind in found.kinds.values())
    assert ended + found.unended_count == len(calls)
    assert found.unended_count <= max_documents
    assert all(each.done_page_count == each.page_count for each in calls if each.reason == "OK")
    assert all(each.done_page_count == 0 for each in calls if each.reason == "QUEUE_FULL")
    read = sum(each.done_page_count for each in calls)
    assert simulated.records.counts.pages.pages == read
    if deadline_s is not None:
        assert all(each.latency_s <= deadline_s + 1e-9 for each in calls if each.reason)
