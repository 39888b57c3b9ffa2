"""`inkstream predict`: reads files as PaddleX's command line does, with its flags.

The reading is that of `inkstream.create_pipeline`, the flags' values are checked there too.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from inkstream_server.cli.connecting import access_from, add_access_options

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_MISUSED: Final = 2
_INVALID_FIELD: Final = "INVALID_FIELD"
_TRUE: Final = ("TRUE", "True", "true", "T", "t")
_FALSE: Final = ("FALSE", "False", "false", "F", "f")
_NONE: Final = ("None", "none", "NONE")
_LIMIT_TYPES: Final = ("min", "max")
_DESCRIPTION: Final = """\
Read files, folders and URLs, print every page's result, and save it. Models run on this machine,
or, with --server, on that one. Flags may be written with dashes too. The exit status is 1 where
anything failed.
"""
_EPILOG: Final = """\
examples:
  inkstream predict --pipeline OCR --input scan.png --save_path ./output
  inkstream predict --pipeline OCR.yaml --input scans/ --input report.pdf --device gpu:0
  inkstream predict --input scan.png --server localhost:50051 --use_textline_orientation True
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "predict",
        help="read files with PaddleX's flags, here or with a server",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pipeline", default="OCR", metavar="NAME", help="OCR, or an OCR.yaml")
    parser.add_argument(
        "--input",
        action="append",
        required=True,
        metavar="PATH",
        help="a file, a folder or a URL; may be given again",
    )
    parser.add_argument(*_spellings("save_path"), metavar="DIR", help="where results are saved")
    parser.add_argument("--server", metavar="HOST:PORT", help="the server that reads")
    add_access_options(parser)
    parser.add_argument("--device", metavar="D", help="cpu, gpu:0, …; not with --server")
    parser.add_argument("--engine", metavar="E", help="as for serve; not with --server")
    parser.add_argument(
        *_spellings("use_hpip"), action="store_true", default=None, help="without effect"
    )
    parser.add_argument(*_spellings("hpi_config"), type=_literal, metavar="DICT", help="likewise")
    group = parser.add_argument_group("how to read; what is left out is as the pipeline has it")
    for name, (kind, metavar, text) in _OPTIONS.items():
        group.add_argument(*_spellings(name), type=kind, metavar=metavar, help=text)
    parser.set_defaults(func=_run)


def _spellings(name: str) -> tuple[str, str]:
    return f"--{name}", f"--{name.replace('_', '-')}"


def _switch(text: str) -> bool | None:
    if text in _NONE:
        return None
    if text not in (*_TRUE, *_FALSE):
        raise argparse.ArgumentTypeError(f"{text!r} is neither True nor False")
    return text in _TRUE


def _limit_type(text: str) -> str:
    if text not in _LIMIT_TYPES:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(_LIMIT_TYPES)}")
    return text


def _literal(text: str) -> object:
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no Python literal") from error
    return value


_OPTIONS: Final[Mapping[str, tuple[Callable[[str], Any], str, str]]] = {
    "use_doc_orientation_classify": (_switch, "BOOL", "turn pages upright"),
    "use_doc_unwarping": (_switch, "BOOL", "flatten photographed pages"),
    "use_textline_orientation": (_switch, "BOOL", "turn lines upright"),
    "text_det_limit_side_len": (int, "PX", "what text_det_limit_type speaks of"),
    "text_det_limit_type": (_limit_type, "TYPE", "min: of the short side; max: of the long side"),
    "text_det_thresh": (float, "P", "a pixel above this is text"),
    "text_det_box_thresh": (float, "P", "a region under this is dropped"),
    "text_det_unclip_ratio": (float, "RATIO", "how far regions grow"),
    "text_rec_score_thresh": (float, "P", "a line under this is left out"),
    "return_word_box": (_switch, "BOOL", "the words' places too"),
}


def _run(arguments: argparse.Namespace) -> int:
    # Here, because it imports gRPC and numpy, which the other commands need not wait for.
    from inkstream.errors import InkstreamError
    from inkstream.pipelines import create_pipeline
    from inkstream_server.cli.predicting import predict_inputs

    given = vars(arguments)
    options = {name: given[name] for name in _OPTIONS}
    access = access_from(arguments, arguments.server or "")
    try:
        pipeline = create_pipeline(
            arguments.pipeline,
            device=arguments.device,
            engine=arguments.engine,
            server=arguments.server,
            tls=access.tls,
            token=access.token,
            allow_plaintext_token=access.allow_plaintext_token,
            use_hpip=arguments.use_hpip,
            hpi_config=arguments.hpi_config,
        )
    except ValueError as error:
        return _fail(error, _MISUSED)
    with pipeline:
        try:
            failures = predict_inputs(pipeline, arguments.input, options, arguments.save_path)
        except InkstreamError as error:  # of the options; all else has been told
            return _fail(error.message, _MISUSED if error.reason == _INVALID_FIELD else 1)
    return 1 if failures else 0


def _fail(told: object, status: int) -> int:
    sys.stderr.write(f"inkstream: {told}\n")
    return status
