from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.telemetry.call import CallFacts, current_call, working_for
from inkstream_server.telemetry.log import fields
from inkstream_server.telemetry.log_lines import FIELDS, REQUEST, JsonLines, TextLines

FORGED = "x\n2026-01-01T00:00:00.000 ERROR   [1] inkstream: forged\r\x1b[2J\u2028\x85\x00\ud800"


def event(message: str, request: str = "", **told: str | float) -> logging.LogRecord:
    record = logging.LogRecord("inkstream", logging.INFO, "", 0, "%s", (message,), None)
    setattr(record, REQUEST, request)
    setattr(record, FIELDS, fields(**told)[FIELDS])
    return record


def failed(message: str) -> logging.LogRecord:
    record = event("it failed", request="id-7")
    record.exc_info = (ValueError, ValueError(message), None)
    return record


def test_an_event_for_people_ends_with_its_fields() -> None:
    line = TextLines().format(event("call ended", method="Recognize", reason="OK", pages=2))

    assert line.endswith("inkstream: call ended method=Recognize reason=OK pages=2")


def test_a_value_with_spaces_is_quoted_so_that_it_holds_no_field() -> None:
    line = TextLines().format(event("x", document='a" reason=OK', method="POST /ocr"))

    assert line.endswith(r'document="a\" reason=OK" method="POST /ocr"')


def test_every_line_tells_for_which_request_it_was_written() -> None:
    assert TextLines().format(event("x", request="id-7")).endswith("x request=id-7")
    assert json.loads(JsonLines().format(event("x", request="id-7")))["request"] == "id-7"


def test_an_event_for_programs_is_one_object() -> None:
    told = json.loads(JsonLines().format(event("call ended", method="POST /ocr", pages=2)))

    assert told.pop("time").endswith("Z")
    assert told.pop("pid") > 0
    assert told == {
        "level": "INFO",
        "logger": "inkstream",
        "message": "call ended",
        "method": "POST /ocr",
        "pages": 2,
    }


def test_a_trace_stands_behind_a_bar_or_in_a_member_of_its_own() -> None:
    head, *rest = TextLines().format(failed("bad")).split("\n")
    told = json.loads(JsonLines().format(failed("bad")))

    assert head.endswith("it failed request=id-7")
    assert rest and all(line.startswith("  | ") for line in rest)
    assert rest[-1] == "  | ValueError: bad"
    assert told["trace"].endswith("ValueError: bad")


@given(text=st.text(max_size=60))
def test_nothing_that_is_logged_begins_a_line_of_its_own(text: str) -> None:
    for record in (event(text + FORGED), event("x", document=text + FORGED), failed(text + FORGED)):
        first, *rest = TextLines().format(record).splitlines()

        assert first.startswith("20")
        assert all(line.startswith("  | ") for line in rest)
        assert len(JsonLines().format(record).splitlines()) == 1


def test_a_line_can_be_written_whatever_it_holds() -> None:
    for lines in (TextLines(), JsonLines()):
        for record in (event(FORGED), event("x", document=FORGED), failed(FORGED)):
            written = lines.format(record).encode("utf-8")

            assert not {0x1B, 0x0D, 0x00} & set(written)


def test_who_works_for_a_call_knows_it_and_only_then() -> None:
    call = CallFacts("id-7", "Recognize", "peer")

    with working_for(call):
        assert current_call() is call

    assert current_call() is None


@pytest.mark.parametrize("value", ["", 0, 0.0])
def test_a_field_without_a_value_is_left_out_and_a_zero_is_not(value: str | float) -> None:
    assert ("pages" in fields(pages=value)[FIELDS]) == (value != "")
