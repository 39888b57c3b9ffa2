from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from tests.unit.load.runs import OPEN, document, image, page, plan, refused, run

from inkstream.load.live import line
from inkstream.load.plan import Requests
from inkstream.load.report import Report, report_on
from inkstream.load.report_json import Circumstances, as_tree
from inkstream.load.tables import notes, render
from inkstream.server import Model

MODEL = Model("rec", "text_recognition", "openvino", "cpu", "bf16", 6625, is_default=True)
CIRCUMSTANCES = Circumstances("2026-01-31T12:00:00+00:00", "1.2.3", (MODEL,))
KEYS = Path(__file__).resolve().parents[3] / "docs/load-reports.md"


def full_report() -> Report:
    it = plan(pace=OPEN)
    outcomes = (
        image(0.0, 1.0),
        image(3.0, 3.2),
        image(3.5, 3.5004, refused("QUEUE_FULL", 0.5)),
        document(4.0, page(4.5), page(5.0, reason="PDF_DAMAGED")),
    )
    return report_on(it, run(it, *outcomes, held_back_count=2, unsent_count=3))


def shown(report: Report) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(render(report, CIRCUMSTANCES))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def keys_of(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield str(key)
            yield from keys_of(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from keys_of(each)


def test_the_table_has_the_figures() -> None:
    text = shown(full_report())

    assert "rec (openvino, cpu, bf16)" in text
    assert "open loop of 20 requests/s (poisson) for 10 s, after 2 s of warm-up" in text
    assert re.search(r"latency +200 +600 +200 +1000 ", text)
    assert "QUEUE_FULL" in text and "0.50 s on average" in text
    assert "page: PDF_DAMAGED" in text
    assert "a.png" in text and "b.pdf" in text
    assert "3 requests were due and never sent" in text


def test_a_report_of_nothing_says_so() -> None:
    it = plan()

    text = shown(report_on(it, run(it, image(0.0, 1.0), length_s=1.5, was_interrupted=True)))

    assert "nothing was measured" in text


def test_a_run_without_trouble_has_no_notes() -> None:
    it = plan()

    assert notes(report_on(it, run(it, image(3.0, 4.0)))) == []


def test_requests_that_were_sent_late_are_told() -> None:
    it = plan()

    (note,) = notes(report_on(it, run(it, image(3.0, 3.005))))

    assert "sent late" in note


def test_the_tree_is_what_its_json_is() -> None:
    tree = as_tree(full_report(), CIRCUMSTANCES, has_raw=True)

    assert json.loads(json.dumps(tree)) == tree


def test_every_key_of_the_json_is_documented() -> None:
    documented = KEYS.read_text(encoding="utf-8")
    closed = report_on(plan(measured=Requests(1)), run(plan(measured=Requests(1))))
    trees = [as_tree(each, CIRCUMSTANCES, has_raw=True) for each in (full_report(), closed)]

    missing = {key for key in keys_of(trees) if f"`{key}`" not in documented}

    assert missing == set()


def test_raw_latencies_come_only_where_asked_for() -> None:
    report = full_report()

    assert "raw" not in as_tree(report, CIRCUMSTANCES, has_raw=False)
    raw = as_tree(report, CIRCUMSTANCES, has_raw=True)["raw"]
    assert isinstance(raw, list)
    assert [each["reason"] for each in raw] == ["", "QUEUE_FULL", ""]


def test_the_live_line_tells_where_the_run_stands() -> None:
    it = plan()
    progress = run(it, image(0.0, 1.0), image(3.0, 4.0)).progress

    assert line(progress, it, 1.0).startswith("warm-up 1 s · 2 requests · 2 pages · 2.0 pages/s")
    assert line(progress, it, 6.0).startswith("measuring 4 of 10 s")
    assert line(progress, it, 12.5).startswith("waiting for the last answers")


def test_the_live_line_of_a_run_by_count_counts() -> None:
    it = plan(measured=Requests(5))
    progress = run(it, image(0.0, 1.0), image(3.0, 4.0)).progress

    assert line(progress, it, 6.0).startswith("measuring 1 of 5 requests")
