"""Writes a trained network as a model directory, in the older format, which every engine reads."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from inkstream_server.engines.paddle_program import PaddleProgram, parse
from inkstream_server.models.files import DESCRIPTION, GRAPH_PDMODEL, WEIGHTS
from inkstream_server.models.fingerprint import Fingerprint
from inkstream_server.models.lock import ModelLock


def ask_for_the_older_format() -> None:
    """Call it before Paddle is imported, which looks at this but once."""
    os.environ["FLAGS_enable_pir_api"] = "0"  # noqa: SIM112  # that is how Paddle spells it


def export(
    model: Any, input_shape: tuple[int, ...], description: Mapping[str, Any], folder: Path
) -> None:
    """`input_shape` is that of one picture. The lock file lets `models verify` check the result."""
    graph, weights = _program(model, input_shape).serialised()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / GRAPH_PDMODEL).write_bytes(graph)
    (folder / WEIGHTS).write_bytes(weights)
    text = yaml.safe_dump(dict(description), sort_keys=False, allow_unicode=True)
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")
    names = GRAPH_PDMODEL, WEIGHTS, DESCRIPTION
    files = {name: Fingerprint.of(folder / name) for name in names}
    ModelLock(description["Global"]["model_name"], "inkstream", "", files).write(folder)


def _program(model: Any, input_shape: tuple[int, ...]) -> PaddleProgram:
    import paddle  # only after `ask_for_the_older_format`

    model.eval()
    spec = paddle.static.InputSpec([-1, *input_shape], "float32", "x")
    static = paddle.jit.to_static(model, input_spec=[spec], full_graph=True)
    with tempfile.TemporaryDirectory() as made:
        paddle.jit.save(static, str(Path(made) / "inference"))
        program = parse(
            (Path(made) / GRAPH_PDMODEL).read_bytes(), (Path(made) / WEIGHTS).read_bytes()
        )
    for operator in program.operators:
        _forget_origin(operator.message)
    return program


def _forget_origin(message: Any) -> None:
    """Where in which source file an operator was made is nobody's business but the trainer's."""
    kept = [each for each in message.attrs if not each.name.startswith("op_callstack")]
    del message.attrs[:]
    message.attrs.extend(kept)
