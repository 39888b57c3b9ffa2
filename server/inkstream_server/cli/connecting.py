"""Flags of the commands that call a server: how they reach it, and say who they are."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from inkstream_server.errors import Fault, OcrError

if TYPE_CHECKING:
    from inkstream.access import Access


def add_access_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("access to the server")
    add_tls_options(group)
    group.add_argument("--token-file", type=Path, metavar="FILE", help="holds the bearer token")
    group.add_argument(
        "--plaintext-token",
        action="store_true",
        help="send the token without TLS to another machine",
    )


def add_tls_options(group: argparse._ArgumentGroup) -> None:
    """For what may be asked without a token too."""
    group.add_argument(
        "--tls", action="store_true", help="with TLS, by the authorities that gRPC comes with"
    )
    group.add_argument(
        "--tls-ca", type=Path, metavar="FILE", help="with TLS, by these authorities (PEM)"
    )
    group.add_argument("--tls-certificate", type=Path, metavar="FILE", help="the client's own")
    group.add_argument("--tls-key", type=Path, metavar="FILE", help="its key")


class AccessMisused(OcrError):
    """The flags of access do not go together, or would give the token away."""

    reason = "ACCESS_MISUSED"
    fault = Fault.SETUP


def access_from(arguments: argparse.Namespace, target: str) -> Access:
    """Access that is fit for the target. Raises AccessMisused, and OSError of a file."""
    from inkstream.access import Access, Tls  # heavy: only when a command runs

    files = (arguments.tls_ca, arguments.tls_certificate, arguments.tls_key)
    is_named = any(file is not None for file in files)
    access = Access(
        tls=Tls(*files) if is_named else arguments.tls,
        token=_token(arguments.token_file),
        allow_plaintext_token=arguments.plaintext_token,
    )
    try:
        is_secure = access.credentials() is not None
        access.metadata(target, is_secure=is_secure)
    except ValueError as error:
        raise AccessMisused(str(error)) from None
    return access


def _token(file: Path | None) -> str:
    if file is None:
        return ""
    token = file.read_text(encoding="utf-8").strip()
    if not token:
        raise AccessMisused(f"{file} holds no token")
    return token
