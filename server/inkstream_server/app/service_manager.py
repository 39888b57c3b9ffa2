"""Tells the service manager that started this process how far it is, in systemd's own protocol.

What it is told, and when, is decided elsewhere.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from typing import Final

_log = logging.getLogger(__name__)

_ADDRESS: Final = "NOTIFY_SOCKET"


def tell_ready(environ: Mapping[str, str]) -> None:
    """Say that calls are taken from now on, where somebody wants to know: NOTIFY_SOCKET is set."""
    address = environ.get(_ADDRESS)
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract sockets are written so
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
            notifier.sendto(b"READY=1\nSTATUS=serving", address)
    except OSError as error:
        _log.warning("the service manager cannot be told that the server is ready: %s", error)
