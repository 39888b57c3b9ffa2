from __future__ import annotations

import json
from typing import Any

import pytest

from inkstream_server.engines.paddle_json import JsonGraph
from inkstream_server.engines.paddle_program import NotUnderstood


def operator(kind: str, inputs: list[int], output: int, **attributes: object) -> dict[str, Any]:
    return {
        "#": kind,
        "I": [{"%": each} for each in inputs],
        "O": [{"%": output, "TT": {"D": [f"type of {output}"]}}],
        "A": [{"N": name, "AT": {"#": "0.a_f64", "D": v}} for name, v in attributes.items()],
    }


def graph(version: int = 3) -> bytes:
    operators = [
        {"#": "p", "A": [0, 1, 1, "unused"], "O": {"%": 1, "TT": {"D": []}}},
        operator("1.data", [], 2, name="image"),
        operator("1.pad3d", [2], 3, pad_value=0.5, mode="reflect"),
        operator("1.relu", [3], 4),
        operator("1.tanh", [4], 5),
        operator("1.fetch", [5], 6),
    ]
    program = {"regions": [{"blocks": [{"args": [], "ops": operators}]}]}
    return json.dumps({"base_code": {"version": version}, "program": program}).encode()


def operators_of(content: bytes) -> list[dict[str, Any]]:
    operators: list[dict[str, Any]] = json.loads(content)["program"]["regions"][0]["blocks"][0][
        "ops"
    ]
    return operators


def test_a_graph_tells_its_operators_and_its_ends() -> None:
    read = JsonGraph(graph())

    assert [each.kind for each in read.operators] == [
        "p", "data", "pad3d", "relu", "tanh", "fetch",
    ]  # fmt: skip
    assert (read.picture, read.result) == ("2", "5")
    assert read.operators[2].attribute("mode") == "reflect"
    assert read.operators[2].attribute("nothing") is None


def test_a_graph_that_nothing_was_done_to_is_written_as_it_was_read() -> None:
    assert json.loads(JsonGraph(graph()).serialised()) == json.loads(graph())


def test_what_only_the_old_result_needed_is_left_out_and_no_weight() -> None:
    read = JsonGraph(graph())

    read.end_with("3")

    kept = operators_of(read.serialised())
    assert [each["#"] for each in kept] == ["p", "1.data", "1.pad3d", "1.fetch"]
    assert kept[-1]["I"] == [{"%": 3}]
    assert kept[-1]["O"][0]["TT"] == {"D": ["type of 3"]}


@pytest.mark.parametrize(("version", "kind"), [(3, "0.a_f64"), (4, "0.a_f32")])
def test_a_newer_graph_is_written_for_an_older_paddle_too(version: int, kind: str) -> None:
    written = JsonGraph(graph(version)).serialised()

    (padding, _) = operators_of(written)[2]["A"]
    assert json.loads(written)["base_code"]["version"] == 3
    assert padding["AT"]["#"] == kind


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", graph().replace(b"1.fetch", b"1.other")])
def test_what_is_no_graph_is_not_understood(content: bytes) -> None:
    with pytest.raises(NotUnderstood):
        JsonGraph(content)
