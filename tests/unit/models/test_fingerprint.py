from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.models.fingerprint import model_sha256


@pytest.fixture
def model(tmp_path: Path) -> ModelFiles:
    graph, weights = tmp_path / "inference.pdmodel", tmp_path / "inference.pdiparams"
    graph.write_bytes(b"graph")
    weights.write_bytes(b"weights")
    return ModelFiles("a", Module.TEXT_DETECTION, graph, weights)


def test_a_model_is_told_by_its_content_wherever_it_lies(model: ModelFiles, tmp_path: Path) -> None:
    assert model.weights is not None
    moved = tmp_path / "elsewhere"
    moved.write_bytes(model.weights.read_bytes())

    assert model_sha256(replace(model, weights=moved)) == model_sha256(model)


def test_other_weights_make_another_model(model: ModelFiles) -> None:
    before = model_sha256(model)
    assert model.weights is not None
    model.weights.write_bytes(b"weightt")

    assert model_sha256(model) != before


def test_a_model_without_files_is_told_by_its_name() -> None:
    one, other = (
        ModelFiles(name, Module.TEXT_DETECTION, Path(name), None) for name in ("one", "other")
    )

    assert model_sha256(one) == model_sha256(one)
    assert model_sha256(one) != model_sha256(other)
