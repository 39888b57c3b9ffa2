"""docs/errors.md tells of every reason, and tells what is so."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.every_error import every_error
from tests.provocations import IN_STARTS_AND_COMMANDS, OVER_THE_WIRE, Provocation

import inkstream_server
from inkstream_server.errors import Fault, InternalError, OcrError
from inkstream_server.front import http_status, status
from inkstream_server.scheduling.accounts import Accounts, Allowance

REPOSITORY = Path(__file__).parents[3]
SERVER = Path(inkstream_server.__file__).parent
KINDS = {kind.reason: kind for kind in every_error()}
_NOT_BY_THIS_WAY = "-"


@cache
def rows() -> dict[str, list[str]]:
    """The tables' rows by their reason: all cells but the first, without marks."""
    text = (REPOSITORY / "docs" / "errors.md").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if reason := re.fullmatch(r"`([A-Z_]+)`", cells[0]):
            assert reason[1] not in found, f"{reason[1]} is there twice"
            found[reason[1]] = cells[1:]
    return found


def on_the_wire() -> list[str]:
    return [reason for reason, kind in KINDS.items() if kind.fault is not Fault.SETUP]


@cache
def facts_by_class() -> dict[str, set[str]]:
    """What errors are raised with, anywhere in the server, by the names of their classes."""
    facts: dict[str, set[str]] = defaultdict(set)
    for file in SERVER.rglob("*.py"):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for call in _calls(function):
                assert isinstance(call.func, ast.Name)
                facts[call.func.id] |= set(_fact_names(call, function))
    for error in _full_quotas():
        facts[type(error).__name__] |= error.facts.keys()
    return facts


def _full_quotas() -> Iterator[OcrError]:
    """Their facts have names that are put together."""
    accounts = Accounts(lambda _: Allowance(max_requests=1, max_pages=1, max_bytes=1))
    for tally in (accounts.requests, accounts.pages, accounts.bytes):
        tally.take("client", 1)
        with pytest.raises(OcrError) as refused:
            tally.take("client", 1)
        yield refused.value


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        names = {kind.__name__ for kind in KINDS.values()}
        for each in ast.walk(node):
            if isinstance(each, ast.Call) and getattr(each.func, "id", "") in names:
                yield each


def _fact_names(call: ast.Call, function: ast.AST) -> Iterator[str]:
    """The names that a call gives, those of a dictionary made beside it too."""
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg
        elif isinstance(keyword.value, ast.Name):
            yield from _dictionary_keys(keyword.value.id, function)


def _dictionary_keys(name: str, function: ast.AST) -> Iterator[str]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Dict):
            continue
        if any(getattr(target, "id", "") == name for target in node.targets):
            yield from (str(getattr(key, "value", "")) for key in node.value.keys)


def test_every_reason_is_in_the_tables_and_no_other() -> None:
    assert rows().keys() == KINDS.keys()


@pytest.mark.parametrize("reason", KINDS)
def test_a_row_tells_when_and_what_to_do(reason: str) -> None:
    cells = rows()[reason]
    is_told_by_code = KINDS[reason].fault is not Fault.SETUP

    when, what_to_do = cells[2:4] if is_told_by_code else cells[:2]

    assert when and what_to_do


@pytest.mark.parametrize("reason", on_the_wire())
def test_codes_are_those_that_a_call_ends_with(reason: str) -> None:
    error = KINDS[reason]("x")
    grpc_code, http_code = rows()[reason][:2]

    assert grpc_code in (f"`{status.code_of(error).name}`", _NOT_BY_THIS_WAY)
    assert http_code in (str(http_status.code_of(error)), _NOT_BY_THIS_WAY)
    assert {grpc_code, http_code} != {_NOT_BY_THIS_WAY}


@pytest.mark.parametrize("reason", on_the_wire())
def test_metadata_is_what_the_error_is_raised_with(reason: str) -> None:
    told = set(re.findall(r"`(\w+)`", rows()[reason][4]))
    kind = KINDS[reason]

    is_secret = kind is InternalError
    assert told == (set() if is_secret else facts_by_class()[kind.__name__])


def test_what_stops_a_start_has_no_code() -> None:
    at_starts = KINDS.keys() - set(on_the_wire())

    assert {len(rows()[reason]) for reason in at_starts} == {2}


def test_every_reason_of_a_call_is_provoked_over_the_wire() -> None:
    assert OVER_THE_WIRE.keys() == set(on_the_wire())
    assert all(each.file.startswith("wire/") for each in OVER_THE_WIRE.values())


def test_every_reason_of_a_start_or_command_is_provoked_too() -> None:
    assert IN_STARTS_AND_COMMANDS.keys() == KINDS.keys() - set(on_the_wire())


@pytest.mark.parametrize("reason", [*OVER_THE_WIRE, *IN_STARTS_AND_COMMANDS])
def test_the_test_that_provokes_a_reason_is_there_and_speaks_of_it(reason: str) -> None:
    provoked = {**OVER_THE_WIRE, **IN_STARTS_AND_COMMANDS}[reason]

    assert (provoked.phrase or reason) in _source_of(provoked)


def _source_of(provoked: Provocation) -> str:
    """The test as it is written, with its decorators."""
    text = (REPOSITORY / "tests" / provoked.file).read_text(encoding="utf-8")
    (function,) = (
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name == provoked.test
    )
    first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    return "\n".join(text.splitlines()[first - 1 : function.end_lineno])


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_of_what_is_not_the_callers_to_know_nothing_is_told(kind: type[OcrError]) -> None:
    error = kind("secret", path="/etc/secret", field="x")

    told = f"{status.details(error, 'id-7')!r} {http_status.failure(error, 'id-7', 'id-7')}"

    is_told = kind.fault not in (Fault.SERVER, Fault.SETUP) or kind.reason == "WORKER_CRASHED"
    assert ("secret" in told) == is_told
    assert "id-7" in told
