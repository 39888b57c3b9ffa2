"""`inkstream config show`: prints the configuration that a server would start with."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from inkstream_server.cli.options import add_config_options, loaded_from

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("config", help="show the effective configuration")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    show = actions.add_parser("show", help="print it as YAML")
    add_config_options(show)
    show.set_defaults(func=_show)


def _show(arguments: argparse.Namespace) -> int:
    import yaml

    loaded = loaded_from(arguments)
    tree = loaded.config.model_dump(mode="json")
    for text in (*loaded.remarks, *loaded.warnings):
        sys.stdout.write(f"# {text}\n")
    sys.stdout.write(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True))
    return 0
