"""Builds what says who may call, from the configuration, and what keeps it up to date."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from inkstream_server.app.renewal import Changes, Renewal, state_of
from inkstream_server.config import ServerConfig
from inkstream_server.front.calls import Calls
from inkstream_server.front.decoding import DecodingRequests
from inkstream_server.front.grpc_server import Entrance
from inkstream_server.front.guarding import GuardingCalls
from inkstream_server.front.http_guard import HttpGuard
from inkstream_server.front.http_server import HEALTH_PATH, METRICS_PATH
from inkstream_server.front.identity import Doorkeeper
from inkstream_server.front.listening import UNIX
from inkstream_server.front.tls import Tls
from inkstream_server.front.tls_files import TlsConfig, TlsMaterial, read_tls
from inkstream_server.front.tokens import Principals
from inkstream_server.front.traffic import CountingBytes
from inkstream_server.scheduling.accounts import Accounts, Allowance
from inkstream_server.telemetry.renewal_metrics import RenewalMetrics

_log = logging.getLogger(__name__)

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Security:
    """Who may call, by what connections. `tls` None: by any."""

    doorkeeper: Doorkeeper
    accounts: Accounts
    tls: Tls | None
    renewals: tuple[Renewal, ...]

    async def keep_up(self) -> None:
        """Read changed files again until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for renewal in self.renewals:
                group.create_task(renewal.keep_up())


def build_security(config: ServerConfig, metrics: RenewalMetrics) -> Security:
    """Raises TokensUnusable, and what `read_tls` raises."""
    renewals: list[Renewal] = []
    doorkeeper = Doorkeeper(
        None,
        config.auth.default.allowance(Allowance()),
        asks_for_certificate=config.tls.client_ca is not None,
    )
    if (file := config.auth.tokens) is not None:
        renewals.append(_tokens(file, doorkeeper, metrics))
    tls = None
    if config.tls.certificate is not None:
        tls, renewal = _tls(config.tls, metrics)
        renewals.append(renewal)
    elif not doorkeeper.is_open and not _is_near(config.server.host):
        _log.warning(
            "tokens travel in plain text on %s: set tls.certificate and tls.key, unless a proxy "
            "before this server speaks TLS",
            config.server.host,
        )
    return Security(doorkeeper, Accounts(doorkeeper.allowance_of), tls, tuple(renewals))


def entrance(security: Security, calls: Calls) -> Entrance:
    """What stands before the services of gRPC."""
    guarding = GuardingCalls(security.doorkeeper, security.accounts, calls)
    return Entrance(guarding, DecodingRequests(calls), CountingBytes(calls), security.tls)


def http_guard(
    config: ServerConfig, security: Security, calls: Calls, open_paths: frozenset[str]
) -> HttpGuard:
    """What stands before all that HTTP answers; health is open to everybody too."""
    metrics = {METRICS_PATH} if config.auth.metrics_open else set()
    open_to_all = open_paths | metrics | {HEALTH_PATH}
    return HttpGuard(security.doorkeeper, security.accounts, calls, open_to_all)


def _tokens(file: Path, doorkeeper: Doorkeeper, metrics: RenewalMetrics) -> Renewal:
    changes = Changes(state_of([file]))  # before it is read: what changes meanwhile is seen

    def renew() -> None:
        doorkeeper.principals = Principals.read(file)

    renew()
    _log.info("calls need a token of one of the %d in %s", len(doorkeeper.principals or ()), file)
    return Renewal("tokens", (file,), renew, metrics, changes)


def _tls(config: TlsConfig, metrics: RenewalMetrics) -> tuple[Tls, Renewal]:
    changes = Changes(state_of(config.files))

    def read() -> TlsMaterial:
        material = read_tls(config)
        metrics.certificate_expires.set(material.expires_at)
        return material

    tls = Tls(read())
    needs = "calls need a client's certificate" if config.client_ca else "clients need none"
    _log.info("TLS with the certificate in %s; %s", config.certificate, needs)
    renewal = Renewal(
        "certificates", config.files, lambda: tls.use(read()), metrics, changes
    )  # fmt: skip
    return tls, renewal


def _is_near(host: str) -> bool:
    return host in _LOOPBACK or host.startswith(UNIX)
