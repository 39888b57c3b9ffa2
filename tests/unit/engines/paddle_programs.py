"""Small models in Paddle's older format, made step by step, and what Paddle computes with them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inkstream_server.engines.paddle import runtime
from inkstream_server.engines.paddle_program import (
    PaddleProgram,
    Weights,
    parse,
    program_format,
    write_weights,
)

inference = runtime()
form = program_format()

CHANNELS = 4
# All axes of one length: what is added along the wrong one is computed, and is wrong.
SHAPE = (1, CHANNELS, CHANNELS, CHANNELS)


class Chain:
    """A program in the making: each step reads what the last one wrote. Weights are random."""

    def __init__(self, seed: int = 0) -> None:
        self.weights: Weights = {}
        self._random = np.random.default_rng(seed)
        self._program = form.ProgramDesc()
        self._block = self._program.blocks.add(idx=0, parent_idx=-1)
        self._block.vars.add(name="feed", persistable=True).type.type = form.VarType.FEED_MINIBATCH
        self._block.vars.add(name="fetch", persistable=True).type.type = form.VarType.FETCH_LIST
        self.last = self.tensor("x", (-1, *SHAPE[1:]))
        self.operator("feed", {"X": "feed"}, {"Out": self.last}, {"col": 0})

    def convolution(
        self,
        kernel: int = 1,
        *,
        padding: int = 0,
        groups: int = 1,
        bias: bool = True,
        layout: str = "NCHW",
        inputs: Mapping[str, str] | None = None,
    ) -> Chain:
        filters = self.weight((CHANNELS, CHANNELS // groups, kernel, kernel))
        self.operator(
            "depthwise_conv2d" if groups == CHANNELS else "conv2d",
            {"Input": self.last, "Filter": filters} | dict(inputs or {}),
            {"Output": self._next()},
            {
                "strides": [1, 1],
                "paddings": [padding, padding],
                "dilations": [1, 1],
                "groups": groups,
                "padding_algorithm": "EXPLICIT",
                "data_format": layout,
            },
        )
        return self.plus(self.weight((CHANNELS,)), axis=1) if bias else self

    def activation(self) -> Chain:
        attributes = {"threshold": 6.0, "scale": 6.0, "offset": 3.0}
        return self._step("hard_swish", {"X": self.last}, attributes)

    def affine(self) -> Chain:
        return self.times(self.weight((1,))).plus(self.weight((1,)))

    def weight(self, shape: tuple[int, ...]) -> str:
        name = self.tensor(f"weight_{len(self._block.vars)}", shape, persistable=True)
        self.weights[name] = self._random.uniform(-1.5, 1.5, shape).astype(np.float32)
        return name

    def times(self, factor: str) -> Chain:
        return self._step("elementwise_mul", {"X": factor, "Y": self.last}, {"axis": -1})

    def plus(self, shift: str, *, axis: int = -1) -> Chain:
        return self._step("elementwise_add", {"X": self.last, "Y": shift}, {"axis": axis})

    def result(self) -> Chain:
        """Make what was computed up to here one of the model's results."""
        count = sum(each.type == "fetch" for each in self._block.ops)
        self.operator("fetch", {"X": self.last}, {"Out": "fetch"}, {"col": count})
        return self

    def files(self) -> tuple[bytes, bytes]:
        return self._program.SerializeToString(), write_weights(self.weights)

    def program(self) -> PaddleProgram:
        return parse(*self.files())

    def _step(
        self, kind: str, inputs: Mapping[str, str], attributes: Mapping[str, object]
    ) -> Chain:
        self.operator(kind, inputs, {"Out": self._next()}, attributes)
        return self

    def _next(self) -> str:
        self.last = self.tensor(f"tensor_{len(self._block.vars)}", (-1, *SHAPE[1:]))
        return self.last

    def tensor(self, name: str, shape: tuple[int, ...], *, persistable: bool = False) -> str:
        variable = self._block.vars.add(name=name, persistable=persistable)
        variable.type.type = form.VarType.DENSE_TENSOR
        variable.type.dense_tensor.tensor.data_type = form.VarType.FP32
        variable.type.dense_tensor.tensor.dims.extend(shape)
        return name

    def operator(
        self,
        kind: str,
        inputs: Mapping[str, str],
        outputs: Mapping[str, str],
        attributes: Mapping[str, object],
    ) -> None:
        operator = self._block.ops.add(type=kind)
        for slot, name in inputs.items():
            operator.inputs.add(parameter=slot, arguments=[name])
        for slot, name in outputs.items():
            operator.outputs.add(parameter=slot, arguments=[name])
        for name, value in attributes.items():
            match value:
                case str():
                    operator.attrs.add(name=name, type=form.STRING, s=value)
                case float():
                    operator.attrs.add(name=name, type=form.FLOAT, f=value)
                case int():
                    operator.attrs.add(name=name, type=form.INT, i=value)
                case _:
                    operator.attrs.add(name=name, type=form.INTS, ints=value)


def results(files: tuple[bytes, bytes], picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """What Paddle computes, as it stands: nothing is optimised."""
    graph, weights = files
    config = inference.Config()
    config.set_model_buffer(graph, len(graph), weights, len(weights))
    config.disable_glog_info()
    config.disable_gpu()
    config.disable_mkldnn()
    config.switch_ir_optim(False)
    predictor = inference.create_predictor(config)
    predictor.get_input_handle(predictor.get_input_names()[0]).copy_from_cpu(picture)
    predictor.run()
    return [
        predictor.get_output_handle(name).copy_to_cpu() for name in predictor.get_output_names()
    ]
