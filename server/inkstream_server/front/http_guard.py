"""Closes HTTP to everybody but who is known, by the rules of gRPC.

A refused request's body is not read: what comes of it is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from inkstream_server.errors import OcrError
from inkstream_server.front.calls import Calls
from inkstream_server.front.certificate_names import names_in_certificate
from inkstream_server.front.http_calls import HttpCall, answer
from inkstream_server.front.identity import Doorkeeper, called_by
from inkstream_server.front.unknown import UNKNOWN_METHOD
from inkstream_server.scheduling.accounts import Accounts


@dataclass(frozen=True, slots=True)
class HttpGuard:
    """`open_paths` are for everybody."""

    doorkeeper: Doorkeeper
    accounts: Accounts
    calls: Calls
    open_paths: frozenset[str]

    def middleware(self) -> Middleware:
        @web.middleware
        async def guarding(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self.doorkeeper.is_open or request.path in self.open_paths:
                return await handler(request)
            try:
                principal = self._principal(request)
                self.accounts.requests.take(principal, 1)
            except OcrError as error:
                return await self._refuse(request, error)
            try:
                with called_by(principal):
                    return await handler(request)
            finally:
                self.accounts.requests.give_back(principal, 1)

        return guarding

    def _principal(self, request: web.Request) -> str:
        """Where a token is asked for it says who calls, and a certificate is needed beside it."""
        transport = request.transport
        certificate: dict[str, Any] | None = (
            None if transport is None else transport.get_extra_info("peercert")
        )
        by_certificate = self.doorkeeper.by_certificate(names_in_certificate(certificate))
        tokens = request.headers.getall(hdrs.AUTHORIZATION, [])
        return self.doorkeeper.by_token(tokens) or by_certificate

    async def _refuse(self, request: web.Request, error: OcrError) -> web.StreamResponse:
        async def refuse(call: HttpCall) -> web.StreamResponse:
            raise error

        return await answer(self.calls, _method(request), request, refuse)


def _method(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return UNKNOWN_METHOD if resource is None else f"{request.method} {resource.canonical}"
