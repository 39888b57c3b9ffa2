from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from inkstream_server.cli.main import main

SCENARIO: dict[str, Any] = {
    "machine": {"cores": 2, "model_workers": 1},
    "kinds": {
        "page": {"sheets": [{"detector_shape": [640, 640], "lines": 2, "line_width_px": 320}]}
    },
    "traffic": [{"arrivals": {"callers": 2}, "kinds": {"page": 1}}],
    "costs": "costs.json",
    "warm_up_s": 0,
    "duration_s": 10,
}
COSTS = [
    {
        "model": "a detector",
        "module": "text_detection",
        "policy": {"max_count": 1},
        "rows": [{"shape": [640, 640], "count": 1, "batch_s": 0.1, "items_per_s": 10.0}],
    },
    {
        "model": "a recogniser",
        "module": "text_recognition",
        "rows": [{"shape": [320], "count": 1, "batch_s": 0.01, "engine_s": 0.009}],
    },
]
WITHOUT_MATPLOTLIB = importlib.util.find_spec("matplotlib") is None


def written(folder: Path, **changes: object) -> str:
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump({**SCENARIO, **changes}), encoding="utf-8")
    (folder / "costs.json").write_text(json.dumps(COSTS), encoding="utf-8")
    return str(path)


def test_it_tells_what_a_server_would_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", written(tmp_path)]) == 0

    out = capsys.readouterr().out
    assert "pages" in out
    assert "page, first page" in out
    assert "recognition" in out


def test_programs_get_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", written(tmp_path), "--json"]) == 0

    (found,) = json.loads(capsys.readouterr().out)
    assert found["pages_per_s"] == pytest.approx(1 / 0.12, rel=0.1)
    assert found["kinds"]["page"]["latency_s"]["count"] > 50


def test_values_vary_together_and_against_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    varied = ["--vary", "machine.model_workers=1,2", "--vary", "traffic.0.arrivals.callers=2,4"]
    against = ["--against", "seed=1,2"]

    assert main(["simulate", written(tmp_path), "--json", *varied, *against]) == 0

    found = json.loads(capsys.readouterr().out)
    assert [(each["series"], each["x"]) for each in found] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert found[1]["pages_per_s"] > 1.5 * found[0]["pages_per_s"]


def test_a_table_has_a_row_for_each_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", written(tmp_path), "--vary", "machine.cores=1,2,4"]) == 0

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["cores", "pages/s"]
    assert [row.split()[0] for row in rows] == ["1", "2", "4"]


def test_a_key_is_set_to_a_whole_mapping(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setting = "traffic.0.arrivals={constant_per_s: 2}"

    assert main(["simulate", written(tmp_path), "--json", "--set", setting]) == 0

    assert json.loads(capsys.readouterr().out)[0]["pages_per_s"] == pytest.approx(2.0, rel=0.06)


@pytest.mark.parametrize(
    ("changes", "flags", "words"),
    [
        ({"nonesuch": 1}, [], "nonesuch"),
        ({"kinds": {}}, [], "kinds"),
        ({"costs": None}, [], "--costs"),
        ({"costs": "missing.json"}, [], "cannot read"),
        ({"costs": "scenario.yaml"}, [], "inkstream tune --json"),
        ({"traffic": [{"arrivals": {"callers": 1}, "kinds": {"x": 1}}]}, [], "not described"),
        ({}, ["--vary", "machine"], "KEY=VALUE"),
        ({}, ["--vary", "machine.cores=1,2", "--vary", "seed=1"], "as many values"),
        ({}, ["--set", "traffic.7.clients=2"], "no place"),
        ({}, ["--plot", "x.png"], "vary"),
    ],
)
def test_what_cannot_be_simulated_is_told_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, object],
    flags: list[str],
    words: str,
) -> None:
    assert main(["simulate", written(tmp_path, **changes), *flags]) == 1

    told = capsys.readouterr().err
    assert words in told
    assert len(told.splitlines()) == 1


@pytest.mark.skipif(not WITHOUT_MATPLOTLIB, reason="matplotlib is installed")
def test_without_matplotlib_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--vary", "machine.cores=1,2", "--plot", str(tmp_path / "x.png")]

    assert main(["simulate", written(tmp_path), *flags]) == 1

    assert ".[server,plot]" in capsys.readouterr().err


@pytest.mark.skipif(WITHOUT_MATPLOTLIB, reason="matplotlib is not installed: the extra `plot`")
def test_a_sweep_is_drawn(tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    flags = ["--vary", "machine.cores=1,2,8", "--plot", str(picture), "--against", "seed=1,2"]

    assert main(["simulate", written(tmp_path), *flags]) == 0

    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("path", sorted(Path("benchmarks/scenarios").glob("*.yaml")), ids=str)
def test_the_scenarios_that_are_kept_can_be_run(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = ["--set", "warm_up_s=0", "--set", "duration_s=2"]
    costs = ["--costs", "benchmarks/scenarios/assumed_l4.json"]

    assert main(["simulate", str(path), *costs, *short, "--json"]) == 0

    assert json.loads(capsys.readouterr().out)[0]["pages_per_s"] > 0
