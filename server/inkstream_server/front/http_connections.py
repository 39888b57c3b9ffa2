"""Bounds the connections of HTTP, and refuses what comes on them that is no HTTP.

How requests are answered is not known here.

A connection takes a file descriptor, and gRPC and the workers live on the same ones.
"""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, cast

from aiohttp import http_exceptions, web

from inkstream_server.front import http_status
from inkstream_server.front.http_ids import name_of
from inkstream_server.front.http_schema import RequestNotJson
from inkstream_server.front.request_ids import REQUEST_ID_KEY, new_request_id
from inkstream_server.front.tls import Tls

_CLIENTS_MISTAKES: Final = (http_exceptions.HttpProcessingError, web.RequestPayloadError)

_REFUSAL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Content-Type: application/json\r\nx-request-id: %s\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s"
)
_UNAVAILABLE: Final = 503
_TOO_MANY: Final = "The server has too many connections"
# Seconds for a handshake of TLS, and for the other side's word that it has done with it.
_HANDSHAKE_S: Final = 10.0
_FAREWELL_S: Final = 2.0


def connection_limit(wanted: int) -> int:
    """As many as are wanted, but no more than half of what this process may have open."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if most == resource.RLIM_INFINITY else max(1, min(wanted, most // 2))


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """`max_idle_s`: from when one is made, or its last answer sent, to a request's whole head."""

    most: int
    max_idle_s: float


def told(request: web.BaseRequest, code: int, message: str, **more: str) -> web.Response:
    """An answer to what is no call: PaddleX's members, and more. `code` 0: nothing is wrong."""
    members = _members(name_of(request), code, message)
    return web.json_response({**members, **more}, status=code or web.HTTPOk.status_code)


class Doorway:
    """Where connections are made: each given to the server, or refused where that has enough.

    One that has not shaken hands yet counts: it has its descriptor.
    """

    def __init__(self, server: web.Server, limits: ConnectionLimits, tls: Tls | None) -> None:
        """`tls` None: connections are in plain text."""
        self._server = server
        self._limits = limits
        self._tls = tls
        self._shaking_hands: set[asyncio.Task[None]] = set()

    def door(self) -> asyncio.Protocol:
        """For one connection."""
        return _Door(self._enter)

    async def close(self) -> None:
        """Give up the connections that have not shaken hands yet."""
        for task in self._shaking_hands:
            task.cancel()
        await asyncio.gather(*self._shaking_hands, return_exceptions=True)

    def _enter(self, transport: asyncio.Transport) -> None:
        if len(self._server.connections) + len(self._shaking_hands) >= self._limits.most:
            self._refuse(transport)
        elif self._tls is None:
            handler = self._handler()
            transport.set_protocol(handler)
            handler.connection_made(transport)
        else:
            transport.pause_reading()  # what comes before TLS is there to take it
            task = asyncio.create_task(self._shake_hands(transport, self._tls.http_context))
            self._shaking_hands.add(task)
            task.add_done_callback(self._shaking_hands.discard)

    def _refuse(self, transport: asyncio.Transport) -> None:
        if self._tls is None:  # else nothing can be told before hands are shaken
            request_id = new_request_id()
            body = json.dumps(_members(request_id, _UNAVAILABLE, _TOO_MANY)).encode()
            transport.write(_REFUSAL % (request_id.encode(), len(body), body))
        transport.close()

    async def _shake_hands(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        handler = self._handler()
        with suppress(OSError):  # it speaks no TLS, is too slow, or gone; and closed already
            secured = await asyncio.get_running_loop().start_tls(
                transport,
                handler,
                context,
                server_side=True,
                ssl_handshake_timeout=min(_HANDSHAKE_S, self._limits.max_idle_s),
                ssl_shutdown_timeout=_FAREWELL_S,
            )
            assert secured is not None, "it is for transports without sockets only"
            handler.connection_made(secured)

    def _handler(self) -> _Connection:
        return _Connection(
            self._server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=self._limits.max_idle_s,
            access_log=None,  # type: ignore[arg-type] # None is none; AppRunner passes it too
            logger=_quiet_logger(),
        )


class _Door(asyncio.Protocol):
    """One connection until it is made."""

    def __init__(self, enter: Callable[[asyncio.Transport], None]) -> None:
        self._enter = enter

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._enter(cast(asyncio.Transport, transport))  # a protocol of a stream has no other


class _Connection(web.RequestHandler):
    """One that is let in. What is no HTTP is refused as everything else is, in JSON."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        super().handle_error(request, status, exc, message)  # it logs, and sees what has been sent
        if isinstance(exc, http_exceptions.ContentEncodingError):
            answer = _not_decoded(request)
        else:
            answer = told(request, status, HTTPStatus(status).phrase)
        answer.headers[REQUEST_ID_KEY] = name_of(request)  # nobody prepares it as others are
        answer.force_close()
        return answer


def _members(request_id: str, code: int, message: str) -> dict[str, object]:
    return {"logId": request_id, "errorCode": code, "errorMsg": message}


def _not_decoded(request: web.BaseRequest) -> web.Response:
    error = RequestNotJson("the body is encoded as what is not read; gzip and deflate are")
    request_id = name_of(request)
    return web.json_response(
        http_status.failure(error, request_id, request_id), status=http_status.code_of(error)
    )


def _is_worth_logging(record: logging.LogRecord) -> bool:
    """Any scan of the port would fill the log, with a trace for each request that is no HTTP."""
    return not (record.exc_info and isinstance(record.exc_info[1], _CLIENTS_MISTAKES))


def _quiet_logger() -> logging.Logger:
    logger = logging.getLogger(__name__)
    logger.addFilter(_is_worth_logging)  # one filter, however often it is added
    return logger
