"""Writes a configuration for people and for programs, each value with where it is from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

Tree = Mapping[str, Any]

DEFAULT: Final = "default"
_INDENT: Final = "  "


def to_yaml(tree: Tree, origins: Mapping[str, str], remarks: Sequence[str]) -> str:
    """As a file that can be read again; remarks and origins are comments."""
    heads = [f"# {remark}" for remark in remarks]
    return "\n".join([*heads, *_yaml_lines(tree, origins, "", "")]) + "\n"


def to_json(tree: Tree) -> str:
    return f"{json.dumps(tree, ensure_ascii=False, indent=1)}\n"


def origins_json(tree: Tree, origins: Mapping[str, str]) -> str:
    """By dotted key each value and where it is from."""
    told = {
        key: {"value": value, "origin": origins.get(key, DEFAULT)} for key, value in leaves(tree)
    }
    return to_json(told)


def origins_table(tree: Tree, origins: Mapping[str, str]) -> str:
    rows = [
        (key, json.dumps(value, ensure_ascii=False), origins.get(key, DEFAULT))
        for key, value in leaves(tree)
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "".join(
        f"{key:{widths[0]}}  {value:{widths[1]}}  {origin}\n" for key, value, origin in rows
    )


def leaves(tree: Tree, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every value with its dotted key."""
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _yaml_lines(tree: Tree, origins: Mapping[str, str], prefix: str, indent: str) -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield f"{indent}{name}:"
            yield from _yaml_lines(value, origins, f"{prefix}{name}.", indent + _INDENT)
            continue
        first, *others = _leaf(name, value)
        origin = origins.get(prefix + name)
        yield indent + first + (f"  # {origin}" if origin else "")
        yield from (indent + other for other in others)


def _leaf(name: str, value: object) -> list[str]:
    text: str = yaml.safe_dump({name: value}, allow_unicode=True, width=1 << 20)
    return text.rstrip("\n").split("\n")
