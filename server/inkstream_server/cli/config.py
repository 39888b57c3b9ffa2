"""`inkstream config`: shows the configuration that a server would start with, and checks files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inkstream_server.cli.options import add_config_options, loaded_from

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_SHOW: Final = """\
Print the configuration that a server would start with, given the same flags and environment. What
is printed can be given back with --config. Behind each value that is no default stands where it is
from: a file, the environment or the command line, of which the later one holds.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "config", help="show the effective configuration, or check a file"
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    show = actions.add_parser("show", help="print it as YAML", description=_SHOW)
    add_config_options(show)
    show.add_argument("--json", action="store_true", help="as JSON, which --config takes as well")
    show.add_argument(
        "--origins", action="store_true", help="every setting with its value and where it is from"
    )
    show.set_defaults(func=_show)
    check = actions.add_parser("check", help="say what is wrong with a file, and with nothing else")
    check.add_argument("file", type=Path, metavar="FILE")
    check.set_defaults(func=_check)
    reference = actions.add_parser("reference", help="describe every setting, as Markdown")
    reference.add_argument(
        "--into", type=Path, metavar="FILE", help="renew it there, such as in docs/configuration.md"
    )
    reference.set_defaults(func=_reference)


def _show(arguments: argparse.Namespace) -> int:
    from inkstream_server.cli import config_output

    loaded = loaded_from(arguments)
    tree = loaded.config.model_dump(mode="json")
    if arguments.origins:
        show = config_output.origins_json if arguments.json else config_output.origins_table
        text = show(tree, loaded.origins)
    elif arguments.json:
        text = config_output.to_json(tree)
    else:
        remarks = (*loaded.remarks, *loaded.warnings)
        text = config_output.to_yaml(tree, loaded.origins, remarks)
    sys.stdout.write(text)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from inkstream_server.config import load_config

    origins = load_config(arguments.file, {}, ()).origins
    sys.stdout.write(f"{arguments.file}: well, {len(origins)} settings\n")
    return 0


def _reference(arguments: argparse.Namespace) -> int:
    from inkstream_server.cli.config_reference import put_into, reference
    from inkstream_server.config import ServerConfig

    if arguments.into is None:
        sys.stdout.write(reference(ServerConfig))
    else:
        text = arguments.into.read_text(encoding="utf-8")
        arguments.into.write_text(put_into(text, ServerConfig), encoding="utf-8")
    return 0
