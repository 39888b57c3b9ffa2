"""Reads the server's certificate, its key and the clients' authorities, and checks them.

What is returned has shaken hands with itself: nothing that could not be served gets that far.
"""

from __future__ import annotations

import os
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, model_validator

from inkstream_server.errors import Fault, OcrError

_ALPN: Final = ["http/1.1"]
_CERTIFICATE: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL
)
# OpenSSL's numbers of what may be wrong with a certificate's time.
_NOT_YET_VALID, _HAS_EXPIRED = 9, 10
_MAX_FILE_BYTES: Final = 1 << 20
# As often as each end has to answer the other, and more.
_FLIGHTS: Final = 4


class TlsConfig(BaseModel, frozen=True, extra="forbid"):
    """TLS of both ports, from PEM files, which are read again when they change. None: no TLS."""

    # The server's own certificate, then those between it and an authority that clients know.
    certificate: Path | None = None
    # Its private key, without a password.
    key: Path | None = None
    # Authorities of the clients' certificates. Set: only who has one of theirs may connect; over
    # HTTP, health stays open without.
    client_ca: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        named = (self.certificate, self.key, self.client_ca)
        return tuple(file for file in named if file is not None)

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("tls.certificate and tls.key go together")
        if self.client_ca is not None and self.certificate is None:
            raise ValueError("tls.client_ca needs tls.certificate and tls.key")
        return self


class TlsFileUnreadable(OcrError):
    """A file of TLS is not there, or may not be read."""

    reason = "TLS_FILE_UNREADABLE"
    fault = Fault.SETUP


class TlsFileInvalid(OcrError):
    """A file of TLS does not hold what it should, as PEM."""

    reason = "TLS_FILE_INVALID"
    fault = Fault.SETUP


class TlsFilesMismatched(OcrError):
    """The key is not the certificate's."""

    reason = "TLS_FILES_MISMATCHED"
    fault = Fault.SETUP


class TlsCertificateExpired(OcrError):
    """The certificate is not valid now."""

    reason = "TLS_CERTIFICATE_EXPIRED"
    fault = Fault.SETUP


@dataclass(frozen=True, slots=True)
class TlsMaterial:
    """What one state of the files holds; `context` serves HTTP with it. It expires in Unix time."""

    chain: bytes
    key: bytes = field(repr=False)
    client_ca: bytes | None
    context: ssl.SSLContext
    expires_at: float


def read_tls(config: TlsConfig) -> TlsMaterial:
    """Raises TlsFileUnreadable, TlsFileInvalid, TlsFilesMismatched or TlsCertificateExpired."""
    assert config.certificate is not None, "asked where TLS is on"
    assert config.key is not None, "it goes with the certificate"
    chain, key = _read(config.certificate), _read(config.key)
    client_ca = None if config.client_ca is None else _read(config.client_ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(_ALPN)
    leaf = _first_certificate(config.certificate, chain)
    _load_pair(context, config, chain, key)
    if config.client_ca is not None and client_ca is not None:
        _trust(context, config.client_ca, client_ca)
    expires_at = _rehearse(context, config.certificate, leaf)
    return TlsMaterial(chain, key, client_ca, context, expires_at)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(_MAX_FILE_BYTES)
    except OSError as error:
        raise TlsFileUnreadable(f"cannot read {file}: {error.strerror}") from None


def _first_certificate(file: Path, chain: bytes) -> str:
    found = _CERTIFICATE.search(chain.decode("ascii", "replace"))
    if found is None:
        raise TlsFileInvalid(f"{file} holds no certificate in PEM")
    return found[0]


def _load_pair(context: ssl.SSLContext, config: TlsConfig, chain: bytes, key: bytes) -> None:
    """What was read, not what the files hold by now: ssl takes the names of files only."""
    with _in_memory(chain) as chain_path, _in_memory(key) as key_path:
        try:
            context.load_cert_chain(chain_path, key_path, password=_no_password)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise TlsFilesMismatched(
                    f"{config.key} is not the key of the certificate in {config.certificate}"
                ) from None
            raise TlsFileInvalid(
                f"{config.certificate} and {config.key} cannot be used: {error.reason}"
            ) from None
        except _KeyEncrypted:
            raise TlsFileInvalid(
                f"{config.key} is encrypted; a server has nobody to ask for its password"
            ) from None


def _trust(context: ssl.SSLContext, file: Path, authorities: bytes) -> None:
    """Ask clients for certificates. Over HTTP one who has none may still ask how the server is."""
    try:
        context.load_verify_locations(cadata=authorities.decode("ascii"))
    except (ssl.SSLError, ValueError):
        raise TlsFileInvalid(f"{file} holds no certificate in PEM, or a damaged one") from None
    ends = [ssl.cert_time_to_seconds(str(each["notAfter"])) for each in context.get_ca_certs()]
    if ends and max(ends) < time.time():
        raise TlsCertificateExpired(f"every authority in {file} has expired")
    context.verify_mode = ssl.CERT_OPTIONAL


def _rehearse(context: ssl.SSLContext, file: Path, leaf: str) -> float:
    """Shake hands with a client that trusts this certificate alone; when it expires."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        client.load_verify_locations(cadata=leaf)
        taking = client.wrap_bio(to_client, to_server)
        serving = context.wrap_bio(to_server, to_client, server_side=True)
        for _ in range(_FLIGHTS):
            _shake_hands(taking)
            _shake_hands(serving)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in (_NOT_YET_VALID, _HAS_EXPIRED):
            raise TlsCertificateExpired(
                f"the certificate in {file} is not valid now: {error.verify_message}"
            ) from None
        raise TlsFileInvalid(f"no client takes {file}: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise TlsFileInvalid(f"{file} cannot be served: {error.reason}") from None
    certificate = taking.getpeercert()
    assert certificate is not None, "the client has verified one"
    return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))


def _shake_hands(end: ssl.SSLObject) -> None:
    """Go on as far as this end can before the other one has to."""
    with suppress(ssl.SSLWantReadError):
        end.do_handshake()


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """The path of a file that no disk has."""
    descriptor = os.memfd_create("inkstream-tls")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


class _KeyEncrypted(Exception):
    pass


def _no_password() -> str:
    """Asked for where a key is encrypted; without this OpenSSL would ask at the terminal."""
    raise _KeyEncrypted
