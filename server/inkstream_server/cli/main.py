"""The command `inkstream`: finds the subcommand and turns its errors into one line and a status.

Each subcommand has a module of its own with `add_parser(subparsers)`, which sets `func`. Their
top level imports nothing heavy, so that `read` and `bench` work without the server's packages.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from inkstream_server.errors import OcrError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_COMMANDS: Final = (
    "serve", "doctor", "health", "read", "predict", "bench", "models", "tune", "simulate", "config",
    "token",
)  # fmt: skip
_INSTALL: Final = "pip install '.[server,openvino]'"
_INTERRUPTED: Final = 130  # as shells report SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; return the exit status: 0 done, 1 failed, 2 misused."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        status: int = arguments.func(arguments)
        sys.stdout.flush()
    except OcrError as error:
        return _fail(error.message)
    except ModuleNotFoundError as error:
        return _fail(_missing(error))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # `inkstream models list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # the machine's answer: permissions, a full disk, a port in use
        return _fail(str(error))
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="inkstream", description="Read the text of images and documents, and serve that."
    )
    parser.add_argument("--version", action="version", version=f"inkstream {_version()}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _COMMANDS:
        _add_command(command, subparsers)
    return parser


def _add_command(command: str, subparsers: Subparsers) -> None:
    try:
        module = importlib.import_module(f"inkstream_server.cli.{command}")
    except ModuleNotFoundError as error:
        unavailable = subparsers.add_parser(
            command, help=f"not installed: {_missing(error)}", prefix_chars="\0", add_help=False
        )
        unavailable.add_argument("rest", nargs="*")
        unavailable.set_defaults(func=_raising(error))
    else:
        module.add_parser(subparsers)


def _raising(error: ModuleNotFoundError) -> Callable[[argparse.Namespace], int]:
    def func(arguments: argparse.Namespace) -> int:
        raise error

    return func


def _missing(error: ModuleNotFoundError) -> str:
    package = (error.name or "").partition(".")[0]
    if package in ("inkstream", "inkstream_server"):
        return f"this installation is incomplete ({error}); reinstall inkstream"
    return f"the Python package {package} is not installed: {_INSTALL}"


def _fail(message: str) -> int:
    sys.stderr.write(f"inkstream: {message}\n")
    return 1


def _version() -> str:
    try:
        return importlib.metadata.version("inkstream")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
