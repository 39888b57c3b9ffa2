"""`inkstream token`: makes a bearer token, and the entry by which a server knows it.

The token itself is shown once and kept nowhere.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_DESCRIPTION = """\
Make a token for a principal. It is printed once, on standard output, and is for the client. What
the server keeps is a hash of it: an entry of the file that auth.tokens names, which is appended to
--tokens, or else told on standard error.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "token", help="make a bearer token for a client", description=_DESCRIPTION
    )
    parser.add_argument("name", metavar="NAME", help="whose it is, such as mobile-app")
    parser.add_argument(
        "--tokens", type=Path, metavar="FILE", help="append the entry to this file of a server's"
    )
    parser.set_defaults(func=_run)


def _run(arguments: argparse.Namespace) -> int:
    from inkstream_server.front.tokens import entry_of, new_token

    token = new_token()
    entry = entry_of(arguments.name, token)
    if arguments.tokens is None:
        _check(entry)
        sys.stderr.write(entry)
    else:
        _append(arguments.tokens, entry)
    sys.stdout.write(f"{token}\n")
    return 0


def _append(file: Path, entry: str) -> None:
    """Add it to what the file holds; a new file is for its owner's eyes. Raises OcrError."""
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    if before and not before.endswith("\n"):
        entry = f"\n{entry}"
    _check(before + entry)
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as opened:
        opened.write(entry)


def _check(text: str) -> None:
    """Raises TokensUnusable where a server would not take such a file."""
    from inkstream_server.front.tokens import Principals

    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".yml") as file:
        file.write(text)
        file.flush()
        Principals.read(Path(file.name))
