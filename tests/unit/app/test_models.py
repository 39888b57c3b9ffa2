from __future__ import annotations

from pathlib import Path

import pytest

from inkstream_server.app.models import models_to_load
from inkstream_server.config import InferenceConfig, ModelsConfig
from inkstream_server.errors import ModelMissing


def test_a_known_model_that_is_missing_can_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"inkstream models pull PP-OCRv4_mobile_det PP-OCRv4_"):
        models_to_load(ModelsConfig(dir=tmp_path), InferenceConfig(), threads=1)


def test_a_model_that_is_not_known_cannot_be_fetched(tmp_path: Path) -> None:
    models = ModelsConfig(dir=tmp_path, text_recognition="PP-OCRv5_server_rec")

    with pytest.raises(ModelMissing, match=r"put a model's folder there.*\./my_model"):
        models_to_load(models, InferenceConfig(), threads=1)
