from __future__ import annotations

import re
from collections import Counter

import grpc
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st
from tests.every_error import every_error

from inkstream_server.errors import (
    DeadlineTooShort,
    Fault,
    ImageDamaged,
    InternalError,
    InvalidField,
    OcrError,
    QueueFull,
    ShuttingDown,
    WorkerCrashed,
)
from inkstream_server.front.status import (
    CODES,
    code_of,
    details,
    duration,
    message_of,
    page_error,
    pushback_ms,
)


def unpacked(error: OcrError) -> tuple[status_pb2.Status, list[AnyMessage]]:
    status = status_pb2.Status.FromString(details(error, "id-7"))
    return status, list(status.details)


def error_info(error: OcrError) -> error_details_pb2.ErrorInfo:
    info = error_details_pb2.ErrorInfo()
    _, packed = unpacked(error)
    assert packed[0].Unpack(info)
    return info


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_code_that_is_an_error(fault: Fault) -> None:
    assert CODES[fault] is not grpc.StatusCode.OK


def test_who_must_act_can_be_told_from_the_code() -> None:
    codes = [CODES[fault] for fault in Fault if fault is not Fault.SETUP]

    assert len(set(codes)) == len(codes)
    assert CODES[Fault.SETUP] is CODES[Fault.UNSERVED]  # one never reaches a caller


def test_every_error_has_a_reason_of_its_own() -> None:
    reasons = Counter(kind.reason for kind in every_error())

    assert [reason for reason, count in reasons.items() if count > 1] == []
    assert reasons["INTERNAL"] == 1


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_reason_for_programs_and_a_fault_for_people(kind: type[OcrError]) -> None:
    assert re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", kind.reason)
    assert kind.fault in CODES
    assert kind.__doc__


def test_a_refusal_carries_its_reason_its_facts_and_the_requests_id() -> None:
    error = ImageDamaged("the PNG ends early", bytes=17)

    status, packed = unpacked(error)

    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert status.message == "the PNG ends early"
    info = error_info(error)
    assert (info.reason, info.domain, dict(info.metadata)) == (
        "IMAGE_DAMAGED",
        "inkstream.dev",
        {"bytes": "17"},
    )
    request = error_details_pb2.RequestInfo()
    assert packed[1].Unpack(request)
    assert request.request_id == "id-7"
    assert len(packed) == 2


def test_a_wrong_field_is_a_bad_request_too() -> None:
    _, packed = unpacked(InvalidField.of("pages.dpi", 5, "10 to 600"))

    bad = error_details_pb2.BadRequest()
    assert packed[2].Unpack(bad)
    (violation,) = bad.field_violations
    assert (violation.field, violation.description) == (
        "pages.dpi",
        "pages.dpi is 5; allowed: 10 to 600",
    )


def test_who_is_refused_because_it_is_busy_is_told_when_to_try_again() -> None:
    _, packed = unpacked(QueueFull("too many"))

    retry = error_details_pb2.RetryInfo()
    assert packed[2].Unpack(retry)
    assert retry.retry_delay.ToTimedelta().total_seconds() == 1.0


def test_of_a_bug_the_caller_learns_no_more_than_the_id() -> None:
    error = InternalError("secret of /etc/passwd", path="/etc/passwd")

    assert "secret" not in message_of(error, "id-7")
    assert "id-7" in message_of(error, "id-7")
    assert b"passwd" not in details(error, "id-7")
    assert code_of(error) is grpc.StatusCode.INTERNAL


def test_of_an_input_that_kills_workers_the_caller_learns_that() -> None:
    assert message_of(WorkerCrashed("the input kills"), "id-7") == "the input kills"
    assert code_of(WorkerCrashed("x")) is grpc.StatusCode.INTERNAL


def test_a_page_carries_its_own_error() -> None:
    error = page_error(ImageDamaged("torn"), "id-7")

    assert (error.code, error.reason, error.message) == (3, "IMAGE_DAMAGED", "torn")


def test_a_server_that_goes_away_says_try_another() -> None:
    assert code_of(ShuttingDown("bye")) is grpc.StatusCode.UNAVAILABLE


@given(text=st.text(max_size=4000))
def test_what_a_request_held_never_makes_a_status_too_long_to_be_sent(text: str) -> None:
    error = InvalidField.of("options.text_rec_model", text, "det")

    sent = details(error, "x" * 128)

    percent_encoded_bytes = 3 * len(message_of(error, "x").encode())
    assert len(sent) * 4 / 3 + percent_encoded_bytes < 8192


@given(seconds=st.floats(0.0, 1e9))
def test_a_duration_is_as_long_as_its_seconds(seconds: float) -> None:
    sent = duration(seconds)

    assert 0 <= sent.nanos < 1_000_000_000
    assert sent.seconds + sent.nanos / 1e9 == pytest.approx(seconds, abs=1e-6)


def test_a_deadline_that_no_waiting_helps_has_no_retry_info() -> None:
    hopeless = DeadlineTooShort("it takes 20 s alone", predicted_s=20.0, deadline_s=4.0)
    busy = DeadlineTooShort("it would take 14 s", predicted_s=14.0, retry_after_s=10.0)

    assert "RetryInfo" not in str(status_pb2.Status.FromString(details(hopeless, "id")))
    assert "RetryInfo" in str(status_pb2.Status.FromString(details(busy, "id")))


BUSY = QueueFull("many wait", retry_after_s=2.5)


def test_grpc_is_told_to_wait_for_what_the_caller_is_told() -> None:
    assert pushback_ms(BUSY, left_s=None) == 2500
    assert pushback_ms(BUSY, left_s=2.6) == 2500
    assert pushback_ms(QueueFull("many wait"), left_s=None) == 1000


def test_grpc_is_told_not_to_wait_where_the_deadline_would_pass_meanwhile() -> None:
    assert pushback_ms(BUSY, left_s=2.5) == -1
    assert pushback_ms(BUSY, left_s=0.0) == -1


@pytest.mark.parametrize("facts", [{}, {"retry_after_s": 0.5}])
def test_grpc_is_told_not_to_try_again_within_a_deadline_that_is_too_short(
    facts: dict[str, float],
) -> None:
    assert pushback_ms(DeadlineTooShort("too late", **facts), left_s=9.0) == -1


@pytest.mark.parametrize("error", [ShuttingDown("going"), ImageDamaged("torn"), InternalError("?")])
def test_grpc_keeps_its_own_pace_where_the_server_is_not_busy(error: OcrError) -> None:
    assert pushback_ms(error, left_s=1.0) is None
