from __future__ import annotations

import os
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from edit_distance import edit_distance
from peers.cpu_time import cpu_time_s
from peers.results import Accuracy, Column, Round, ratio, table, tree
from peers.workloads import Picture, Workload, dense, small

texts = st.text("abc", max_size=12)
BURN = """
import time
while time.process_time() < 0.3:
    pass
print("done", flush=True)
time.sleep(60)
"""


def column(name: str, *rates: float, errors: int = 0) -> Column:
    rounds = tuple(Round(rate, cpu_s_per_page=0.5, idle_cpu_share=0.01) for rate in rates)
    return Column(name, "", Accuracy(10, 200, errors), rounds)


@given(texts, texts)
def test_a_distance_is_the_least_number_of_changes(one: str, other: str) -> None:
    expected = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        before, expected = expected, [row]
        for at, right in enumerate(other):
            steps = (before[at] + (left != right), before[at + 1] + 1, expected[at] + 1)
            expected.append(min(steps))

    assert edit_distance(one, other) == expected[-1]


def test_errors_are_counted_in_all_pages_without_blanks() -> None:
    pictures = [Picture(b"", ("ab cd", "ef")), Picture(b"", ("gh",))]

    accuracy = Accuracy.of(pictures, [("abcd", "eX"), ("gh",)])

    assert accuracy == Accuracy(line_count=3, character_count=8, error_count=1)
    assert accuracy.error_rate == 0.125


def test_pictures_without_a_truth_have_no_error_rate() -> None:
    accuracy = Accuracy.of([Picture(b"", None)], [("ab", "cd")])

    assert accuracy.line_count == 2
    assert accuracy.error_rate is None


def test_a_ratio_is_of_rounds_that_were_next_to_each_other() -> None:
    ours, theirs = column("inkstream", 8.0, 4.0, 2.0), column("paddlex", 2.0, 2.0, 2.0)

    assert ratio(ours, theirs) == 2.0


def test_the_table_has_ours_against_each_peer() -> None:
    columns = [column("inkstream", 3.0, errors=4), column("paddlex", 1.0), column("rapidocr", 2.0)]

    lines = table("dense", columns).splitlines()

    assert lines[0].endswith("x paddlex  x rapidocr")
    assert lines[1].split()[1:] == ["3.000"] * 3 + ["0.500", "2.00%", "10", "3.00", "1.50"]
    assert lines[2].split()[-1] == "10"
    assert tree(columns)[0]["ratios"] == {"paddlex": 3.0, "rapidocr": 1.5}


def test_workloads_are_the_same_every_time() -> None:
    assert dense(1) == dense(1)
    assert small(3) == small(3)


def test_dense_pages_have_fifty_long_lines() -> None:
    (page,) = dense(1).pictures

    assert page.truth is not None and len(page.truth) == 50
    assert min(len(line) for line in page.truth) > 60


def test_small_pictures_have_a_dozen_lines_at_most_in_two_languages() -> None:
    truths = [picture.truth or () for picture in small(16).pictures]

    assert all(3 <= len(truth) <= 12 for truth in truths)
    assert [truth[0].isascii() for truth in truths[:4]] == [True, False, True, False]


def test_a_round_reads_the_pictures_again_and_again() -> None:
    workload = Workload("w", (Picture(b"a", None), Picture(b"b", None)), page_count=5)

    assert workload.round == [0, 1, 0, 1, 0]


def test_processor_time_has_that_of_children() -> None:
    with subprocess.Popen([sys.executable, "-c", BURN], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()

        assert cpu_time_s(child.pid) >= 0.25
        assert cpu_time_s(os.getpid()) >= cpu_time_s(child.pid) + 0.01

        child.kill()


def test_a_column_has_the_median_of_its_rounds() -> None:
    assert column("paddlex", 1.0, 5.0, 2.0).median_pages_per_s == 2.0
