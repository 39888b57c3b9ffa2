from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.paddlex.files import tree, without

from inkstream_server.config import ConfigInvalid
from inkstream_server.paddlex.form import pipeline_of, read_pipeline_file
from inkstream_server.paddlex.layer import Layer, layer_of

PAGE_MODULES = "SubPipelines__DocPreprocessor__SubModules"
DETECTION = "SubModules__TextDetection"


def layer(contents: dict[str, Any] | None = None, *, pulled: bool = True) -> Layer:
    pipeline = pipeline_of(tree() if contents is None else contents, "OCR.yaml")
    return layer_of(pipeline, "OCR.yaml", lambda name: pulled)


def values(layer: Layer) -> dict[str, object]:
    return {each.key: each.value for each in layer.settings}


def test_the_file_that_paddlex_ships_means_the_same_here() -> None:
    assert values(layer()) == {
        "models.text_detection": "PP-OCRv5_server_det",
        "models.text_recognition": "PP-OCRv5_server_rec",
        "models.doc_orientation": "PP-LCNet_x1_0_doc_ori",
        "models.doc_unwarping": "UVDoc",
        "models.textline_orientation": "PP-LCNet_x1_0_textline_ori",
        "pipeline.use_doc_orientation_classify": True,
        "pipeline.use_doc_unwarping": True,
        "pipeline.use_textline_orientation": True,
        "pipeline.text_det_limit_side_len": 64,
        "pipeline.text_det_limit_type": "min",
        "pipeline.text_det_thresh": 0.4,
        "pipeline.text_det_box_thresh": 0.5,
        "pipeline.text_det_unclip_ratio": 1.5,
        "pipeline.text_rec_score_thresh": 0.25,
    }


def test_every_value_tells_its_place_in_the_file() -> None:
    origins = {each.key: each.origin for each in layer().settings}

    assert origins["pipeline.text_det_thresh"] == "SubModules.TextDetection.thresh in OCR.yaml"
    assert origins["models.text_recognition"] == "SubModules.TextRecognition in OCR.yaml"


def test_what_is_left_out_or_null_is_left_as_it_is() -> None:
    contents = tree(
        **{f"{DETECTION}__thresh": None, "SubModules__TextRecognition__score_thresh": None}
    )
    del contents["SubModules"]["TextDetection"]["limit_side_len"]

    assert not values(layer(contents)).keys() & {
        "pipeline.text_det_thresh",
        "pipeline.text_det_limit_side_len",
        "pipeline.text_rec_score_thresh",
    }


def test_a_model_directory_goes_before_the_name_and_counts_from_where_we_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    contents = tree(
        **{
            f"{DETECTION}__model_dir": "my_det",
            f"{PAGE_MODULES}__DocOrientationClassify__model_dir": "/models/ori",
        }
    )

    told = values(layer(contents, pulled=False))

    assert told["models.text_detection"] == str(tmp_path / "my_det")
    assert told["models.doc_orientation"] == "/models/ori"


@pytest.mark.parametrize(
    ("switch", "model"),
    [
        ("use_doc_preprocessor", "models.doc_orientation"),
        ("use_doc_preprocessor", "models.doc_unwarping"),
        ("SubPipelines__DocPreprocessor__use_doc_unwarping", "models.doc_unwarping"),
        (
            "SubPipelines__DocPreprocessor__use_doc_orientation_classify",
            "models.doc_orientation",
        ),
        ("use_textline_orientation", "models.textline_orientation"),
    ],
)
def test_a_module_that_is_off_has_no_model(switch: str, model: str) -> None:
    told = layer(tree(**{switch: False}), pulled=False)

    assert values(told)[model] is None
    assert model not in [module.model_key for module in told.missing]


def test_an_optional_module_whose_model_is_not_pulled_is_left_as_it_is() -> None:
    told = layer(pulled=False)

    assert [module.model_key for module in told.missing] == [
        "models.doc_orientation",
        "models.doc_unwarping",
        "models.textline_orientation",
    ]
    assert not values(told).keys() & {module.model_key for module in told.missing}
    assert not values(told).keys() & {module.switch_key for module in told.missing}


def test_the_two_models_that_no_line_goes_without_are_named_wherever_they_are() -> None:
    assert values(layer(pulled=False))["models.text_detection"] == "PP-OCRv5_server_det"


def test_the_page_modules_may_be_left_out_where_they_are_off() -> None:
    contents = without("SubPipelines")
    contents["use_doc_preprocessor"] = False

    assert values(layer(contents))["models.doc_orientation"] is None


@pytest.mark.parametrize(
    "path",
    [
        ("SubPipelines",),
        ("SubPipelines", "DocPreprocessor", "SubModules", "DocOrientationClassify"),
        ("SubPipelines", "DocPreprocessor", "SubModules", "DocUnwarping"),
        ("SubModules", "TextLineOrientation"),
    ],
)
def test_a_module_that_is_on_must_say_its_model(path: tuple[str, ...]) -> None:
    with pytest.raises(ConfigInvalid, match="is missing, and the module is on"):
        layer(without(*path))


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({}, "SubModules.TextRecognition.batch_size"),
        ({"use_hpip": True}, "use_hpip: without effect"),
        ({"hpi_config": {"auto_config": True}}, "hpi_config: without effect"),
        ({f"{DETECTION}__engine": "onnxruntime"}, "SubModules.TextDetection.engine: without"),
        ({"engine_config": {"cpu_threads": 8}}, "engine_config: without effect"),
        ({"Serving": {"extra": {"file_storage": {}}}}, "Serving.extra.file_storage: without"),
        ({"SubPipelines__DocPreprocessor__batch_size": 2}, "DocPreprocessor.batch_size"),
    ],
)
def test_what_has_no_effect_here_is_said(changes: dict[str, object], remark: str) -> None:
    told = layer(tree(**changes))

    assert any(remark in text for text in told.remarks)


@pytest.mark.parametrize(
    ("serving", "expected"),
    [
        ({"visualize": False}, {"http.visualize": False}),
        ({"extra": {"max_num_input_imgs": 3}}, {"http.max_pages": 3}),
        ({"extra": {"max_num_input_imgs": None}}, {"http.max_pages": 10_000}),
        ({"extra": {}}, {}),
        (None, {}),
    ],
)
def test_how_paddlex_serves_is_how_http_answers(
    serving: dict[str, object] | None, expected: dict[str, object]
) -> None:
    told = values(layer(tree(Serving=serving)))

    assert {key: value for key, value in told.items() if key.startswith("http.")} == expected


def test_a_null_needs_no_remark() -> None:
    told = layer(tree(use_hpip=None, hpi_config=None))

    assert not any("hpi" in text for text in told.remarks)


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"pipeline_name": "layout_parsing"}, "pipeline_name is 'layout_parsing'"),
        ({"text_type": "seal"}, "text_type is 'seal'"),
        ({"use_textline_orientaton": True}, "use_textline_orientaton is no known key"),
        ({f"{DETECTION}__tresh": 0.3}, "SubModules.TextDetection.tresh is no known key"),
        ({f"{DETECTION}__module_name": "text_recognition"}, "SubModules.TextDetection.module_name"),
        ({f"{DETECTION}__thresh": "low"}, "SubModules.TextDetection.thresh is 'low'"),
        ({f"{DETECTION}__max_side_limit": 8000}, "max_side_limit is 8000"),
        ({f"{DETECTION}__input_shape": [3, 640, 640]}, "SubModules.TextDetection.input_shape"),
        ({"SubModules__TextRecognition__return_word_box": True}, "return_word_box is True"),
        ({"Serving": {"return_urls": True}}, "Serving.return_urls is True"),
        ({"Serving": {"extra": {"max_num_imgs": 5}}}, "Serving.extra.max_num_imgs is no known"),
        ({"SubModules__Layout": {}}, "SubModules.Layout is no known key"),
        (
            {"SubPipelines__DocPreprocessor__SubModules__Seal": {}},
            "SubModules.Seal is no known key",
        ),
    ],
)
def test_what_cannot_be_done_stops_the_start_by_its_name(
    changes: dict[str, object], finding: str
) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        layer(tree(**changes))

    assert finding in refused.value.message
    assert "(from OCR.yaml)" in refused.value.message


@pytest.mark.parametrize("path", [("SubModules",), ("SubModules", "TextDetection"), ("text_type",)])
def test_a_key_that_paddlex_needs_is_missed(path: tuple[str, ...]) -> None:
    with pytest.raises(ConfigInvalid, match=f"{path[-1]} is missing"):
        layer(without(*path))


@pytest.mark.parametrize(
    "text", ["", "just words", "- a\n", "a: [", "Global: {pipeline_name: OCR}"]
)
def test_a_file_of_another_form_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "OCR.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigInvalid, match=r"OCR\.yaml"):
        read_pipeline_file(file)
