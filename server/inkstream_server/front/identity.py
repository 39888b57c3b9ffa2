"""Says who calls: a principal by its token or certificate, else the connection.

Where tokens and certificates are from, and what follows for a call, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pydantic import BaseModel

from inkstream_server.errors import CertificateMissing, TokenMissing
from inkstream_server.front.tokens import AllowanceConfig, Principals
from inkstream_server.scheduling.accounts import Allowance

TOKEN_PREFIX: Final = "token:"
CERTIFICATE_PREFIX: Final = "certificate:"

_SCHEME: Final = "bearer"
_MAX_NAME_LENGTH: Final = 256
# What of a certificate's names may stand in a log; the rest is written %XX.
_PLAIN: Final = "/:@*"

_principal: ContextVar[str] = ContextVar("inkstream_principal", default="")


class AuthConfig(BaseModel, frozen=True, extra="forbid"):
    """Who may call, and what each may have in flight at once."""

    # A file of principals and the hashes of their tokens. None: calls bring no token.
    tokens: Path | None = None
    # Whether GET /metrics stays open to everybody, as health is.
    metrics_open: bool = False
    # For every principal whose entry says nothing else.
    default: AllowanceConfig = AllowanceConfig()


class Doorkeeper:
    """Knows what this server asks of its callers. `principals` are renewed as their file is."""

    def __init__(
        self,
        principals: Principals | None,
        default: Allowance,
        *,
        asks_for_certificate: bool,
    ) -> None:
        """`principals` None: calls bring no token."""
        self.principals = principals
        self._default = default
        self.asks_for_certificate = asks_for_certificate

    @property
    def is_open(self) -> bool:
        """Whether everybody may call."""
        return self.principals is None and not self.asks_for_certificate

    def by_token(self, authorization: Sequence[str]) -> str:
        """Whose token the call brings; "" where none is asked for. Raises what refuses it."""
        if self.principals is None:
            return ""
        token = _bearer_token(authorization)
        if token is None:
            raise TokenMissing("the call brings no bearer token; send authorization: Bearer TOKEN")
        return TOKEN_PREFIX + self.principals.name_of(token)

    def by_certificate(self, names: Sequence[str]) -> str:
        """Whom the connection's certificate names first; "" where none is asked for.

        Raises CertificateMissing.
        """
        if not self.asks_for_certificate:
            return ""
        for name in names:
            written = CERTIFICATE_PREFIX + quote(name, safe=_PLAIN)
            if name and len(written) <= _MAX_NAME_LENGTH:
                return written
        raise CertificateMissing("the connection brings no certificate that names its client")

    def allowance_of(self, client: str) -> Allowance:
        """What a client may have in flight; of one who is no principal there is no limit."""
        if self.is_open:
            return Allowance()
        if self.principals is None or not client.startswith(TOKEN_PREFIX):
            return self._default
        return self.principals.allowance_of(client.removeprefix(TOKEN_PREFIX), self._default)


def call_is_by(principal: str) -> None:
    """Have the current task, and those that it starts, answer a call of this principal's."""
    _principal.set(principal)


@contextmanager
def called_by(principal: str) -> Iterator[None]:
    """The same within the block, in a task that answers one call after the other."""
    before = _principal.set(principal)
    try:
        yield
    finally:
        _principal.reset(before)


def caller_name(peer: str) -> str:
    """Who the call of the current task is by: its principal, else its connection's `peer`."""
    return _principal.get() or peer


def _bearer_token(authorization: Sequence[str]) -> str | None:
    """None where there is none, or more than one: which of them counts nobody should guess."""
    if len(authorization) != 1:
        return None
    scheme, _, token = authorization[0].partition(" ")
    return token.strip() or None if scheme.lower() == _SCHEME else None
