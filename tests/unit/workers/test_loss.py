from __future__ import annotations

import signal

import pytest

from inkstream_server.workers.loss import Cause, loss_by_status


@pytest.mark.parametrize(
    ("status", "cause", "how"),
    [
        (0, Cause.CRASHED, "ended with status 0"),
        (3, Cause.CRASHED, "ended with status 3"),
        (-signal.SIGSEGV, Cause.CRASHED, "was killed by SIGSEGV"),
        (-signal.SIGABRT, Cause.CRASHED, "was killed by SIGABRT"),
        (-signal.SIGBUS, Cause.CRASHED, "was killed by SIGBUS"),
        (-signal.SIGKILL, Cause.KILLED, "was killed by SIGKILL"),
        (-signal.SIGHUP, Cause.KILLED, "was killed by SIGHUP"),
        (-40, Cause.KILLED, "was killed by signal 40"),
    ],
)
def test_a_status_says_whether_a_process_ended_itself(status: int, cause: Cause, how: str) -> None:
    loss = loss_by_status(status)

    assert (loss.cause, loss.how) == (cause, how)
