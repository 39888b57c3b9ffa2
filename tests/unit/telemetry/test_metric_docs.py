"""docs/metrics.md tells of every metric, and tells what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inkstream_server.telemetry.metric_maker import PREFIX, MetricFacts
from inkstream_server.telemetry.metrics import Metrics

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
MADE = Metrics().made
UNITS = ("_total", "_seconds", "_bytes", "_info")
COUNTS = ("requests_in_flight", "batch_items", "queued_items", "workers", "workers_ready",
          "workers_busy", "pages_in_flight", "url_fetches_in_flight", "documents_in_flight",
          "documents_limit")  # fmt: skip


def rows() -> dict[str, str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return {name[1]: line for line in lines if (name := re.match(rf"\| `({PREFIX}\w+)` \|", line))}


def row(facts: MetricFacts) -> str:
    labels = ", ".join(f"`{label}`" for label in facts.labels)
    return f"| `{facts.name}` | {facts.kind} | {labels} | {facts.about} |".replace("|  |", "| |")


def test_every_metric_is_in_the_tables_and_no_other() -> None:
    assert rows().keys() == {facts.name for facts in MADE}


@pytest.mark.parametrize("facts", MADE, ids=lambda facts: facts.name)
def test_a_row_tells_what_the_server_tells(facts: MetricFacts) -> None:
    assert rows()[facts.name] == row(facts)


@pytest.mark.parametrize("facts", MADE, ids=lambda facts: facts.name)
def test_a_name_has_its_unit_unless_it_counts(facts: MetricFacts) -> None:
    name = facts.name.removeprefix(PREFIX)

    assert name.endswith(UNITS) or name in COUNTS
    assert name.endswith("_total") == (facts.kind == "counter")
    assert "milli" not in name and not name.endswith(("_ms", "_mib"))


def test_what_prometheus_asks_for_has_these_names() -> None:
    families = {family.name for family in Metrics().registry.collect()}

    asked = {facts.name.removesuffix("_total") for facts in MADE}
    assert asked == {name for name in families if name.startswith(PREFIX)}
