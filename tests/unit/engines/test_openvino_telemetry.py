import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.unit import onnx_models

LOADS_A_MODEL = """
import sys
from pathlib import Path

from inkstream_server.engines.engine import EngineSettings
from inkstream_server.engines.openvino import OpenVinoEngine
from inkstream_server.models.files import ModelFiles, Module

graph = Path(sys.argv[1])
OpenVinoEngine().load(ModelFiles("det", Module.TEXT_DETECTION, graph, None), EngineSettings())
assert "openvino" in sys.modules
assert not sys.modules.get("openvino_telemetry"), "loaded"
"""


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")
def test_nobody_is_told_that_openvino_is_used(tmp_path: Path) -> None:
    graph = tmp_path / "inference.onnx"
    graph.write_bytes(onnx_models.detector())
    home = tmp_path / "home"
    home.mkdir()
    # In continuous integration OpenVINO is silent by itself.
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment |= {"HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path)}

    subprocess.run(
        [sys.executable, "-c", LOADS_A_MODEL, str(graph)], env=environment, check=True, timeout=120
    )

    assert list(home.iterdir()) == []
