"""Reads whom a client's certificate names, as gRPC and as Python's ssl tell it: alike.

Whether the certificate is to be believed was decided in the handshake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

# A name that is made for machines goes before one that is made for people.
_GRPC: Final = {"peer_uri": "uri", "peer_dns": "dns", "x509_common_name": "cn"}
_SSL: Final = {"URI": "uri", "DNS": "dns"}
_COMMON_NAME: Final = "commonName"


def names_in_context(auth_context: Mapping[str, Iterable[bytes]]) -> list[str]:
    """Of a gRPC call's connection: first its URIs, then its DNS names, then its common name."""
    return [
        f"{kind}:{name.decode('utf-8', 'replace')}"
        for key, kind in _GRPC.items()
        for name in auth_context.get(key, ())
    ]


def names_in_certificate(certificate: Mapping[str, Any] | None) -> list[str]:
    """Of what ssl's `getpeercert` tells, in the same order; none where there is none."""
    told = certificate or {}
    alternatives = told.get("subjectAltName", ())
    names = [
        f"{kind}:{name}" for label, kind in _SSL.items() for each, name in alternatives
        if each == label
    ]  # fmt: skip
    pairs = [pair for group in told.get("subject", ()) for pair in group]
    return names + [f"cn:{value}" for key, value in pairs if key == _COMMON_NAME]
