"""What every call of HTTP has around it: an id, errors as JSON, a line in the log, its metrics."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import web

from inkstream_server.errors import InternalError, OcrError, ShuttingDown
from inkstream_server.front import http_status
from inkstream_server.front.calls import Calls, uncancel
from inkstream_server.front.failures import log_fault
from inkstream_server.front.http_ids import name_of, name_request
from inkstream_server.front.identity import caller_name
from inkstream_server.front.request_ids import REQUEST_ID_KEY, chosen_id, is_request_id
from inkstream_server.telemetry.call import CallFacts
from inkstream_server.telemetry.tracing import PARENT_KEYS

_log = logging.getLogger(__name__)


# Seconds that an answer may take to be ended with its error.
_LAST_WORDS_S: Final = 1.0

EndWith = Callable[[OcrError], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class HttpCall:
    """One call that is being answered."""

    request: web.Request
    record: CallFacts
    log_id: str
    note_received: Callable[[int], None]
    note_sent: Callable[[int], None]
    has_begun: bool = False  # to be answered: its status has been sent
    # Ends an answer that has begun with its error, where its format has a place for one.
    end_with: EndWith | None = None

    @property
    def client(self) -> str:
        """Who calls: one principal, or where there are none one connection, as with gRPC."""
        return caller_name(peer_of(self.request))

    def is_called(self, log_id: str) -> None:
        """Note what the client calls it. We do too, where it may choose that and has not yet."""
        self.log_id = log_id
        has_chosen = chosen_id([self.request.headers.get(REQUEST_ID_KEY)]) is not None
        if is_request_id(log_id) and not has_chosen:
            name_request(self.request, log_id)
            self.record.request_id = log_id


Work = Callable[[HttpCall], Awaitable[web.StreamResponse]]


async def answer(calls: Calls, method: str, request: web.Request, work: Work) -> web.StreamResponse:
    """The answer that `work` gives, or that of what went wrong with it.

    Where the answer has begun already, and has no place for an error, nothing but the end of the
    connection tells that it failed.
    """
    request_id = name_of(request)
    parent = {key: request.headers[key] for key in PARENT_KEYS if key in request.headers}
    with calls.counted(method, request_id, peer_of(request), parent) as record:
        received, sent = partial(calls.note_received, method), partial(calls.note_sent, method)
        call = HttpCall(request, record, request_id, received, sent)
        try:
            return await work(call)
        except OcrError as failure:
            error = failure
        except asyncio.CancelledError:
            if not calls.is_ending:
                record.cancel("CANCELLED")
                raise
            uncancel()
            error = ShuttingDown("the server shut down meanwhile")
        except ConnectionError as lost:
            record.cancel("CANCELLED")
            raise asyncio.CancelledError from lost
        except Exception as bug:  # noqa: BLE001 - the call's boundary: logged and answered
            _log.exception("a call failed")
            error = InternalError(str(bug))
        record.fail(error)
        return await _failed(call, error)


def peer_of(request: web.Request) -> str:
    address = request.transport and request.transport.get_extra_info("peername")
    return f"http:{address[0]}:{address[1]}" if address else "http:"


async def _failed(call: HttpCall, error: OcrError) -> web.StreamResponse:
    log_fault(error, call.record.request_id)
    if call.has_begun:
        return await _broken_off(call, error)
    told = json.dumps(http_status.failure(error, call.log_id, call.record.request_id))
    call.note_sent(len(told))
    return web.json_response(
        text=told, status=http_status.code_of(error), headers=http_status.headers(error)
    )


async def _broken_off(call: HttpCall, error: OcrError) -> web.StreamResponse:
    if call.end_with is not None:
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(_LAST_WORDS_S):
                return await call.end_with(error)
    if call.request.transport is not None:
        call.request.transport.abort()  # what is unsent is not taken, or no whole answer
    raise asyncio.CancelledError from error
