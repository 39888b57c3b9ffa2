"""The HTTP side of the front: health and metrics for those who do not speak gRPC."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from inkstream_server.front.listening import AddressInUse, FrontConfig, address_of


class HttpServer:
    """GET /health (200 or 503) and GET /metrics (Prometheus)."""

    def __init__(
        self, config: FrontConfig, registry: CollectorRegistry, is_serving: Callable[[], bool]
    ) -> None:
        self._config = config
        self._registry = registry
        self._is_serving = is_serving
        app = web.Application()
        app.add_routes([web.get("/health", self._health), web.get("/metrics", self._metrics)])
        self._runner = web.AppRunner(app, access_log=None)
        self.port = 0

    async def start(self) -> None:
        """Listen. Raises AddressInUse."""
        assert self._config.http_port is not None
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._config.host, self._config.http_port)
        try:
            await site.start()
        except OSError as error:
            address = address_of(self._config.host, self._config.http_port)
            raise AddressInUse(
                f"cannot listen on {address}: {error.strerror}; choose another with --http-port"
            ) from error
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _health(self, request: web.Request) -> web.Response:
        del request
        if self._is_serving():
            return web.json_response({"status": "SERVING"})
        return web.json_response({"status": "NOT_SERVING"}, status=503)

    async def _metrics(self, request: web.Request) -> web.Response:
        del request
        return web.Response(
            body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )
