"""Paddle's newer graph format, to look into and to change: what `inference.json` holds.

What is worth changing is decided elsewhere. The weights are read in the order of their operators,
which therefore all stay.
"""

from __future__ import annotations

import json
from typing import Any, Final

from inkstream_server.engines.paddle_program import NotUnderstood

_WEIGHT: Final = "p"
_FETCH: Final = "fetch"
_READABLE_VERSION: Final = 3
"""Version 4 differs from it in one number's precision; Paddle 3.2 reads 3 only, 3.3 both."""

Tree = dict[str, Any]  # as JSON has it


class JsonOperator:
    """One operator of a graph; tensors are numbers, told as texts."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    @property
    def kind(self) -> str:
        """Without the dialect's number before it."""
        return str(self.tree["#"]).rpartition(".")[2]

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(str(each["%"]) for each in self.tree.get("I") or ())

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(str(each["%"]) for each in self._results())

    def attribute(self, name: str) -> object:
        """Its value; None where there is none."""
        for each in self.tree.get("A") or ():
            if isinstance(each, dict) and each.get("N") == name:
                return each["AT"]["D"]
        return None

    def result_type(self, tensor: str) -> Tree:
        return next(dict(each["TT"]) for each in self._results() if str(each["%"]) == tensor)

    def _results(self) -> list[Tree]:
        results = self.tree["O"]
        return results if isinstance(results, list) else [results]


class JsonGraph:
    """A model of one block, its operators in the order they run in."""

    def __init__(self, content: bytes) -> None:
        """Raises NotUnderstood."""
        try:
            self._tree: Tree = json.loads(content)
            (self._block,) = self._tree["program"]["regions"][0]["blocks"]
            self.operators = [JsonOperator(tree) for tree in self._block["ops"]]
            fetches = [each for each in self.operators if each.kind == _FETCH]
            (self._fetch,) = fetches
            (self.picture,) = next(each for each in self.operators if each.kind == "data").outputs
            (self.result,) = self._fetch.inputs
        except (ValueError, KeyError, IndexError, TypeError, StopIteration) as error:
            raise NotUnderstood(f"no graph of one input and one output: {error!r}") from error

    def end_with(self, tensor: str) -> None:
        """Give this tensor instead of the result, and leave out what only the result needed."""
        writer = next(each for each in self.operators if tensor in each.outputs)
        self._fetch.tree["I"] = [{"%": int(tensor)}]
        self._fetch.tree["O"][0]["TT"] = writer.result_type(tensor)
        needed, kept = {tensor}, []
        for each in reversed(self.operators):
            if each.kind in {_WEIGHT, _FETCH} or needed.intersection(each.outputs):
                needed.update(each.inputs)
                kept.append(each)
        self.operators = kept[::-1]

    def serialised(self) -> bytes:
        """The contents of `inference.json`, for every Paddle that reads the format."""
        self._block["ops"] = [each.tree for each in self.operators]
        header = self._tree["base_code"]
        if header["version"] > _READABLE_VERSION:
            header["version"] = _READABLE_VERSION
            for each in self.operators:
                _shorten_padding(each.tree)
        return json.dumps(self._tree).encode()


def _shorten_padding(tree: Tree) -> None:
    for each in tree.get("A") or ():
        if isinstance(each, dict) and each.get("N") == "pad_value":
            each["AT"]["#"] = "0.a_f32"
