"""The main function of a worker process: builds its role, then runs one batch after the other.

It ends when the server's end of the channel closes, and at once when the server is gone. Signals
that end a server reach its whole process group; a worker ignores them, because calls in flight
need it.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from inkstream_server.errors import InternalError, OcrError
from inkstream_server.telemetry.log import set_up_logging
from inkstream_server.workers.channel import (
    BlockingChannel,
    Finished,
    Message,
    Ready,
    Run,
    StartFailed,
    Tell,
)
from inkstream_server.workers.heartbeat import start_beating
from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.process_facts import own_memory_bytes
from inkstream_server.workers.pulse import beat_interval_s
from inkstream_server.workers.role import Launch, Role

_log = logging.getLogger(__name__)

# What a message is dealt with in.
Bounded = Callable[[], AbstractContextManager[None]]

_PR_SET_PDEATHSIG: Final = 1


def main(descriptor: int, heartbeat_descriptor: int) -> int:
    """Serve the channel at `descriptor` until it closes, and beat meanwhile; the exit status."""
    _ignore_ends()
    # A worker in the middle of a batch reads no channel, and one that hangs never will again.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    channel = BlockingChannel(socket.socket(fileno=descriptor))
    match channel.receive():
        case Tell(item=Launch() as launch):
            pass
        case _:
            return 1
    try:
        role = launch.spec.build(SharedMemory(launch.segments))
        _ignore_ends()  # runtimes bring handlers of their own
        # After the build, which may have put stderr elsewhere.
        set_up_logging(launch.log_level, launch.log_format)
        if launch.confinement is not None:
            launch.confinement.enter()
    except Exception as error:  # noqa: BLE001 - the process's boundary: told, never swallowed
        known = error if isinstance(error, OcrError) else None
        channel.send(StartFailed(known, traceback.format_exc()))
        return 1
    # Not sooner: loading models may hold Python's lock for as long as it likes.
    start_beating(heartbeat_descriptor, beat_interval_s(launch.heartbeat_timeout_s))
    channel.send(Ready(tuple(role.models)))
    bounded = nullcontext if launch.confinement is None else launch.confinement.computing
    return _serve(channel, role, bounded)


def _ignore_ends() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _serve(channel: BlockingChannel, role: Role, bounded: Bounded) -> int:
    while (message := channel.receive()) is not None:
        with bounded():
            answer = _handle(role, message)
        if answer is None:
            continue
        try:
            channel.send(answer)
        except BrokenPipeError:  # the server went away meanwhile: nobody waits for the answer
            return 0
    return 0


def _handle(role: Role, message: Message) -> Message | None:
    match message:
        case Run(key=key, items=items):
            started_at = time.monotonic()
            outcomes = _run(role, key, items)
            busy_s = time.monotonic() - started_at
            _log.debug("ran key=%r count=%d busy_ms=%.3f", key, len(items), 1000 * busy_s)
            return Finished(tuple(outcomes), busy_s, own_memory_bytes(os.getpid()))
        case Tell(item=item):
            role.tell(item)
            return None
        case _:
            raise AssertionError(message)


def _run(role: Role, key: object, items: Sequence[object]) -> Sequence[object]:
    """One outcome for each item. Of a batch that fails, each item is tried alone."""
    failure: OcrError
    try:
        return role.run(key, items)
    except OcrError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - the process's boundary: logged and answered
        _log.exception("a batch failed: key=%s count=%d", key, len(items))
        failure = InternalError(f"{type(error).__name__}: {error}", trace=traceback.format_exc())
    if len(items) == 1:
        return [failure]
    return [outcome for item in items for outcome in _run(role, key, [item])]


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
