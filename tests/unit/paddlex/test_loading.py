from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from tests.unit.paddlex.files import OCR_YAML, tree

from inkstream_server.config import ConfigInvalid, ServerConfig
from inkstream_server.paddlex.loading import ConfigSources, LoadedConfig, load_with_pipeline
from inkstream_server.stages.detection import LimitType


@pytest.fixture
def ocr_yaml(tmp_path: Path) -> str:
    file = tmp_path / "OCR.yaml"
    file.write_text(OCR_YAML, encoding="utf-8")
    return str(file)


def load(
    pipeline: str | Mapping[str, object] | None,
    folder: Path,
    *,
    text: str = "",
    flags: Sequence[tuple[str, object]] = (),
) -> LoadedConfig:
    """With the models that are in `folder`, and a configuration file of this text."""
    file = folder / "config.yml"
    file.write_text(text, encoding="utf-8")
    environ = {"INKSTREAM_MODELS_DIR": str(folder / "models")}
    return load_with_pipeline(pipeline, ConfigSources(file, environ, flags))


def pull(folder: Path, *names: str) -> None:
    for name in names:
        (folder / "models" / name).mkdir(parents=True)


@pytest.mark.parametrize("pipeline", [None, "OCR"])
def test_the_pipeline_of_that_name_is_our_own(pipeline: str | None, tmp_path: Path) -> None:
    assert load(pipeline, tmp_path) == LoadedConfig(ServerConfig())


def test_the_file_lies_between_the_defaults_and_our_own_file(ocr_yaml: str, tmp_path: Path) -> None:
    config = load(ocr_yaml, tmp_path, text="pipeline: {text_det_thresh: 0.1}").config

    assert config.pipeline.text_det_thresh == 0.1
    assert config.pipeline.text_det_limit_type is LimitType.MIN
    assert config.models.dir is None


def test_a_value_out_of_its_range_is_told_with_its_place_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "OCR.yml"
    contents = tree(SubModules__TextDetection__thresh=1.5)
    file.write_text(yaml.safe_dump(contents), encoding="utf-8")

    with pytest.raises(
        ConfigInvalid, match=r"from SubModules\.TextDetection\.thresh in .*OCR\.yml"
    ):
        load(str(file), tmp_path)


def test_pulled_models_are_served_without_a_word(ocr_yaml: str, tmp_path: Path) -> None:
    pull(tmp_path, "PP-LCNet_x1_0_doc_ori", "PP-LCNet_x1_0_textline_ori", "UVDoc")

    loaded = load(ocr_yaml, tmp_path)

    assert loaded.config.models.doc_orientation == "PP-LCNet_x1_0_doc_ori"
    assert loaded.config.models.textline_orientation == "PP-LCNet_x1_0_textline_ori"
    assert loaded.config.pipeline.use_textline_orientation
    assert loaded.warnings == ()


def test_of_a_model_that_is_not_pulled_the_log_says_what_stands_in(
    ocr_yaml: str, tmp_path: Path
) -> None:
    loaded = load(ocr_yaml, tmp_path)

    own = ServerConfig().models
    assert loaded.config.models.textline_orientation == own.textline_orientation
    (told,) = (text for text in loaded.warnings if "TextLineOrientation" in text)
    assert "PP-LCNet_x1_0_textline_ori is not pulled" in told
    assert str(own.textline_orientation) in told


def test_of_a_model_that_can_be_had_the_log_says_how(tmp_path: Path) -> None:
    contents = tree(SubModules__TextLineOrientation__model_name="ch_ppocr_mobile_v2.0_cls")

    warnings = load(contents, tmp_path).warnings

    command = f"inkstream models pull ch_ppocr_mobile_v2.0_cls --models-dir {tmp_path / 'models'}"
    assert any(command in text for text in warnings)


def test_a_module_that_our_own_file_gives_a_model_needs_no_warning(
    ocr_yaml: str, tmp_path: Path
) -> None:
    loaded = load(ocr_yaml, tmp_path, flags=[("models.textline_orientation", "/models/mine")])

    assert loaded.config.models.textline_orientation == "/models/mine"
    assert not any("TextLineOrientation" in text for text in loaded.warnings)


def test_the_fake_engine_needs_no_model(ocr_yaml: str, tmp_path: Path) -> None:
    loaded = load(ocr_yaml, tmp_path, flags=[("inference.engine", "fake")])

    assert loaded.config.models.doc_orientation == "PP-LCNet_x1_0_doc_ori"
    assert loaded.warnings == ()


def test_contents_do_as_well_as_a_file(ocr_yaml: str, tmp_path: Path) -> None:
    assert load(tree(), tmp_path).config == load(ocr_yaml, tmp_path).config


@pytest.mark.parametrize("pipeline", ["seal_recognition", "", "OCR.json"])
def test_another_pipeline_is_refused(pipeline: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="allowed: OCR, or a file's path"):
        load(pipeline, tmp_path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"cannot read nonesuch\.yaml"):
        load("nonesuch.yaml", tmp_path)


def test_no_limit_of_pages_is_as_many_as_may_be_configured(tmp_path: Path) -> None:
    contents = tree(Serving={"extra": {"max_num_input_imgs": None}})

    assert load(contents, tmp_path).config.http.max_pages == 10_000
