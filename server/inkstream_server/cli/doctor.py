"""`inkstream doctor`: says what stands between this machine and a server, to be run first."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from inkstream_server.cli.options import add_config_options, loaded_from

if TYPE_CHECKING:
    from inkstream_server.app.checkup import Check, Finding

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_ABOUT: Final = """\
Look at this machine, this installation and the models as a server with these flags would, start one
on a socket of its own, and have it read a picture whose text is known. What is found can be pasted
into a report: it holds no secret, no name of the machine and, where that is well, no value of the
configuration. The exit status is 1 where something is FAIL: then a server does not start, or does
not read.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "doctor",
        help="test this installation, for a report",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config_options(parser)
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--no-read", action="store_true", help="start no server; takes no second")
    parser.set_defaults(func=_doctor)


def _doctor(arguments: argparse.Namespace) -> int:
    from inkstream_server.app.checkup import Level
    from inkstream_server.cli.doctor_output import to_json, to_text

    found: list[Finding] = []
    for finding in _findings(arguments):
        found.append(finding)
        if not arguments.json:
            sys.stdout.write(to_text(finding))
            sys.stdout.flush()
    if arguments.json:
        sys.stdout.write(to_json(found))
    return int(any(finding.level is Level.FAIL for finding in found))


def _findings(arguments: argparse.Namespace) -> Iterator[Finding]:
    from inkstream_server.app import checkup, checkup_machine
    from inkstream_server.config import ConfigInvalid, ServerConfig
    from inkstream_server.telemetry.log import set_up_logging

    set_up_logging("ERROR")  # what a start tells is told as findings
    try:
        loaded = loaded_from(arguments)
    except ConfigInvalid as error:
        yield checkup.fail("configuration", error.message, "docs/configuration.md names all of it")
        yield from checkup.findings_of(checkup_machine.versions, ServerConfig())
        yield from checkup.findings_of(checkup_machine.processor, ServerConfig())
        return
    changed = ", ".join(f"{key} ({origin})" for key, origin in loaded.origins.items())
    yield checkup.ok("configuration", f"not by default: {changed or 'nothing'}")
    quiet = loaded.config.model_copy(update={"log_level": "ERROR"})
    for check in _checks(arguments):
        yield from checkup.findings_of(check, quiet)


def _checks(arguments: argparse.Namespace) -> tuple[Check, ...]:
    from inkstream_server.app import checkup_machine as machine
    from inkstream_server.app import checkup_models as models

    looks = (
        machine.versions, machine.processor, machine.memory, machine.open_files, machine.ports,
        machine.clock, models.model_files, models.engines,
    )  # fmt: skip
    return looks if arguments.no_read else (*looks, models.reading)
