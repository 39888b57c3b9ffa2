"""How a client reaches its server: address, limits, retries, as gRPC's own channel options."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any, Final

import grpc

from inkstream.access import Access
from inkstream.resuming import Patience

DEFAULT_TARGET: Final = "localhost:50051"
DEFAULT_MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024
DEFAULT_ATTEMPT_COUNT: Final = 4
DEFAULT_RESUME_S: Final = 60.0

SERVICE_CONFIG: Final = resources.files("inkstream").joinpath("service_config.json").read_text()
"""What clients of every language ship: which calls are tried again, and how long they may take."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What every call of one client shares; the fields are its constructor's arguments."""

    target: str
    timeout_s: float | None
    credentials: grpc.ChannelCredentials | None
    metadata: tuple[tuple[str, str], ...] = field(repr=False)  # a token may be there
    max_message_bytes: int
    attempt_count: int
    resume_s: float = DEFAULT_RESUME_S

    def with_access(self, access: Access) -> Connection:
        """The same, with what the access adds. Raises ValueError, or OSError of a file."""
        if access.tls and self.credentials is not None:
            raise ValueError("credentials stand in the place of tls; give one of them")
        credentials = self.credentials or access.credentials()
        metadata = access.metadata(self.target, is_secure=credentials is not None)
        return replace(self, credentials=credentials, metadata=self.metadata + metadata)

    def deadline_s(self, timeout_s: float | None) -> float | None:
        return self.timeout_s if timeout_s is None else timeout_s

    def patience(self, timeout_s: float | None) -> Patience:
        """How long one document is tried for, asked for with this deadline."""
        return Patience(self.resume_s, self.attempt_count, self.deadline_s(timeout_s))

    def channel_options(self) -> list[tuple[str, str | int]]:
        return [
            # gRPC would let all channels of a process to one server share a connection.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_send_message_length", self.max_message_bytes),
            ("grpc.max_receive_message_length", self.max_message_bytes),
            # A call is only tried again while its request fits this buffer, and the default,
            # 256 KiB, is smaller than most scans.
            ("grpc.per_rpc_retry_buffer_size", self.max_message_bytes),
            # A server that is started again is found soon, and not after two minutes.
            ("grpc.initial_reconnect_backoff_ms", 250),
            ("grpc.max_reconnect_backoff_ms", 5000),
            ("grpc.enable_retries", int(self.attempt_count > 1)),
            ("grpc.service_config", self._service_config()),
        ]

    def _service_config(self) -> str:
        if self.attempt_count == DEFAULT_ATTEMPT_COUNT:
            return SERVICE_CONFIG
        config: dict[str, Any] = json.loads(SERVICE_CONFIG)
        for method in config["methodConfig"]:
            if self.attempt_count > 1:
                method["retryPolicy"]["maxAttempts"] = self.attempt_count
            else:  # gRPC knows no policy of one attempt
                del method["retryPolicy"]
        return json.dumps(config)
