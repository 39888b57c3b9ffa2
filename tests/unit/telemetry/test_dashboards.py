"""What the dashboard and the alerts ask Prometheus for is there to be asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.every_error import every_error

from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.workers.loss import Cause

DEPLOY = Path(__file__).parents[3] / "deploy"
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "inkstream.json").read_text("utf-8"))
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
OF_TARGETS = {"job", "instance"}
ENDINGS = ("_bucket", "_sum", "_count")
OUTCOMES = {"ok"}


def labels_by_name() -> dict[str, set[str]]:
    """The labels of every series, by the name that it is asked for by."""
    metrics = Metrics()
    labels: dict[str, set[str]] = {}
    for facts in metrics.made:
        own = set(facts.labels) | OF_TARGETS
        if facts.kind == "histogram":
            labels.update({f"{facts.name}{ending}": own for ending in ENDINGS})
            labels[f"{facts.name}_bucket"] = own | {"le"}
        else:
            labels[facts.name] = own
    for family in metrics.registry.collect():
        for sample in family.samples:
            if sample.name.startswith("process_"):
                labels[sample.name] = OF_TARGETS
    return labels


KNOWN = labels_by_name()


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return shown + [rule["expr"] for rule in RULES]


def selectors(expression: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each series that is asked for, and by which labels and values."""
    for name, _, matchers in re.findall(r"\b((?:inkstream|process)_\w+)(\{([^}]*)\})?", expression):
        yield name, re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', matchers)


def groupings(expression: str) -> set[str]:
    found = re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", expression)
    return {label.strip() for labels in found for label in labels.split(",")}


@pytest.mark.parametrize("expression", expressions())
def test_what_is_asked_for_is_there(expression: str) -> None:
    asked = list(selectors(expression))

    assert asked
    for name, matchers in asked:
        assert name in KNOWN
        assert {label for label, _ in matchers} <= KNOWN[name]


@pytest.mark.parametrize("expression", expressions())
def test_series_are_grouped_by_labels_that_all_of_them_have(expression: str) -> None:
    for name, _ in selectors(expression):
        assert groupings(expression) <= KNOWN[name] | {"le"}


@pytest.mark.parametrize("expression", expressions())
def test_values_that_are_asked_for_can_be(expression: str) -> None:
    reasons = {kind.reason for kind in every_error()} | {"OK"}
    values = {"reason": reasons, "cause": {cause.value for cause in Cause}, "outcome": OUTCOMES,
              "place": {"incoming", "memory", "disk"}}  # fmt: skip

    for _, matchers in selectors(expression):
        for label, value in matchers:
            if label in values:
                assert set(value.split("|")) <= values[label]


def test_every_panel_asks_by_job_and_instance() -> None:
    for panel in panels():
        for target in panel["targets"]:
            for _, matchers in selectors(target["expr"]):
                assert {("job", "$job"), ("instance", "$instance")} <= set(matchers)


def test_legends_name_labels_that_are_left() -> None:
    for panel in panels():
        for target in panel["targets"]:
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert named <= groupings(target["expr"]) | OF_TARGETS
            assert not named or "by (" in target["expr"] or "sum" not in target["expr"]


def test_every_metric_of_ours_is_looked_at() -> None:
    looked_at = {name for expression in expressions() for name, _ in selectors(expression)}
    unseen = {
        facts.name
        for facts in Metrics().made
        if not {facts.name, *(facts.name + ending for ending in ENDINGS)} & looked_at
    }

    assert unseen == NOT_SHOWN


NOT_SHOWN = {
    "inkstream_requests_in_flight",
    "inkstream_stream_documents_total",
    "inkstream_url_fetches_total",
    "inkstream_url_fetch_duration_seconds",
    "inkstream_url_fetched_bytes_total",
    "inkstream_url_fetches_in_flight",
}


def test_grafana_can_import_it() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]

    assert len(set(ids)) == len(ids)
    assert DASHBOARD["schemaVersion"] >= 36
    assert names == {"datasource", "job", "instance"}
    assert rows == ["Golden signals", "Batcher", "Workers", "Memory"]
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["datasource"]["uid"] == "${datasource}"


def test_every_alert_says_what_is_wrong_and_how_bad_it_is() -> None:
    for rule in RULES:
        assert re.fullmatch(r"Inkstream[A-Za-z]+", rule["alert"])
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
