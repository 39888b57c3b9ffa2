"""`inkstream bench`: puts load on a server and reports what it answered, and when.

It needs the light installation only. The load is `inkstream.load`'s.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from inkstream_server.cli.connecting import add_access_options
from inkstream_server.cli.numbers import whole
from inkstream_server.cli.page_options import add_page_options

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_SERVER: Final = "localhost:50051"  # inkstream.DEFAULT_TARGET, whose import would load gRPC
_DESCRIPTION: Final = """\
Send files to a server again and again, as many callers would, and report rates, latencies and
failures. Ctrl-C ends it early and reports what was measured. The exit status is 1 where anything
failed or could not be sent.
"""
_EPILOG: Final = """\
examples:
  inkstream bench scan.png                               8 callers, 30 s
  inkstream bench small.png:9 report.pdf:1               nine pictures for every report
  inkstream bench scans/ --rate 20 --duration 60         20 requests/s, whatever the server does
  inkstream bench scan.png --requests 500 --json - | jq .total.latency_ms.p99
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "bench",
        help="put load on a running server and measure it",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE[:WEIGHT]",
        help="an image, a PDF or a folder of them; a source of weight 9 is sent nine times as "
        "often as one of weight 1, the default",
    )
    parser.add_argument(
        "--server", default=_SERVER, metavar="HOST:PORT", help="default: %(default)s"
    )
    _add_pace(parser)
    _add_extents(parser)
    _add_calls(parser)
    add_page_options(parser)
    _add_report(parser)
    add_access_options(parser)
    parser.set_defaults(func=_run)


def _add_pace(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("pace")
    loop = group.add_mutually_exclusive_group()
    loop.add_argument(
        "--concurrency",
        type=_positive,
        default=8,
        metavar="N",
        help="closed loop: N callers, each sends when its last answer is there (default: 8)",
    )
    loop.add_argument(
        "--rate",
        type=_above_0,
        metavar="R",
        help="open loop: R requests/s, come what may; latencies count from when each was due",
    )
    group.add_argument(
        "--arrivals",
        choices=("poisson", "constant"),
        default="poisson",
        help="how those of an open loop are spaced (default: %(default)s)",
    )
    group.add_argument(
        "--max-in-flight",
        type=_positive,
        default=1000,
        metavar="N",
        help="an open loop holds requests back beyond that, and says so (default: %(default)s)",
    )
    group.add_argument(
        "--connections", type=_positive, default=1, metavar="N", help="default: %(default)s"
    )


def _add_extents(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("length")
    measured = group.add_mutually_exclusive_group()
    measured.add_argument(
        "--duration", type=_above_0, default=30.0, metavar="S", help="seconds; default: 30"
    )
    measured.add_argument("--requests", type=_positive, metavar="N", help="end after N requests")
    warm_up = group.add_mutually_exclusive_group()
    warm_up.add_argument(
        "--warm-up",
        type=_at_least_0,
        default=0.0,
        metavar="S",
        help="seconds before that whose requests do not count; default: 0",
    )
    warm_up.add_argument(
        "--warm-up-requests", type=_positive, metavar="N", help="the same by count"
    )


def _add_calls(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("requests")
    group.add_argument(
        "--timeout-ms",
        type=_above_0,
        default=60_000.0,
        metavar="MS",
        help="the deadline of each (default: 60000)",
    )
    group.add_argument(
        "--retry",
        action="store_true",
        help="send what was refused with a RetryInfo again when that says",
    )
    group.add_argument(
        "--max-retries",
        type=_positive,
        default=10,
        metavar="N",
        help="that often for each request (default: %(default)s)",
    )
    group.add_argument("--priority", choices=("interactive", "batch"), help="default: unset")
    group.add_argument("--pages", default="", metavar="RANGES", help="of PDFs, such as 1-3,7,10-")
    group.add_argument(
        "--dpi", type=whole, default=0, metavar="N", help="how finely PDF pages are drawn"
    )
    group.add_argument(
        "--order",
        choices=("document", "completion"),
        default="document",
        help="how the pages of PDFs come",
    )
    group.add_argument(
        "--seed", type=int, default=1, metavar="N", help="of the mix and of arrivals (default: 1)"
    )


def _add_report(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("report")
    group.add_argument(
        "--json", metavar="FILE", help="the report for programs as well; - is standard output"
    )
    group.add_argument("--raw", action="store_true", help="every single latency in the JSON")
    group.add_argument(
        "--allow-errors", action="store_true", help="exit with 0 though requests failed"
    )


def _run(arguments: argparse.Namespace) -> int:
    from inkstream_server.cli.benching import bench  # gRPC, which other commands need not wait for

    return bench(arguments)


def _number(text: str, kind: Callable[[str], float], is_allowed: Callable[[float], bool]) -> float:
    value = kind(text)  # argparse tells of the ValueError
    if not is_allowed(value):
        raise argparse.ArgumentTypeError(f"{text} is out of range")
    return value


def _positive(text: str) -> int:
    return int(_number(text, int, lambda value: value >= 1))


def _above_0(text: str) -> float:
    return _number(text, float, lambda value: 0 < value < float("inf"))


def _at_least_0(text: str) -> float:
    return _number(text, float, lambda value: 0 <= value < float("inf"))
