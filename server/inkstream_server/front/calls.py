"""What every call has around it: an id, errors as statuses, a line in the log, its metrics.

Calls over HTTP are counted here too; how they are answered is `http_calls`' business.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import grpc.aio
from google.protobuf.message import Message

from inkstream_server.errors import Fault, InternalError, OcrError, ShuttingDown
from inkstream_server.front import status
from inkstream_server.front.requests import Caller
from inkstream_server.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)

PREDICTION_KEY: Final = "inkstream-predicted-ms"
"""Initial metadata: milliseconds that the whole answer was expected to take, when it was let in."""

REQUEST_ID_KEY: Final = "x-request-id"
# Seconds that a call's status may take to be sent, before the call is over for this side.
_STATUS_S: Final = 1.0
# What a client may choose its id from: nothing that could forge a line of the log.
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")

# grpcio leaves a context's message types open.
Context = grpc.aio.ServicerContext[Any, Any]


class AnswersUnread(OcrError):
    """The client has taken none of its answers for too long, with documents of it inside."""

    reason = "ANSWERS_UNREAD"
    fault = Fault.LATE


@dataclass(slots=True)
class CallRecord:
    """What is told to the log of a call, and how it is counted, once it has ended."""

    request_id: str
    reason: str = "OK"


class Calls:
    """The calls that are being answered."""

    def __init__(self, metrics: Metrics, *, max_unread_s: float) -> None:
        """`max_unread_s`: for how long an answer may wait to be taken by its client."""
        self._metrics = metrics
        self._max_unread_s = max_unread_s
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_ending = False
        self._unsent_count = 0
        self.last_came_at = 0.0
        """When the last call came, by the monotonic clock."""

    @property
    def is_sending(self) -> bool:
        """Whether an answer of a stream waits for its client to take it."""
        return self._unsent_count > 0

    def end_all(self) -> None:
        """End every call now, with the reason why: their time to finish is over."""
        self._is_ending = True
        for task in self._tasks:
            task.cancel()

    async def ended(self) -> None:
        """Until no call is being answered; a document leaves before its last answer is written."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def is_ending(self) -> bool:
        """Whether the calls that are still answered were told to end."""
        return self._is_ending

    @contextmanager
    def counted(self, method: str, request_id: str, peer: str) -> Iterator[CallRecord]:
        """Have the current task count as a call within the block, which says how it ends."""
        record, started_at = CallRecord(request_id), time.monotonic()
        self.last_came_at = started_at
        task = asyncio.current_task()
        assert task is not None, "every call is answered in a task of its own"
        self._tasks.add(task)
        try:
            yield record
        finally:
            self._tasks.discard(task)
            elapsed_s = time.monotonic() - started_at
            self._metrics.calls.ended.labels(method, record.reason).inc()
            self._metrics.calls.seconds.labels(method).observe(elapsed_s)
            _log.info(
                "method=%s request=%s reason=%s elapsed_ms=%.1f peer=%s",
                method, record.request_id, record.reason, 1000 * elapsed_s, peer,
            )  # fmt: skip

    @asynccontextmanager
    async def answering(self, method: str, context: Context) -> AsyncIterator[str]:
        """Answer a call of gRPC within the block, which is given the request's id.

        An OcrError that leaves the block ends the call with its status; any other exception is a
        bug, logged here and told to the caller as no more than an internal error.
        """
        request_id = request_id_of(_asked_ids(context))
        with self.counted(method, request_id, context.peer()) as record:
            try:
                yield request_id
            except OcrError as error:
                record.reason = error.reason
                await _abort(context, error, request_id)
            except asyncio.CancelledError:
                record.reason = self._reason_of_end(context)
                if record.reason == ShuttingDown.reason:
                    uncancel()
                    await _abort(
                        context, ShuttingDown("the server shut down meanwhile"), request_id
                    )
                raise
            except grpc.aio.InternalError as error:  # nothing can be sent: the client has gone
                record.reason = self._reason_of_end(context)
                raise asyncio.CancelledError from error
            except Exception as error:  # noqa: BLE001 - the call's boundary: logged and answered
                record.reason = InternalError.reason
                _log.exception("request %s failed", request_id)
                await _abort(context, InternalError(str(error)), request_id)

    async def send(self, context: Context, answer: Message) -> None:
        """Write one answer of a stream, once HTTP/2's flow control lets it go.

        Raises AnswersUnread where the client does not take it.
        """
        async with self.writing():
            await context.write(answer)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write a part of an answer within the block.

        Raises AnswersUnread where the client does not take it: what it has inside would stay there.
        """
        self._unsent_count += 1
        try:
            async with asyncio.timeout(self._max_unread_s):
                yield
        except TimeoutError as error:
            limit = f"{self._max_unread_s:g} s"
            raise AnswersUnread(f"no answer of the call was taken for {limit}") from error
        finally:
            self._unsent_count -= 1

    def _reason_of_end(self, context: Context) -> str:
        """Why a call was cancelled: by us, by its deadline, or by who called."""
        if self._is_ending:
            return ShuttingDown.reason
        left_s = context.time_remaining()
        return "DEADLINE_EXCEEDED" if left_s is not None and left_s <= 0 else "CANCELLED"


def caller_of(context: Context) -> Caller:
    left_s = context.time_remaining()
    return Caller(context.peer(), None if left_s is None else time.monotonic() + left_s)


async def tell_prediction(context: Context, predicted_s: float) -> None:
    """Send the initial metadata of an answer."""
    await context.send_initial_metadata(((PREDICTION_KEY, f"{1000 * predicted_s:.0f}"),))


async def _abort(context: Context, error: OcrError, request_id: str) -> None:
    if error.fault is Fault.SERVER:
        _log.error("request=%s reason=%s %s", request_id, error.reason, error.message)
    try:
        async with asyncio.timeout(_STATUS_S):
            await context.abort(
                status.code_of(error),
                status.message_of(error, request_id),
                _trailing(error, request_id, context.time_remaining()),
            )
    except (TimeoutError, grpc.aio.InternalError) as unsent:
        # It stands behind answers that the client does not take, or the client has gone. gRPC keeps
        # it for one who does in the end.
        raise asyncio.CancelledError from unsent


def _trailing(
    error: OcrError, request_id: str, left_s: float | None
) -> tuple[tuple[str, str | bytes], ...]:
    told = (status.DETAILS_KEY, status.details(error, request_id))
    pushback_ms = status.pushback_ms(error, left_s)
    return (told,) if pushback_ms is None else (told, (status.PUSHBACK_KEY, str(pushback_ms)))


def request_id_of(asked: Iterable[object]) -> str:
    """The first id that a client may have chosen among what it asked for, else a new one."""
    for value in asked:
        if isinstance(value, str) and is_request_id(value):
            return value
    return uuid.uuid4().hex


def is_request_id(text: str) -> bool:
    """Whether a client may choose it as its request's id."""
    return _REQUEST_ID.fullmatch(text) is not None


def uncancel() -> None:
    """Let the current task go on, which was told to end, so that it can say so."""
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()


def _asked_ids(context: Context) -> Iterator[object]:
    return (value for key, value in context.invocation_metadata() or () if key == REQUEST_ID_KEY)
