from __future__ import annotations

import pytest

from inkstream_server.app.starting import NotStarted, causes_told
from inkstream_server.errors import ModelMissing
from inkstream_server.workers.worker import WorkerStartFailed


def test_what_every_worker_says_is_told_once() -> None:
    failures = [WorkerStartFailed("no model"), WorkerStartFailed("no model")]
    deep = ExceptionGroup("all", [ExceptionGroup("some", failures), NotStarted("no engine")])

    with pytest.raises(NotStarted) as told, causes_told():
        raise deep

    assert told.value.message == "no engine; no model"


def test_a_failure_that_is_alone_is_told_too() -> None:
    with pytest.raises(NotStarted, match="no model"), causes_told():
        raise WorkerStartFailed("no model")


def test_other_errors_pass() -> None:
    with pytest.raises(ModelMissing), causes_told():
        raise ModelMissing("no model")
