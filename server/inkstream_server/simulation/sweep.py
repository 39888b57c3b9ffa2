"""Variants of one scenario: which keys get which values. It runs nothing."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """A key with dots, such as `traffic.0.arrivals.callers`, and its values one after another."""

    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the scenarios of a sweep, as a tree; `x` is what varies, `series` what is compared."""

    x: Any
    series: Any
    tree: dict[str, Any]


def variants(
    tree: dict[str, Any], along: Sequence[Range], against: Range | None
) -> Iterator[Variant]:
    """Each step of all `along` ranges together, for each value of `against`.

    Raises ValueError where a key is not there, or ranges are not of one length.
    """
    lengths = {len(each.values) for each in along}
    if len(lengths) > 1:
        raise ValueError("ranges that vary together have as many values each")
    step_count = lengths.pop() if lengths else 1
    for other in against.values if against else (None,):
        for step in range(step_count):
            variant = copy.deepcopy(tree)
            for each in along:
                put(variant, each.key, each.values[step])
            if against:
                put(variant, against.key, other)
            yield Variant(along[0].values[step] if along else None, other, variant)


def put(tree: dict[str, Any], key: str, value: object) -> None:
    """Set what a key with dots names; numbers are places in lists, the next free one included.

    Raises ValueError.
    """
    *parents, leaf = key.split(".")
    node: Any = tree
    for part in parents:
        node = _inner(node, part, key)
    if isinstance(node, list) and leaf == str(len(node)):
        node.append(value)
    elif isinstance(node, list):
        node[_index(node, leaf, key)] = value
    elif isinstance(node, dict):
        node[leaf] = value
    else:
        raise ValueError(f"{key}: there is nothing of that name")


def _inner(node: object, part: str, key: str) -> object:
    if isinstance(node, list):
        return node[_index(node, part, key)]
    if isinstance(node, dict):
        return node.setdefault(part, {})
    raise ValueError(f"{key}: there is nothing of that name")


def _index(node: list[Any], part: str, key: str) -> int:
    if not part.isdecimal() or int(part) >= len(node):
        raise ValueError(f"{key}: {part!r} is no place in a list of {len(node)}")
    return int(part)
