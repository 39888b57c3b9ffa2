"""Certificates for tests of TLS, made with the openssl command."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_LOCAL = "DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: Path
    key: Path

    @property
    def pem(self) -> tuple[bytes, bytes]:
        """The key and the certificate, as gRPC takes them."""
        return self.key.read_bytes(), self.certificate.read_bytes()

    def replace(self, other: Pair) -> None:
        """Become the other one, as who renews certificates does it."""
        self.certificate.write_bytes(other.certificate.read_bytes())
        self.key.write_bytes(other.key.read_bytes())


@dataclass(frozen=True)
class Authority:
    """Who issues certificates, in a folder of its own."""

    folder: Path

    @classmethod
    def new(cls, folder: Path) -> Authority:
        folder.mkdir()
        made = cls(folder)
        subject = ("-subj", f"/CN=authority {folder.name}", "-days", "2")
        _openssl("req", "-x509", *_NEW_KEY, "-keyout", made.key, "-out", made.certificate, *subject)
        return made

    @property
    def certificate(self) -> Path:
        return self.folder / "authority.pem"

    @property
    def key(self) -> Path:
        return self.folder / "authority.key"

    def issue(self, name: str, *, alternatives: str = _LOCAL, days: int = 1) -> Pair:
        """A certificate for these names; one of -1 days expired yesterday."""
        pair = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternatives}\n" if alternatives else "")
        _openssl("req", *_NEW_KEY, "-keyout", pair.key, "-out", request, "-subj", f"/CN={name}")
        _openssl(
            "x509", "-req", "-in", request, "-out", pair.certificate, "-extfile", extensions,
            "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", str(days),
        )  # fmt: skip
        return pair


def encrypted(key: Path) -> Path:
    """The key, under a password."""
    made = key.with_suffix(".encrypted")
    _openssl("pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", made)
    return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
