"""Closes gRPC to everybody but who is known, and counts what each has in flight.

Who is known, the doorkeeper says. Health stays open: who asks for it has no token.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import grpc.aio
from grpc_health.v1 import health_pb2

from inkstream_server.errors import OcrError
from inkstream_server.front.calls import Calls, Context
from inkstream_server.front.certificate_names import names_in_context
from inkstream_server.front.decoding import is_ours
from inkstream_server.front.identity import Doorkeeper, call_is_by
from inkstream_server.front.unknown import UNKNOWN_METHOD
from inkstream_server.scheduling.accounts import Accounts

if TYPE_CHECKING:
    from inkstream_server.front.decoding import Continuation, Handler

_OPEN: Final = f"/{health_pb2.DESCRIPTOR.services_by_name['Health'].full_name}/"
_AUTHORIZATION: Final = "authorization"


class GuardingCalls(grpc.aio.ServerInterceptor):
    """Stands before every other interceptor. A refused call's request is not even received."""

    def __init__(self, doorkeeper: Doorkeeper, accounts: Accounts, calls: Calls) -> None:
        self._doorkeeper = doorkeeper
        self._accounts = accounts
        self._calls = calls

    async def intercept_service(
        self, continuation: Continuation, handler_call_details: grpc.HandlerCallDetails
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        path = handler_call_details.method
        if self._doorkeeper.is_open or path.startswith(_OPEN):
            return handler
        # A handler that refuses what is not there writes no answers.
        is_there = handler is not None and handler.response_serializer is not None
        method = path.rpartition("/")[2] if is_there else UNKNOWN_METHOD
        metadata = handler_call_details.invocation_metadata or ()
        authorization = [str(value) for key, value in metadata if key == _AUTHORIZATION]
        try:
            if principal := self._doorkeeper.by_token(authorization):
                self._enter(principal)
                return handler
        except OcrError as error:
            return self._refusing(method, error)
        # TLS has refused who has no certificate. Who it names is known with the call's context.
        if handler is None or not is_ours(handler_call_details):
            return handler
        return self._naming(method, handler)

    def _enter(self, principal: str) -> None:
        """Count the current task's call until it ends, however that comes about."""
        task = asyncio.current_task()
        assert task is not None, "gRPC answers every call in a task of its own"
        self._accounts.requests.take(principal, 1)
        task.add_done_callback(lambda _: self._accounts.requests.give_back(principal, 1))
        call_is_by(principal)

    def _refusing(self, method: str, error: OcrError) -> Handler:
        """Answers without a look at the request, whatever the method's own type."""

        async def refuse(requests: AsyncIterator[bytes], context: Context) -> None:
            del requests
            await self._refuse(method, context, error)

        return grpc.stream_stream_rpc_method_handler(refuse)

    def _naming(self, method: str, handler: Handler) -> Handler:
        ingoing = "stream" if handler.request_streaming else "unary"
        kind = f"{ingoing}_{'stream' if handler.response_streaming else 'unary'}"
        behaviour: Callable[[Any, Context], Awaitable[object]] = getattr(handler, kind)

        async def named(request: object, context: Context) -> object:
            names = names_in_context(context.auth_context())
            try:
                self._enter(self._doorkeeper.by_certificate(names))
            except OcrError as error:
                await self._refuse(method, context, error)
            return await behaviour(request, context)

        # A named tuple by all but its type.
        changed: Handler = handler._replace(**{kind: named})  # type: ignore[attr-defined]
        return changed

    async def _refuse(self, method: str, context: Context, error: OcrError) -> None:
        async with self._calls.answering(method, context):
            raise error
