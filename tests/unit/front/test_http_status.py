from __future__ import annotations

import pytest
from tests.every_error import every_error

from inkstream_server.errors import (
    ContentTooLarge,
    DeadlineTooShort,
    Fault,
    InternalError,
    OcrError,
    QueueFull,
    ShuttingDown,
)
from inkstream_server.front.http_status import CODES, code_of, failure, headers
from inkstream_server.front.upload_protocol import UploadStalled


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_that_is_one(kind: type[OcrError]) -> None:
    assert 400 <= code_of(kind("x")) < 600


def test_who_must_act_can_be_told_from_the_status() -> None:
    of_callers = {fault: CODES[fault] for fault in Fault if fault is not Fault.SETUP}

    assert len(set(of_callers.values())) == len(of_callers)


def test_http_has_words_of_its_own_for_some() -> None:
    assert (code_of(ContentTooLarge("x")), code_of(UploadStalled("x"))) == (413, 408)


def test_a_failure_is_told_as_paddlex_tells_it_and_by_its_reason() -> None:
    told = failure(QueueFull("too many", max_documents=8), "theirs", "ours")

    assert told == {
        "logId": "theirs",
        "errorCode": 429,
        "errorMsg": "too many",
        "reason": "QUEUE_FULL",
        "facts": {"max_documents": "8"},
    }


def test_of_a_bug_the_client_learns_no_more_than_the_id() -> None:
    told = failure(InternalError("secret", path="/etc"), "theirs", "ours")

    assert "secret" not in str(told) and "/etc" not in str(told)
    assert "ours" in str(told["errorMsg"])


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (QueueFull("x", retry_after_s=2.1), {"Retry-After": "3"}),
        (QueueFull("x"), {"Retry-After": "1"}),
        (DeadlineTooShort("x"), {}),
        (ShuttingDown("x"), {}),
        (InternalError("x"), {}),
    ],
)
def test_when_to_try_again_is_told_where_that_helps(error: OcrError, told: dict[str, str]) -> None:
    assert headers(error) == told
