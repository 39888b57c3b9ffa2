"""How a client reaches its server: address, limits, retries, as gRPC's own channel options."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import grpc

DEFAULT_TARGET: Final = "localhost:50051"
DEFAULT_MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
DEFAULT_ATTEMPT_COUNT: Final = 4


@dataclass(frozen=True, slots=True)
class Connection:
    """What every call of one client shares; the fields are its constructor's arguments."""

    target: str
    timeout_s: float | None
    credentials: grpc.ChannelCredentials | None
    metadata: tuple[tuple[str, str], ...]
    max_message_bytes: int
    attempt_count: int

    def deadline_s(self, timeout_s: float | None) -> float | None:
        return self.timeout_s if timeout_s is None else timeout_s

    def channel_options(self) -> list[tuple[str, str | int]]:
        return [
            # gRPC would let all channels of a process to one server share a connection.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_send_message_length", self.max_message_bytes),
            ("grpc.max_receive_message_length", self.max_message_bytes),
            # A call is only tried again while its request fits this buffer, and the default,
            # 256 KiB, is smaller than most scans.
            ("grpc.per_rpc_retry_buffer_size", self.max_message_bytes),
            ("grpc.enable_retries", int(self.attempt_count > 1)),
            ("grpc.service_config", json.dumps(self._service_config())),
        ]

    def _service_config(self) -> dict[str, object]:
        if self.attempt_count <= 1:
            return {}
        retries = {
            "maxAttempts": self.attempt_count,
            "initialBackoff": "0.1s",
            "maxBackoff": "2s",
            "backoffMultiplier": 3,
            "retryableStatusCodes": [grpc.StatusCode.UNAVAILABLE.name],
        }
        return {"methodConfig": [{"name": [{}], "retryPolicy": retries}]}
