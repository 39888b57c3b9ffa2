"""How a client says who it is, and makes sure of its server: TLS and a token.

A token is a password: it goes to no other machine in plain text unless that is asked for.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc

_SCHEMES: Final = ("dns", "ipv4", "ipv6")
_LOCAL_SCHEMES: Final = ("unix", "unix-abstract")
_LOCALHOST: Final = "localhost"

FilePath = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS with a server. The files are PEM and read when the client is made.

    `ca` has the authorities that the server's certificate is believed by; None: those that gRPC
    comes with. `certificate` and `key` are the client's own, for a server that asks for one.
    """

    ca: FilePath | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Raises OSError where a file cannot be read, ValueError where one is missing."""
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate and its key go together")
        return grpc.ssl_channel_credentials(
            _content(self.ca), _content(self.key), _content(self.certificate)
        )


@dataclass(frozen=True, slots=True)
class Access:
    """A client's arguments of the same names. `tls` True: with the authorities of gRPC."""

    tls: Tls | bool = False
    token: str = field(default="", repr=False)
    allow_plaintext_token: bool = False

    def credentials(self) -> grpc.ChannelCredentials | None:
        """None: plain text. Raises OSError or ValueError."""
        if isinstance(self.tls, Tls):
            return self.tls.credentials()
        return Tls().credentials() if self.tls else None

    def metadata(self, target: str, *, is_secure: bool) -> tuple[tuple[str, str], ...]:
        """What goes with every call. Raises ValueError where the token must not be sent there."""
        if not self.token:
            return ()
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise ValueError("the token holds what no token has; it is a single word")
        if not (is_secure or self.allow_plaintext_token or is_on_this_machine(target)):
            raise ValueError(
                f"the token would go to {target} in plain text, for anybody on the way to read: "
                "use TLS, or allow it (allow_plaintext_token, --plaintext-token)"
            )
        return (("authorization", f"Bearer {self.token}"),)


PLAIN: Final = Access()
"""Plain text, and nobody in particular."""


def is_on_this_machine(target: str) -> bool:
    """Whether what is sent to a gRPC target surely leaves this machine by no network."""
    scheme, colon, rest = target.partition(":")
    if colon and scheme in _LOCAL_SCHEMES:
        return True
    is_resolved_here = bool(colon) and scheme in _SCHEMES
    addresses = (rest.rpartition("/")[2] if is_resolved_here else target).split(",")
    return all(_is_loopback(address) for address in addresses)


def _is_loopback(address: str) -> bool:
    if address.startswith("["):
        host = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        host = address.partition(":")[0]
    else:
        host = address  # no port, or an IPv6 address alone
    if host == _LOCALHOST:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _content(file: FilePath | None) -> bytes | None:
    return None if file is None else Path(file).read_bytes()
