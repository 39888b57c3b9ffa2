"""Flags for how a request's pages are read, one for each such option. The server checks ranges.

What is left out is as the server has it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from inkstream_server.cli.numbers import whole

if TYPE_CHECKING:
    from inkstream.options import Options

_SWITCHES: Final = {
    "use_doc_orientation_classify": "turn pages upright first",
    "use_doc_unwarping": "flatten bent pages first",
    "use_textline_orientation": "turn lines upright first",
}
# Option: its type, metavar, help.
_VALUES: Final[dict[str, tuple[Callable[[str], float], str, str]]] = {
    "text_det_limit_side_len": (whole, "PX", "the side that pages are scaled to for detection"),
    "text_det_thresh": (float, "P", "text is where the probability is above this"),
    "text_det_box_thresh": (float, "P", "regions that are less probable are left out"),
    "text_det_unclip_ratio": (float, "R", "how far regions are grown"),
    "text_rec_score_thresh": (float, "P", "lines whose score is under this are left out"),
}
_NAMES: Final = (*_SWITCHES, "text_det_limit_type", *_VALUES, "text_rec_model", "frame")


def add_page_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how pages are read (what is left out: as the server has it)")
    group.add_argument(
        "--rec-model",
        "--text-rec-model",
        dest="text_rec_model",
        metavar="NAME",
        help="the recogniser, of those that the server has",
    )
    for name, text in _SWITCHES.items():
        group.add_argument(_flag(name), action=argparse.BooleanOptionalAction, help=text)
    group.add_argument(
        _flag("text_det_limit_type"),
        choices=("min", "max"),
        help="whether --text-det-limit-side-len is the short side or the long one",
    )
    group.add_argument(
        "--frame",
        choices=("source", "read"),
        help="the image that coordinates are in: as sent, or as read (turned, unwarped)",
    )
    for name, (kind, metavar, text) in _VALUES.items():
        group.add_argument(_flag(name), type=kind, metavar=metavar, help=text)


def page_options(arguments: argparse.Namespace) -> Options:
    """What the flags of `add_page_options` say."""
    given = vars(arguments)
    options: Any = {name: given[name] for name in _NAMES if given[name] is not None}
    chosen: Options = options  # the parser's types are those of the keywords; a test holds them so
    return chosen


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
