"""One predictor in a process of its own, run on demand: what the engine benchmarks start.

Reads one JSON line that describes the variant (`Variant` in `measuring.py`), loads the model, says
"ready", and then answers each line it reads with the figures of one round, as a JSON line. It uses
the runtimes directly, since the settings under test are those that `engines/` fixes.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from inkstream_server.stages.line_widths import FEW
from inkstream_server.workers.widths import shapes_to_warm

Runner = Callable[[np.ndarray], object]

SHARE_OF_SHORT_LINES = 0.62


def inputs_of(workload: str) -> list[np.ndarray]:
    """Make the tensors of one round.

    "det:960x704" and "rec:320:8" (width, batch) say one shape, "mixed:100" as many lines of widths
    as real pages have them: six in ten are 320 px wide, the others log-normal up to 1902.
    "widths:100:3" is 100 lines, each of another width, in an order that the seed 3 decides.
    "ladder" is every batch that a worker is warmed up with.
    """
    random = np.random.default_rng(7)
    kind, *rest = workload.split(":")
    if kind == "det":
        height, width = (int(side) for side in rest[0].split("x"))
        return [random.uniform(-2, 2, (1, 3, height, width)).astype(np.float32)]
    if kind == "rec":
        return [random.uniform(-1, 1, (int(rest[1]), 3, 48, int(rest[0]))).astype(np.float32)]
    if kind == "ladder":
        shapes = [(count, 3, 48, width) for count, width in shapes_to_warm(FEW)]
        return [random.uniform(-1, 1, shape).astype(np.float32) for shape in shapes]
    if kind == "widths":
        order = np.random.default_rng(int(rest[1]))
        widths = order.permutation(np.arange(321, 321 + 2 * int(rest[0]), 2))
    else:
        wide = np.exp(random.normal(np.log(616), 0.35, int(rest[0])))
        is_short = random.uniform(size=int(rest[0])) < SHARE_OF_SHORT_LINES
        widths = np.where(is_short, 320, np.clip(wide, 321, 1902)).astype(int)
    return [random.uniform(-1, 1, (1, 3, 48, int(w))).astype(np.float32) for w in widths]


def paddle_runner(variant: dict[str, Any]) -> Runner:
    """Load a model with Paddle Inference; `settings` are the calls on its Config, in order."""
    from paddle import inference

    graph = Path(variant["model"]) / "inference.pdmodel"
    config = inference.Config(str(graph), str(graph.with_suffix(".pdiparams")))
    config.disable_glog_info()
    config.disable_gpu()
    for method, *arguments in variant["settings"]:
        getattr(config, method)(*arguments)
    predictor = inference.create_predictor(config)
    source = predictor.get_input_handle(predictor.get_input_names()[0])
    target = predictor.get_output_handle(predictor.get_output_names()[0])

    def run(tensor: np.ndarray) -> None:
        source.reshape(tensor.shape)
        source.copy_from_cpu(tensor)
        predictor.run()
        target.copy_to_cpu()
        if variant["shrink"]:
            predictor.try_shrink_memory()

    return run


def openvino_runner(variant: dict[str, Any]) -> Runner:
    """Load a model with OpenVINO; `settings` are the properties it is compiled with."""
    import openvino

    core = openvino.Core()
    folder = Path(variant["model"])
    names = ("inference.pdmodel", "inference.onnx")
    graph = next(str(folder / name) for name in names if (folder / name).exists())
    if not variant["per_shape"]:
        compiled = core.compile_model(core.read_model(graph), "CPU", variant["settings"])
        request = compiled.create_infer_request()
        return lambda tensor: request.infer([tensor], share_inputs=True, share_outputs=True)
    requests: dict[tuple[int, ...], Any] = {}

    def run(tensor: np.ndarray) -> None:
        if tensor.shape not in requests:
            model = core.read_model(graph)
            model.reshape(list(tensor.shape))
            compiled = core.compile_model(model, "CPU", variant["settings"])
            requests[tensor.shape] = compiled.create_infer_request()
        requests[tensor.shape].infer([tensor], share_inputs=True, share_outputs=True)

    return run


def onnxruntime_runner(variant: dict[str, Any]) -> Runner:
    """Load a model with ONNX Runtime; `settings` are the attributes of its SessionOptions."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    for attribute, value in variant["settings"].items():
        setattr(options, attribute, value)
    graph = str(Path(variant["model"]) / "inference.onnx")
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda tensor: session.run(None, {name: tensor})


LOADERS: dict[str, Callable[[dict[str, Any]], Runner]] = {
    "paddle": paddle_runner,
    "openvino": openvino_runner,
    "onnxruntime": onnxruntime_runner,
}


def memory_mib(field: str) -> float:
    """Read one field of /proc/self/status, such as VmRSS; 0 where there is none."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Serve rounds until standard input ends."""
    variant = json.loads(sys.stdin.readline())
    answers = sys.stdout
    sys.stdout = sys.stderr
    run = LOADERS[variant["engine"]](variant)
    inputs = inputs_of(variant["workload"])
    print("ready", file=answers, flush=True)
    for _ in sys.stdin:
        before = resource.getrusage(resource.RUSAGE_SELF)
        started = time.perf_counter()
        for tensor in inputs:
            run(tensor)
        wall_s = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_SELF)
        figures = {
            "wall_ms": wall_s * 1e3 / len(inputs),
            "system_ms": (after.ru_stime - before.ru_stime) * 1e3 / len(inputs),
            "faults": (after.ru_minflt - before.ru_minflt) / len(inputs),
            "rss_mib": memory_mib("VmRSS"),
            "peak_mib": memory_mib("VmHWM"),
        }
        print(json.dumps(figures), file=answers, flush=True)


if __name__ == "__main__":
    main()
