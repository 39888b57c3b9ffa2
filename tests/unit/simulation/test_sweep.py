from __future__ import annotations

from typing import Any

import pytest

from inkstream_server.simulation.sweep import Range, put, variants


def test_a_value_is_set_in_mappings_and_lists() -> None:
    tree: dict[str, Any] = {"a": {"b": [{"c": 1}, 2]}}

    put(tree, "a.b.0.c", 5)
    put(tree, "a.b.1", 6)
    put(tree, "a.b.2", 7)
    put(tree, "new.key", 8)

    assert tree == {"a": {"b": [{"c": 5}, 6, 7]}, "new": {"key": 8}}


@pytest.mark.parametrize("key", ["a.b.4", "a.b.x", "a.b.9.c", "a.b.1.c.d", "a.b.1.c"])
def test_what_is_not_there_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=key.replace(".", r"\.")):
        put({"a": {"b": [{"c": 1}, 2]}}, key, 0)


def test_one_scenario_for_each_step_and_each_value_compared() -> None:
    tree = {"x": 0, "y": 0, "z": 0}
    along = [Range("x", (1, 2)), Range("y", (10, 20))]

    found = list(variants(tree, along, Range("z", ("a", "b"))))

    assert [each.tree for each in found] == [
        {"x": 1, "y": 10, "z": "a"},
        {"x": 2, "y": 20, "z": "a"},
        {"x": 1, "y": 10, "z": "b"},
        {"x": 2, "y": 20, "z": "b"},
    ]
    assert [(each.x, each.series) for each in found] == [(1, "a"), (2, "a"), (1, "b"), (2, "b")]
    assert tree == {"x": 0, "y": 0, "z": 0}


def test_without_a_range_there_is_one_scenario() -> None:
    assert [each.tree for each in variants({"x": 1}, [], None)] == [{"x": 1}]


def test_ranges_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="as many values"):
        list(variants({}, [Range("x", (1,)), Range("y", (1, 2))], None))
