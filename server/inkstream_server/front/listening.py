"""Where the server listens and what one connection may do; what is wrong when it cannot."""

from __future__ import annotations

from pydantic import BaseModel, Field

from inkstream_server.errors import Fault, OcrError


class FrontConfig(BaseModel, frozen=True, extra="forbid"):
    """Where the server listens and what one connection may do."""

    host: str = "0.0.0.0"
    port: int = Field(default=50051, ge=0, le=65535)
    http_port: int = Field(default=8080, ge=0, le=65535)
    max_message_bytes: int = Field(default=64 << 20, ge=1 << 10, le=(1 << 31) - 1)
    max_documents: int = Field(default=512, ge=1)
    drain_grace_s: float = Field(default=30.0, ge=0.0)
    # Seconds for which a streaming call may leave its answers untaken.
    max_unread_s: float = Field(default=600.0, gt=0.0)
    reflection: bool = True


class AddressInUse(OcrError):
    """Nothing can listen there."""

    reason = "ADDRESS_IN_USE"
    fault = Fault.SETUP


def address_of(host: str, port: int) -> str:
    """As clients write it; an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
