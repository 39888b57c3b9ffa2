"""Which models a configuration loads, and what keeps it from being loaded."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.unit import onnx_models

from inkstream_server.app.models import models_to_load
from inkstream_server.config import ConfigInvalid, InferenceConfig, ModelsConfig
from inkstream_server.errors import ModelMissing
from inkstream_server.models.files import Module


def test_a_known_model_that_is_missing_can_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"inkstream models pull PP-OCRv4_mobile_det PP-OCRv4_"):
        models_to_load(ModelsConfig(dir=tmp_path), InferenceConfig(), threads=1)


def test_a_model_that_is_not_known_cannot_be_fetched(tmp_path: Path) -> None:
    models = ModelsConfig(dir=tmp_path, text_recognition=("nobodys_rec",))

    with pytest.raises(ModelMissing, match=r"put a model's folder there.*\./my_model"):
        models_to_load(models, InferenceConfig(), threads=1)


def test_of_recognisers_all_are_loaded_in_their_order() -> None:
    models = ModelsConfig(
        text_recognition=("b", "a", "c"), textline_orientation=None, doc_orientation=None
    )

    found = models_to_load(models, InferenceConfig(engine="fake"), threads=1)

    names = [each.files.name for each in found if each.files.module is Module.TEXT_RECOGNITION]
    assert names == ["b", "a", "c"]
    assert len(found) == 4


@pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")
def test_a_models_folder_can_be_given_a_name(tmp_path: Path) -> None:
    detector = onnx_models.write_model(tmp_path / "det", onnx_models.detector())
    recogniser = onnx_models.write_model(
        tmp_path / "a=b" / "rec", onnx_models.recogniser({"character": "a"})
    )
    models = ModelsConfig(
        text_detection=str(detector),
        text_recognition=(str(recogniser), f"mine={recogniser}"),
        textline_orientation=None,
        doc_orientation=None,
    )

    found = models_to_load(models, InferenceConfig(), threads=1)

    assert [each.files.name for each in found] == ["det", "rec", "mine"]
    assert found[1].files.graph == found[2].files.graph


@pytest.mark.parametrize(
    "models",
    [
        ModelsConfig(text_recognition=("rec", "other", "rec")),
        ModelsConfig(text_recognition=("PP-OCRv4_mobile_det",)),
    ],
)
def test_every_model_must_have_a_name_of_its_own(models: ModelsConfig) -> None:
    with pytest.raises(
        ConfigInvalid, match=r"are both named '(rec|PP-OCRv4_mobile_det)'; .* my_model="
    ):
        models_to_load(models, InferenceConfig(engine="fake"), threads=1)
