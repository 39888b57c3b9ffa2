"""`inkstream tune`: measures what batches cost here, and shows the batch sizes that follow."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING, Final

from inkstream_server.cli.options import add_config_options, config_from
from inkstream_server.errors import Fault, OcrError

if TYPE_CHECKING:
    from inkstream_server.app.tuning import Tuner
    from inkstream_server.app.tuning_cache import TunedModel

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_ABOUT: Final = """\
Measure how long batches of every model take on this machine, and show the batch sizes that follow.

A server does this by itself when it is first started, and keeps what it measured; tune measures
again and replaces that. Use it when the figures look wrong - the machine may have been busy then -
or ahead of the first start, as when an image is built. Give it the flags that the server gets:
times depend on the models, the engine, the device, the precision, and the number of workers and of
their threads, all of which run while it measures. A server that runs already keeps its sizes.
"""


class NotTuned(OcrError):
    """There are no measured times to show."""

    reason = "NOT_TUNED"
    fault = Fault.SETUP


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "tune",
        help="measure what batches cost here, for the batch sizes of a server",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config_options(parser)
    parser.add_argument("--show", action="store_true", help="what is kept; measure nothing")
    parser.add_argument(
        "--rounds",
        type=_positive,
        default=3,
        metavar="N",
        help="how often each batch is measured; the best counts (default 3)",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(func=_tune)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return int(text)


def _tune(arguments: argparse.Namespace) -> int:
    from inkstream_server.app.plan import plan_server  # heavy: only when the command runs
    from inkstream_server.app.tuning import Tuner
    from inkstream_server.cli.tune_output import reports, to_json, to_text
    from inkstream_server.telemetry.log import set_up_logging

    config = config_from(arguments)
    set_up_logging(config.log_level)
    plan = plan_server(config)
    tuner = Tuner(config, plan, rounds=arguments.rounds)
    tuned = asyncio.run(_shown(tuner) if arguments.show else tuner.measured(tuner.models))
    found = reports(config.batching, plan, tuned)
    sys.stdout.write(f"{(to_json if arguments.json else to_text)(found)}\n")
    return 0


async def _shown(tuner: Tuner) -> dict[str, TunedModel]:
    kept = await tuner.kept()
    missing = [name for name in tuner.models if name not in kept]
    if missing:
        raise NotTuned(
            f"nothing is kept in {tuner.cache.folder} for {', '.join(missing)} with this engine, "
            "device and plan; measure with: inkstream tune"
        )
    return kept
