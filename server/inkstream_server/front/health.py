"""Answers the standard health checks. Whether the server is well is what the app says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from grpc_health.v1 import health_pb2, health_pb2_grpc

from inkstream_server.errors import ShuttingDown, shortened
from inkstream_server.front.calls import Context, abort, request_id_in
from inkstream_server.front.unknown import ServiceUnknown

Response = health_pb2.HealthCheckResponse

LIVENESS: Final = "liveness"
"""A name that is SERVING for as long as the process answers, also while it starts and drains: who
restarts servers asks by it, who sends them calls by the others."""

_UNKNOWN: Final = Response.SERVICE_UNKNOWN
_SHOWN_LENGTH: Final = 128


class HealthService(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # it has no types
    """One status for all services; NOT_SERVING until it is set. LIVENESS stands beside them.

    grpc_health's own servicer lets whoever watches use up the grace that calls in flight are given
    when a server stops: a watch has no end of its own. Here it ends when `end_watches` says so.
    """

    def __init__(self, services: Sequence[str]) -> None:
        self._services = ("", *services)
        self._status = {LIVENESS: Response.SERVING}
        self._status |= dict.fromkeys(self._services, Response.NOT_SERVING)
        self._is_ending = False
        self._changed = asyncio.Condition()

    @property
    def is_serving(self) -> bool:
        return bool(self._status[""] == Response.SERVING)

    async def set_serving(self, *, is_serving: bool) -> None:
        status = Response.SERVING if is_serving else Response.NOT_SERVING
        async with self._changed:
            self._status |= dict.fromkeys(self._services, status)
            self._changed.notify_all()

    async def end_watches(self) -> None:
        """Let every watch end, once it has told the last status."""
        async with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    async def Check(  # noqa: N802 - the contract's name
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> health_pb2.HealthCheckResponse:
        if request.service not in self._status:
            service = shortened(request.service, _SHOWN_LENGTH)
            error = ServiceUnknown(f"this server has no service {service!r}", service=service)
            await abort(context, error, request_id_in(context))
        return Response(status=self._status[request.service])

    async def List(  # noqa: N802 - as above
        self, request: health_pb2.HealthListRequest, context: Context
    ) -> health_pb2.HealthListResponse:
        statuses = {name: Response(status=status) for name, status in self._status.items()}
        return health_pb2.HealthListResponse(statuses=statuses)

    async def Watch(  # noqa: N802 - as above
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> None:
        told = None
        while not self._is_ending or told != self._status.get(request.service, _UNKNOWN):
            told = self._status.get(request.service, _UNKNOWN)
            await context.write(Response(status=told))
            await self._change(request.service, told)
        error = ShuttingDown("the server is shutting down")
        await abort(context, error, request_id_in(context))

    async def _change(self, service: str, told: int) -> None:
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._is_ending or self._status.get(service, _UNKNOWN) != told
            )
