"""Where the server listens and what one connection may do; what is wrong when it cannot."""

from __future__ import annotations

from typing import Final, Self

from pydantic import BaseModel, Field, model_validator

from inkstream_server.errors import Fault, OcrError

UNIX: Final = "unix:"


class FrontConfig(BaseModel, frozen=True, extra="forbid"):
    """Where the server listens and what one connection may do."""

    # Address to listen on. Or unix:/path of a socket, on which gRPC listens alone; `port` has no
    # meaning then.
    host: str = "0.0.0.0"
    # Of gRPC; 0: any free one.
    port: int = Field(default=50051, ge=0, le=65535)
    # Of HTTP; 0: any free one. None: no HTTP.
    http_port: int | None = Field(default=8080, ge=0, le=65535)
    # Connections of HTTP at once, though never more than half of the files that may be open.
    max_http_connections: int = Field(default=1024, ge=1)
    # Seconds from when one is made, or its last answer sent, to a whole head of a request.
    max_http_idle_s: float = Field(default=75.0, gt=0.0)
    # Of one request, and of one answer.
    max_message_bytes: int = Field(default=64 << 20, ge=1 << 10, le=(1 << 31) - 1)
    # Documents that are read or wait to be; one more is refused.
    max_documents: int = Field(default=512, ge=1)
    # Seconds between saying that it ends, to health checks, and refusing what comes.
    drain_announce_s: float = Field(default=0.5, ge=0.0)
    # Seconds that calls in flight have from then on before they are ended.
    drain_grace_s: float = Field(default=30.0, ge=0.0)
    # Seconds for which a streaming call may leave its answers untaken.
    max_unread_s: float = Field(default=600.0, gt=0.0)
    # Whether gRPC tells its services to tools that ask.
    reflection: bool = True

    @property
    def address(self) -> str:
        """Where gRPC listens."""
        return address_of(self.host, self.port)

    @model_validator(mode="after")
    def _check_socket(self) -> Self:
        if self.host.startswith(UNIX) and self.http_port is not None:
            raise ValueError("HTTP does not listen on a unix socket; set server.http_port to null")
        return self


class AddressInUse(OcrError):
    """Nothing can listen there."""

    reason = "ADDRESS_IN_USE"
    fault = Fault.SETUP


def address_of(host: str, port: int) -> str:
    """As clients write it; an IPv6 address stands in brackets."""
    if host.startswith(UNIX):
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
