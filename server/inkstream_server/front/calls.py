"""What every call has around it: an id, errors as statuses, a line in the log, its metrics.

Calls over HTTP are counted here too; how they are answered is `http_calls`' business.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import grpc.aio
from google.protobuf.message import Message

from inkstream_server.errors import Fault, InternalError, OcrError, ShuttingDown
from inkstream_server.front import status
from inkstream_server.front.failures import log_fault
from inkstream_server.front.identity import caller_name
from inkstream_server.front.request_ids import REQUEST_ID_KEY, request_id_of
from inkstream_server.front.requests import Caller
from inkstream_server.telemetry.call import CallFacts, working_for
from inkstream_server.telemetry.log import fields
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.telemetry.tracing import PARENT_KEYS, Tracing, stage, traced

_log = logging.getLogger(__name__)

PREDICTION_KEY: Final = "inkstream-predicted-ms"
"""Initial metadata: milliseconds that the whole answer was expected to take, when it was let in."""

# Seconds that a call's status may take to be sent, before the call is over for this side.
_STATUS_S: Final = 1.0

# grpcio leaves a context's message types open.
Context = grpc.aio.ServicerContext[Any, Any]


class AnswersUnread(OcrError):
    """The client has taken none of its answers for too long, with documents of it inside."""

    reason = "ANSWERS_UNREAD"
    fault = Fault.LATE


class Calls:
    """The calls that are being answered."""

    def __init__(
        self, metrics: Metrics, *, max_unread_s: float, tracing: Tracing | None = None
    ) -> None:
        """`max_unread_s`: for how long an answer may wait to be taken by its client.

        `tracing` None: no call is traced.
        """
        self._metrics = metrics
        self._tracing = tracing
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
    def counted(
        self, method: str, request_id: str, peer: str, parent: Mapping[str, str]
    ) -> Iterator[CallFacts]:
        """Have the current task count as a call within the block, which says how it ends.

        `parent` is what the caller says of the trace that it belongs to.
        """
        record = CallFacts(request_id, method, peer, principal=caller_name(""))
        started_at = time.monotonic()
        self.last_came_at = started_at
        task = asyncio.current_task()
        assert task is not None, "every call is answered in a task of its own"
        self._tasks.add(task)
        try:
            with (
                working_for(record),
                self._metrics.calls.in_flight.labels(method).track_inprogress(),
                traced(self._tracing, record, parent),
            ):
                yield record
        finally:
            self._tasks.discard(task)
            elapsed_s = time.monotonic() - started_at
            self._metrics.calls.ended.labels(method, record.reason).inc()
            self._metrics.calls.seconds.labels(method, record.outcome).observe(elapsed_s)
            _log.info("call ended", extra=_told(record, elapsed_s))

    @asynccontextmanager
    async def answering(self, method: str, context: Context) -> AsyncIterator[str]:
        """Answer a call of gRPC within the block, which is given the request's id.

        An OcrError that leaves the block ends the call with its status; any other exception is a
        bug, logged here and told to the caller as no more than an internal error.
        """
        request_id = request_id_in(context)
        context.set_trailing_metadata(((REQUEST_ID_KEY, request_id),))
        with self.counted(method, request_id, context.peer(), _parent_in(context)) as record:
            try:
                yield request_id
            except OcrError as error:
                record.fail(error)
                await abort(context, error, request_id)
            except asyncio.CancelledError:
                if self._is_ending:
                    uncancel()
                    shut_down = ShuttingDown("the server shut down meanwhile")
                    record.fail(shut_down)
                    await abort(context, shut_down, request_id)
                record.cancel(_reason_of_end(context))
                raise
            except grpc.aio.InternalError as error:  # nothing can be sent: the client has gone
                record.cancel(_reason_of_end(context))
                raise asyncio.CancelledError from error
            except Exception as error:  # noqa: BLE001 - the call's boundary: logged and answered
                _log.exception("a call failed")
                fault = InternalError(str(error))
                record.fail(fault)
                await abort(context, fault, request_id)

    async def send(self, context: Context, answer: Message) -> None:
        """Write one answer of a stream, once HTTP/2's flow control lets it go.

        Raises AnswersUnread where the client does not take it.
        """
        with stage("answer"):
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

    def note_received(self, method: str, size_bytes: int) -> None:
        """Count what has come of a call, or a part of it."""
        self._metrics.calls.received_bytes.labels(method).inc(size_bytes)

    def note_sent(self, method: str, size_bytes: int) -> None:
        """Count what is sent to its client, or a part of it."""
        self._metrics.calls.sent_bytes.labels(method).inc(size_bytes)


def caller_of(context: Context) -> Caller:
    left_s = context.time_remaining()
    name = caller_name(context.peer())
    return Caller(name, None if left_s is None else time.monotonic() + left_s)


async def tell_prediction(context: Context, predicted_s: float) -> None:
    """Send the initial metadata of an answer."""
    await context.send_initial_metadata((prediction(predicted_s),))


def prediction(predicted_s: float) -> tuple[str, str]:
    """The metadata, or header, that tells it: in milliseconds."""
    return PREDICTION_KEY, f"{1000 * predicted_s:.0f}"


async def abort(context: Context, error: OcrError, request_id: str) -> None:
    """End a call of gRPC with its error. Of what is our fault the log is told all."""
    log_fault(error, request_id)
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
    told = (
        (status.DETAILS_KEY, status.details(error, request_id)),
        (REQUEST_ID_KEY, request_id),
    )
    pushback_ms = status.pushback_ms(error, left_s)
    return told if pushback_ms is None else (*told, (status.PUSHBACK_KEY, str(pushback_ms)))


def uncancel() -> None:
    """Let the current task go on, which was told to end, so that it can say so."""
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()


def request_id_in(context: Context) -> str:
    """What a call of gRPC is called."""
    metadata = context.invocation_metadata() or ()
    return request_id_of(value for key, value in metadata if key == REQUEST_ID_KEY)


def _parent_in(context: Context) -> Mapping[str, str]:
    metadata = context.invocation_metadata() or ()
    return {key: str(value) for key, value in metadata if key in PARENT_KEYS}


def _reason_of_end(context: Context) -> str:
    """Why a call was cancelled: by its deadline, or by who called."""
    left_s = context.time_remaining()
    return "DEADLINE_EXCEEDED" if left_s is not None and left_s <= 0 else "CANCELLED"


def _told(call: CallFacts, elapsed_s: float) -> Mapping[str, object]:
    """What the log is told of a call: of what was read, how much, and nothing else."""
    return fields(
        method=call.method,
        request=call.request_id,
        reason=call.reason,
        elapsed_ms=round(1000 * elapsed_s, 1),
        peer=call.peer,
        principal=call.principal,
        pages=call.page_count,
        failed_pages=call.failed_page_count,
        lines=call.line_count,
    )
