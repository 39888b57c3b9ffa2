"""The main function of a worker process: builds its role, then runs one batch after the other.

It ends when the server's end of the channel closes, however that happens. Signals that end a
server reach its whole process group; a worker ignores them, because calls in flight need it.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence

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
from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.role import Launch, Role

_log = logging.getLogger(__name__)


def main(descriptor: int) -> int:
    """Serve the channel at `descriptor` until it closes; the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    channel = BlockingChannel(socket.socket(fileno=descriptor))
    match channel.receive():
        case Tell(item=Launch() as launch):
            pass
        case _:
            return 1
    try:
        role = launch.spec.build(SharedMemory(launch.segments))
    except Exception as error:  # noqa: BLE001 - the process's boundary: told, never swallowed
        known = error if isinstance(error, OcrError) else None
        channel.send(StartFailed(known, traceback.format_exc()))
        return 1
    set_up_logging(launch.log_level)  # after the build, which may have put stderr elsewhere
    channel.send(Ready(tuple(role.models)))
    return _serve(channel, role)


def _serve(channel: BlockingChannel, role: Role) -> int:
    while (message := channel.receive()) is not None:
        answer = _handle(role, message)
        if answer is not None:
            channel.send(answer)
    return 0


def _handle(role: Role, message: Message) -> Message | None:
    match message:
        case Run(key=key, items=items):
            started_at = time.monotonic()
            outcomes = _run(role, key, items)
            return Finished(tuple(outcomes), busy_s=time.monotonic() - started_at)
        case Tell(item=item):
            role.tell(item)
            return None
        case _:
            raise AssertionError(message)


def _run(role: Role, key: object, items: Sequence[object]) -> Sequence[object]:
    try:
        return role.run(key, items)
    except OcrError as error:
        return [error] * len(items)
    except Exception as error:  # noqa: BLE001 - the process's boundary: logged and answered
        _log.exception("a batch failed: key=%s count=%d", key, len(items))
        return [InternalError(f"{type(error).__name__}: {error}")] * len(items)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
