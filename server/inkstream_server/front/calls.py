"""What every call has around it: an id, errors as statuses, a line in the log, its metrics."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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

_REQUEST_ID_KEY: Final = "x-request-id"
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


class Calls:
    """The calls that are being answered."""

    def __init__(self, metrics: Metrics, *, max_unread_s: float) -> None:
        """`max_unread_s`: for how long an answer may wait to be taken by its client."""
        self._metrics = metrics
        self._max_unread_s = max_unread_s
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_ending = False
        self._unsent_count = 0

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

    @asynccontextmanager
    async def answering(self, method: str, context: Context) -> AsyncIterator[str]:
        """Answer a call within the block, which is given the request's id.

        An OcrError that leaves the block ends the call with its status; any other exception is a
        bug, logged here and told to the caller as no more than an internal error.
        """
        request_id = _request_id(context)
        started_at = time.monotonic()
        reason = "OK"
        task = asyncio.current_task()
        assert task is not None, "gRPC answers every call in a task of its own"
        self._tasks.add(task)
        try:
            yield request_id
        except OcrError as error:
            reason = error.reason
            await _abort(context, error, request_id)
        except asyncio.CancelledError:
            reason = self._reason_of_end(context)
            if reason == ShuttingDown.reason:
                task.uncancel()
                await _abort(context, ShuttingDown("the server shut down meanwhile"), request_id)
            raise
        except grpc.aio.InternalError as error:  # nothing can be sent: the client has gone
            reason = self._reason_of_end(context)
            raise asyncio.CancelledError from error
        except Exception as error:  # noqa: BLE001 - the call's boundary: logged and answered
            reason = InternalError.reason
            _log.exception("request %s failed", request_id)
            await _abort(context, InternalError(str(error)), request_id)
        finally:
            self._tasks.discard(task)
            self._note(method, request_id, reason, time.monotonic() - started_at, context)

    async def send(self, context: Context, answer: Message) -> None:
        """Write one answer of a stream, once HTTP/2's flow control lets it go.

        Raises AnswersUnread where the client does not take it: what it has inside would stay there.
        """
        self._unsent_count += 1
        try:
            async with asyncio.timeout(self._max_unread_s):
                await context.write(answer)
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

    def _note(
        self, method: str, request_id: str, reason: str, elapsed_s: float, context: Context
    ) -> None:
        self._metrics.calls.ended.labels(method, reason).inc()
        self._metrics.calls.seconds.labels(method).observe(elapsed_s)
        _log.info(
            "method=%s request=%s reason=%s elapsed_ms=%.1f peer=%s",
            method, request_id, reason, 1000 * elapsed_s, context.peer(),
        )  # fmt: skip


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
                ((status.DETAILS_KEY, status.details(error, request_id)),),
            )
    except (TimeoutError, grpc.aio.InternalError) as unsent:
        # It stands behind answers that the client does not take, or the client has gone. gRPC keeps
        # it for one who does in the end.
        raise asyncio.CancelledError from unsent


def _request_id(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == _REQUEST_ID_KEY and isinstance(value, str) and _REQUEST_ID.fullmatch(value):
            return value
    return uuid.uuid4().hex
