"""`inkstream simulate`: tells what a server would do, on a machine that need not be there."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from inkstream_server.errors import Fault, OcrError

if TYPE_CHECKING:
    from inkstream_server.cli.simulate_output import Outcome
    from inkstream_server.simulation.costs import BatchTimes
    from inkstream_server.simulation.scenario import Scenario
    from inkstream_server.simulation.sweep import Range, Variant

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_ABOUT: Final = """\
Simulate a server under load, with the server's own rules of admission, queueing and batching and
the times that batches were measured to take, on a clock that does not wait.

SCENARIO is a YAML file: the machine, the server's settings, the kinds of documents and who sends
them; benchmarks/scenarios has some, docs/scaling.md says what they tell. Times of batches are what
`inkstream tune --json` prints. What comes out is a plan, no measurement; it is as good as its
times.
"""
_EXAMPLES: Final = """\
examples:
  inkstream simulate two-cores.yaml --costs tuned.json
  inkstream simulate gpus.yaml --vary machine.devices=1,2,4,8 --plot scaling.png
  inkstream simulate gpus.yaml --vary traffic.0.arrivals.poisson_per_s=50,100,200 \\
      --against server.text_recognition.max_wait_s=0,0.005
"""


class ScenarioInvalid(OcrError):
    """A scenario, or the times it is run with, cannot be used."""

    reason = "SCENARIO_INVALID"
    fault = Fault.SETUP


class PlotUnavailable(OcrError):
    """What draws is not installed."""

    reason = "PLOT_UNAVAILABLE"
    fault = Fault.SETUP


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "simulate",
        help="tell what a server would do under load, on a machine that need not be there",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", type=Path, metavar="SCENARIO")
    parser.add_argument(
        "--costs", type=Path, metavar="FILE", help="batch times (default: the scenario's `costs`)"
    )
    for flag, metavar, about in (
        ("--set", "KEY=VALUE", "another value for a key of the scenario"),
        ("--vary", "KEY=V,V,…", "run once for each value; several take their steps together"),
    ):
        parser.add_argument(flag, action="append", default=[], metavar=metavar, help=about)
    parser.add_argument("--against", metavar="KEY=V,V,…", help="all of that for each value")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw what --vary gave")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(func=_simulate)


def _simulate(arguments: argparse.Namespace) -> int:
    from inkstream_server.cli.simulate_output import to_json, write_tables

    if arguments.plot and not arguments.vary:
        raise ScenarioInvalid("--plot draws what --vary gives; vary something")
    if arguments.plot:
        _check_matplotlib()
    outcomes = [_run(variant, arguments) for variant in _variants(arguments)]
    if arguments.json:
        sys.stdout.write(f"{to_json(outcomes)}\n")
    else:
        write_tables(outcomes, _names(arguments))
    if arguments.plot:
        from inkstream_server.cli.simulate_plot import plot

        plot(outcomes, _names(arguments), arguments.plot)
    return 0


def _check_matplotlib() -> None:
    """Before minutes of work, not after them."""
    if importlib.util.find_spec("matplotlib") is None:
        raise PlotUnavailable("--plot needs matplotlib: pip install '.[server,plot]'")


def _names(arguments: argparse.Namespace) -> tuple[str, str]:
    """What is varied, and what it is compared against; empty where nothing is."""
    first = arguments.vary[0] if arguments.vary else ""
    return first.partition("=")[0], (arguments.against or "").partition("=")[0]


def _variants(arguments: argparse.Namespace) -> list[Variant]:
    from inkstream_server.simulation.sweep import put, variants

    tree = _read(arguments.scenario)
    if not isinstance(tree, dict):
        raise ScenarioInvalid(f"{arguments.scenario} is no mapping of keys to values")
    try:
        for text in arguments.set:
            key, value = _assignment(text)
            put(tree, key, _value(value))
        against = _range(arguments.against) if arguments.against else None
        return list(variants(tree, [_range(text) for text in arguments.vary], against))
    except ValueError as error:
        raise ScenarioInvalid(str(error)) from error


def _range(text: str) -> Range:
    from inkstream_server.simulation.sweep import Range

    key, values = _assignment(text)
    return Range(key, tuple(_value(value) for value in values.split(",")))


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not value:
        raise ScenarioInvalid(f"{text}: it must read KEY=VALUE")
    return key, value


def _value(text: str) -> Any:  # noqa: ANN401 - any YAML value
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ScenarioInvalid(f"{text} is no YAML value") from error


def _run(variant: Variant, arguments: argparse.Namespace) -> Outcome:
    from pydantic import ValidationError

    from inkstream_server.cli.simulate_output import Outcome
    from inkstream_server.findings import findings
    from inkstream_server.scheduling.cost_table import NotMeasured
    from inkstream_server.simulation.run import simulate
    from inkstream_server.simulation.scenario import Scenario

    try:
        scenario = Scenario.model_validate(variant.tree)
        times = _times(arguments, scenario)
        return Outcome(variant.x, variant.series, simulate(scenario, times))
    except ValidationError as error:
        raise ScenarioInvalid(f"{arguments.scenario}: {findings(error)}") from error
    except NotMeasured as error:
        raise ScenarioInvalid(f"{arguments.scenario}: {error}") from error


def _times(arguments: argparse.Namespace, scenario: Scenario) -> BatchTimes:
    from inkstream_server.simulation.cost_values import measurements_from
    from inkstream_server.simulation.costs import BatchTimes

    named = scenario.costs
    if arguments.costs is None and named is None:
        raise ScenarioInvalid("there are no batch times: name them by `costs` or --costs")
    path = arguments.costs or arguments.scenario.parent / str(named)
    try:
        return BatchTimes(measurements_from(_read(path), scenario.server.text_rec_model))
    except ValueError as error:
        raise ScenarioInvalid(f"{path}: {error}") from error


def _read(path: Path) -> Any:  # noqa: ANN401 - what a file holds, until it is checked
    import yaml

    try:  # JSON is YAML
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioInvalid(f"cannot read {path}: {error}") from error
