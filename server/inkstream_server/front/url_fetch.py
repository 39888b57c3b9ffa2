"""Fetches the documents that URLs name, within the limits that are configured.

`url_rules` decides what may be fetched. Every address is looked at as it is connected to: what a
name resolved to a moment before, or at another hop, counts for nothing.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

import aiohttp
from aiohttp import hdrs
from yarl import URL

from inkstream_server.errors import Fault, OcrError, QueueFull, UriNotAllowed
from inkstream_server.front.url_resolver import OwnThreadsResolver
from inkstream_server.front.url_rules import UrlConfig, UrlRules
from inkstream_server.telemetry.metrics import UrlMetrics

_OK: Final = 200
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_TOO_MANY_REQUESTS: Final = 429
_FIRST_SERVER_ERROR: Final = 500
_IDENTITY: Final = "identity"


class UriFetchFailed(OcrError):
    """What a URL names cannot be had: its host says so, or says what is not understood."""

    reason = "URI_FETCH_FAILED"
    fault = Fault.CALLER


class UriUnreachable(OcrError):
    """The host of a URL cannot be reached, or not just now."""

    reason = "URI_UNREACHABLE"
    fault = Fault.AWAY


class UriTimeout(OcrError):
    """The host of a URL takes too long."""

    reason = "URI_TIMEOUT"
    fault = Fault.LATE


class Sink(Protocol):
    """Where a document goes. Both raise ContentTooLarge."""

    def check_size(self, size_bytes: int) -> None: ...
    async def append(self, part: bytes) -> None: ...


class _AddressRefused(OSError):
    """The address may not be connected to. The connector tries the next of the name's."""


class UrlFetcher:
    """Fetches for any number of callers. Closed by its owner."""

    def __init__(self, config: UrlConfig, metrics: UrlMetrics) -> None:
        self._config = config
        self._rules = UrlRules(config)
        self._metrics = metrics
        self._fetching_count = 0
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, text: str, sink: Sink) -> None:
        """Put what the URL names into the sink.

        Raises UriNotAllowed, InvalidField, UriFetchFailed, UriUnreachable, UriTimeout, QueueFull
        and what the sink raises.
        """
        with self._counted():
            url = self._rules.allowed(text)
            with self._place():
                await self._fetch(url, sink)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _fetch(self, url: URL, sink: Sink) -> None:
        host = url.raw_host
        try:
            async with asyncio.timeout(self._config.total_s):
                await self._follow(url, sink)
        except TimeoutError as error:
            raise UriTimeout(f"{host} takes too long to answer") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise UriUnreachable(f"the certificate of {host} is not to be trusted") from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _AddressRefused):
                raise UriNotAllowed(f"{host} is at an address that is not public") from error
            raise UriUnreachable(f"{host} cannot be connected to") from error
        except aiohttp.InvalidURL as error:
            raise UriNotAllowed(f"{host} is no way to write a host") from error
        except aiohttp.ClientError as error:
            raise UriUnreachable(f"{host} gives no whole answer: {type(error).__name__}") from error

    async def _follow(self, url: URL, sink: Sink) -> None:
        for _ in range(self._config.max_redirects + 1):
            async with self._opened().get(url, allow_redirects=False) as response:
                location = response.headers.get(hdrs.LOCATION)
                if response.status not in _REDIRECTS or location is None:
                    await self._take(response, sink)
                    return
                url = self._rules.redirected(url, location)
        raise UriFetchFailed(
            f"{url.raw_host} sends on more than {self._config.max_redirects} times"
        )

    async def _take(self, response: aiohttp.ClientResponse, sink: Sink) -> None:
        _check_status(response)
        encoding = response.headers.get(hdrs.CONTENT_ENCODING, _IDENTITY)
        if (
            encoding.lower() != _IDENTITY
        ):  # none was asked for; what it would expand to is not known
            raise UriFetchFailed(f"{response.url.raw_host} sends it encoded as {encoding}")
        sink.check_size(response.content_length or 0)
        async for part in response.content.iter_any():
            self._metrics.fetched_bytes.inc(len(part))
            await sink.append(part)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # they are counted here
                    resolver=OwnThreadsResolver(),
                    happy_eyeballs_delay=None,
                    socket_factory=self._socket,
                ),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self._config.connect_s, sock_read=self._config.idle_s
                ),
                headers={hdrs.ACCEPT_ENCODING: _IDENTITY, hdrs.USER_AGENT: "inkstream"},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    # The library's own type is not public.
    def _socket(self, address: tuple[Any, ...]) -> socket.socket:
        """The socket that connects to the address, and to no other."""
        family, kind, protocol, _, sockaddr = address
        if not self._rules.allows_address(sockaddr[0]):
            raise _AddressRefused("the address is refused")
        return socket.socket(family, kind, protocol)

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._fetching_count >= self._config.max_fetches:
            raise QueueFull(
                f"{self._fetching_count} URLs are being fetched; no more are just now",
                max_fetches=self._config.max_fetches,
            )
        self._fetching_count += 1
        try:
            with self._metrics.in_flight.track_inprogress():
                yield
        finally:
            self._fetching_count -= 1

    @contextmanager
    def _counted(self) -> Iterator[None]:
        reason, started_at = "CANCELLED", time.monotonic()
        try:
            yield
            reason = "OK"
        except OcrError as error:
            reason = error.reason
            raise
        finally:
            self._metrics.ended.labels(reason).inc()
            self._metrics.seconds.observe(time.monotonic() - started_at)


def _check_status(response: aiohttp.ClientResponse) -> None:
    status, host = response.status, response.url.raw_host
    if status == _OK:
        return
    message = f"{host} answers with status {status}"
    if status == _TOO_MANY_REQUESTS or status >= _FIRST_SERVER_ERROR:
        raise UriUnreachable(message, status=status)
    raise UriFetchFailed(message, status=status)
