"""`inkstream serve`: runs a server until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
from typing import TYPE_CHECKING

from inkstream_server.cli.options import add_config_options, loaded_from

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("serve", help="serve OCR over gRPC")
    add_config_options(parser)
    parser.set_defaults(func=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    from inkstream_server.app.server import run_server  # heavy: only when a server starts
    from inkstream_server.telemetry.log import set_up_logging

    loaded = loaded_from(arguments)
    set_up_logging(loaded.config.log_level, loaded.config.log_format)
    loaded.log()
    asyncio.run(run_server(loaded.config))
    return 0
