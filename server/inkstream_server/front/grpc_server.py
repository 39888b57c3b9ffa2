"""The gRPC server: services, health, reflection, limits. When it runs is the app's business."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from inkstream.v1 import models_pb2, models_pb2_grpc, ocr_pb2, ocr_pb2_grpc
from inkstream_server.front.decoding import DecodingRequests
from inkstream_server.front.guarding import GuardingCalls
from inkstream_server.front.health import HealthService
from inkstream_server.front.listening import AddressInUse, FrontConfig
from inkstream_server.front.model_service import ModelService
from inkstream_server.front.ocr_service import OcrService
from inkstream_server.front.tls import Tls
from inkstream_server.front.traffic import CountingBytes

_SERVICES: Final = (
    ocr_pb2.DESCRIPTOR.services_by_name["OcrService"].full_name,
    models_pb2.DESCRIPTOR.services_by_name["ModelService"].full_name,
)
_HEALTH: Final = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_REFLECTED: Final = (*_SERVICES, _HEALTH, reflection.SERVICE_NAME)


@dataclass(frozen=True, slots=True)
class Services:
    ocr: OcrService
    models: ModelService


@dataclass(frozen=True, slots=True)
class Entrance:
    """What stands before all services. `tls` None: connections are in plain text."""

    guarding: GuardingCalls
    decoding: DecodingRequests
    counting: CountingBytes
    tls: Tls | None


class GrpcServer:
    """The gRPC side of the front. Health says NOT_SERVING until it is told otherwise."""

    def __init__(self, config: FrontConfig, services: Services, entrance: Entrance) -> None:
        self._server = grpc.aio.server(
            interceptors=[entrance.guarding, entrance.decoding, entrance.counting],
            options=_options(config),
        )
        self._health = HealthService(_SERVICES)
        ocr_pb2_grpc.add_OcrServiceServicer_to_server(services.ocr, self._server)
        models_pb2_grpc.add_ModelServiceServicer_to_server(services.models, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if config.reflection:
            reflection.enable_server_reflection(_REFLECTED, self._server)
        self._address = config.address
        self._tls = entrance.tls
        self.port = 0

    async def start(self) -> None:
        """Listen, and answer health checks. Raises AddressInUse."""
        try:
            self.port = self._add_port()
        except RuntimeError as error:
            raise AddressInUse(
                f"cannot listen on {self._address}: is another server there? choose with --port"
            ) from error
        await self._server.start()

    @property
    def is_serving(self) -> bool:
        """What health checks are told."""
        return self._health.is_serving

    def _add_port(self) -> int:
        if self._tls is None:
            return self._server.add_insecure_port(self._address)
        return self._server.add_secure_port(self._address, self._tls.grpc_credentials())

    async def set_serving(self, *, is_serving: bool) -> None:
        """What health checks are told from now on."""
        await self._health.set_serving(is_serving=is_serving)

    async def stop(self, grace_s: float) -> None:
        """Send connections away; calls in flight have `grace_s` to finish, then are cancelled.

        What comes before a client knows is cancelled. It may be called again, with less grace.
        """
        await self._health.end_watches()
        await self._server.stop(grace_s)


def _options(config: FrontConfig) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", config.max_message_bytes),
        ("grpc.max_send_message_length", config.max_message_bytes),
        ("grpc.server_handshake_timeout_ms", 10_000),
        ("grpc.so_reuseport", 0),  # a second server on the port is a mistake, and is told
        # Clients may ping an idle connection this often to keep it open through a proxy.
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        # A page of a picture is one message: without this, gRPC would grow its window slowly.
        ("grpc.http2.lookahead_bytes", 1 << 20),
    ]
