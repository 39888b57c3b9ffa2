"""Reads YAML that anybody may have written: of bounded size, depth and reach of its aliases.

What the values mean, and whose the error is, the caller knows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

# A dictionary of 18,000 characters takes half a second without libyaml.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_BYTES: Final = 4 << 20
# Composing a tree recurses, in C without a bound of its own.
_MAX_DEPTH: Final = 32
_MAX_NODES: Final = 1 << 18
# A number in base 60 takes time with the square of its length.
_MAX_SCALAR_CHARACTERS: Final = 1024


class BadYaml(Exception):
    """What is wrong, and in which line where that is known."""


def read_yaml(file: Path) -> object:
    """The only document of a file; None for an empty one. Raises OSError or BadYaml."""
    with file.open("rb") as opened:
        content = opened.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise BadYaml(f"it has more than {_MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8")
        _Bounds().check(text)
        tree: object = yaml.load(text, _LOADER)
    except (yaml.YAMLError, ValueError, ArithmeticError) as error:
        raise BadYaml(" ".join(str(error).split())) from error
    return tree


class _Bounds:
    """Follows the events of a text, which nest nowhere, before anything is made of them."""

    def __init__(self) -> None:
        # The nodes so far: of the whole, and of each collection that is open within it.
        self._counts = [0]
        self._open: list[str | None] = []
        self._by_anchor: dict[str, int] = {}

    def check(self, text: str) -> None:
        """Raises BadYaml or YAMLError."""
        for event in yaml.parse(text, _LOADER):
            match event:
                case yaml.AliasEvent():
                    self._count(event, self._nodes_behind(event))
                case yaml.ScalarEvent():
                    self._check_scalar(event)
                case yaml.CollectionStartEvent():
                    self._enter(event)
                case yaml.CollectionEndEvent():
                    self._leave(event)

    def _check_scalar(self, event: yaml.ScalarEvent) -> None:
        _check_tag(event)
        if len(event.value) > _MAX_SCALAR_CHARACTERS:
            raise _bad(event, f"more than {_MAX_SCALAR_CHARACTERS} characters in one value")
        if event.anchor is not None:
            self._by_anchor[event.anchor] = 1
        self._count(event, 1)

    def _enter(self, event: yaml.CollectionStartEvent) -> None:
        _check_tag(event)
        if len(self._open) == _MAX_DEPTH:
            raise _bad(event, f"nested deeper than {_MAX_DEPTH} levels")
        if event.anchor is not None:  # from here on it means this one, which is not whole yet
            self._by_anchor.pop(event.anchor, None)
        self._open.append(event.anchor)
        self._counts.append(0)
        self._count(event, 1)

    def _leave(self, event: yaml.CollectionEndEvent) -> None:
        nodes, anchor = self._counts.pop(), self._open.pop()
        if anchor is not None:
            self._by_anchor[anchor] = nodes
        self._count(event, nodes)

    def _nodes_behind(self, event: yaml.AliasEvent) -> int:
        nodes = self._by_anchor.get(event.anchor or "")
        if nodes is None:
            raise _bad(event, f"*{event.anchor} stands for nothing, or for what holds it")
        return nodes

    def _count(self, event: yaml.Event, nodes: int) -> None:
        self._counts[-1] += nodes
        if self._counts[-1] > _MAX_NODES:
            raise _bad(event, f"more than {_MAX_NODES} values, aliases written out")


def _check_tag(event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
    if event.tag is not None:
        raise _bad(
            event, f"a value is tagged {event.tag}; types follow from how values are written"
        )


def _bad(event: yaml.Event, cause: str) -> BadYaml:
    mark = event.start_mark
    return BadYaml(f"{cause} (line {mark.line + 1})" if mark else cause)
