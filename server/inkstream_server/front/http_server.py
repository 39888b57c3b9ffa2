"""The HTTP server: reading for programs and people, health and metrics for who watches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from inkstream_server.front.health import LIVENESS
from inkstream_server.front.http_connections import (
    ConnectionLimits,
    Doorway,
    connection_limit,
    told,
)
from inkstream_server.front.http_guard import HttpGuard
from inkstream_server.front.http_ids import tell_name
from inkstream_server.front.http_ocr import OcrEndpoint
from inkstream_server.front.listening import AddressInUse, FrontConfig, address_of
from inkstream_server.front.live_endpoint import LiveEndpoint
from inkstream_server.front.pages_endpoint import PagesEndpoint
from inkstream_server.front.tls import Tls
from inkstream_server.front.viewer_files import ViewerFiles

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEALTH_PATH: Final = "/health"
METRICS_PATH: Final = "/metrics"

_UNAVAILABLE: Final = 503
# For the last bytes of answers to be written, once all calls have ended.
_LAST_WORDS_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Watching:
    """What is told to who watches the server."""

    registry: CollectorRegistry
    is_serving: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Viewer:
    """The page to look at, and what it shows of the server."""

    files: ViewerFiles
    live: LiveEndpoint

    def routes(self) -> list[web.RouteDef]:
        return [*self.files.routes(), web.get("/live.json", self.live.get)]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What answers; without a viewer there is no page to look at."""

    ocr: OcrEndpoint
    pages: PagesEndpoint
    viewer: Viewer | None

    @property
    def open_paths(self) -> frozenset[str]:
        """What is the same for everybody: the files that the page is made of."""
        return frozenset() if self.viewer is None else self.viewer.files.paths


class HttpServer:
    """POST /ocr, POST /pages, GET /health (200 or 503), GET /metrics (Prometheus), the viewer."""

    def __init__(
        self,
        config: FrontConfig,
        endpoints: Endpoints,
        watching: Watching,
        guard: HttpGuard,
        tls: Tls | None,
    ) -> None:
        """`tls` None: connections are in plain text."""
        self._config = config
        self._watching = watching
        self._viewer = endpoints.viewer
        self._tls = tls
        app = web.Application(middlewares=[_refusals_as_json, guard.middleware()])
        app.on_response_prepare.append(tell_name)
        app.add_routes(
            [
                web.post("/ocr", endpoints.ocr.post),
                web.post("/pages", endpoints.pages.post),
                web.get(HEALTH_PATH, self._health),
                web.get(METRICS_PATH, self._metrics),
                *(endpoints.viewer.routes() if endpoints.viewer is not None else ()),
            ]
        )
        self._runner = web.AppRunner(
            app,
            handler_cancellation=True,
            shutdown_timeout=_LAST_WORDS_S,
        )
        self._listening: asyncio.Server | None = None
        self._doorway: Doorway | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen. Raises AddressInUse."""
        assert self._config.http_port is not None
        await self._runner.setup()
        assert self._runner.server is not None
        limits = ConnectionLimits(
            most=connection_limit(self._config.max_http_connections),
            max_idle_s=self._config.max_http_idle_s,
        )
        self._doorway = Doorway(self._runner.server, limits, self._tls)
        try:
            self._listening = await asyncio.get_running_loop().create_server(
                self._doorway.door,
                self._config.host,
                self._config.http_port,
            )
        except OSError as error:
            address = address_of(self._config.host, self._config.http_port)
            raise AddressInUse(
                f"cannot listen on {address}: {error.strerror}; choose another with --http-port"
            ) from error
        self.port = self._listening.sockets[0].getsockname()[1]
        if self._viewer is not None:
            self._viewer.live.start()

    async def stop(self) -> None:
        if self._viewer is not None:
            self._viewer.live.stop()
        if self._listening is not None:
            self._listening.close()
        if self._doorway is not None:
            await self._doorway.close()
        await self._runner.cleanup()

    async def _health(self, request: web.Request) -> web.Response:
        """PaddleX's members, and `status` as gRPC's health check tells it of a `service`."""
        if self._watching.is_serving() or request.query.get("service") == LIVENESS:
            return told(request, 0, "Healthy", status="SERVING")
        return told(request, _UNAVAILABLE, "Not ready", status="NOT_SERVING")

    async def _metrics(self, request: web.Request) -> web.Response:
        del request
        return web.Response(
            body=generate_latest(self._watching.registry),
            headers={"Content-Type": CONTENT_TYPE_LATEST},
        )


@web.middleware
async def _refusals_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What is not there, or not by that method, is told as everything else is."""
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        headers = {name: refusal.headers[name] for name in ("Allow",) if name in refusal.headers}
        answer = told(request, refusal.status, refusal.reason)
        answer.headers.update(headers)
        return answer
