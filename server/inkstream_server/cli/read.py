"""`inkstream read`: sends files to a server and prints their text as pages arrive.

It needs the light installation only. The reading is `reading`'s, the printing `read_output`'s.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inkstream_server.cli.connecting import access_from, add_access_options
from inkstream_server.cli.numbers import seconds, whole
from inkstream_server.cli.page_options import add_page_options, page_options

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_SERVER: Final = "localhost:50051"  # inkstream.DEFAULT_TARGET, whose import would load gRPC


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "read",
        help="read the text of images and documents with a running server",
        description="Send files to a server and print their text, page by page as it arrives. "
        "The exit status is 1 where anything failed.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="an image or PDF; - is stdin")
    parser.add_argument(
        "--server", default=_SERVER, metavar="HOST:PORT", help="default: %(default)s"
    )
    _add_what(parser)
    _add_output(parser)
    add_page_options(parser)
    add_access_options(parser)
    parser.set_defaults(func=_run, refuse=parser.error)


def _add_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pages", default="", metavar="RANGES", help="such as 1-3,7,10-")
    parser.add_argument(
        "--dpi", type=whole, default=0, metavar="N", help="how finely PDF pages are drawn"
    )
    parser.add_argument("--password", default="", help="of encrypted PDFs")
    parser.add_argument(
        "--order",
        choices=("document", "completion"),
        default="document",
        help="completion: each page the moment it is done",
    )
    parser.add_argument(
        "--priority",
        choices=("interactive", "batch"),
        default="interactive",
        help="batch: others go first; default: %(default)s",
    )
    parser.add_argument(
        "--timeout", type=seconds, metavar="SECONDS", help="for each file; default: none"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json",
        action="store_true",
        help="one inkstream.v1.RecognizeStreamResponse a line, as JSON",
    )
    parser.add_argument(
        "--visualize",
        type=Path,
        metavar="DIR",
        help="write a picture of every page there, with what was read on it",
    )
    parser.add_argument(
        "--word-boxes",
        action="store_true",
        help="tell with --json, and draw with --visualize, where every word stands",
    )


def _run(arguments: argparse.Namespace) -> int:
    if arguments.word_boxes and not arguments.json and arguments.visualize is None:
        arguments.refuse("--word-boxes shows nothing without --json or --visualize")
    # Here, because they import gRPC, which the other commands need not wait for.
    from inkstream.client import Client
    from inkstream_server.cli.read_output import JsonOutput, Screen, TextOutput
    from inkstream_server.cli.read_pictures import Pictures
    from inkstream_server.cli.reading import Query, read_files

    query = Query(
        pages=arguments.pages,
        dpi=arguments.dpi,
        order=arguments.order,
        password=arguments.password,
        priority=arguments.priority,
        options={
            **page_options(arguments),
            "visualize": arguments.visualize is not None,
            "return_word_box": arguments.word_boxes,
        },
    )
    files: list[str] = arguments.files
    access = access_from(arguments, arguments.server)
    client = Client(
        arguments.server,
        timeout_s=arguments.timeout,
        tls=access.tls,
        token=access.token,
        allow_plaintext_token=access.allow_plaintext_token,
    )
    with client, Screen() as screen:
        output = JsonOutput(screen) if arguments.json else TextOutput(screen, len(files))
        pictures = Pictures(arguments.visualize, output, screen)
        failure_count = read_files(files, client, query, pictures)
    return 1 if failure_count + pictures.failure_count else 0
