"""Says what PaddleX's pipeline file means here: a layer under the configuration. Reads no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from inkstream_server.config import ConfigInvalid, Setting
from inkstream_server.paddlex.form import (
    SUB_MODULES,
    DocPreprocessor,
    ModelBlock,
    OcrPipeline,
    ServingBlock,
)

_DOC_PREPROCESSOR: Final = "SubPipelines.DocPreprocessor"
_DOC_MODULES: Final = f"{_DOC_PREPROCESSOR}.{SUB_MODULES}"

_BATCHES: Final = "batches are as large as measuring shows to be best (batching.*)"
_ENGINES: Final = "the fastest engine that is installed is taken, or that of --engine"
_PICTURES: Final = "pictures are in the answers, as large as their pages"
# Keys that PaddleX has and that are decided otherwise here.
_WITHOUT_EFFECT: Final = {
    "batch_size": _BATCHES,
    "engine": _ENGINES,
    "engine_config": _ENGINES,
    "use_hpip": _ENGINES,
    "hpi_config": _ENGINES,
    "max_output_img_size": _PICTURES,
    "file_storage": _PICTURES,
    "url_expires_in": _PICTURES,
}
# PaddleX's "no limit": as many as can be configured.
_MOST_PAGES: Final = 10_000
_DETECTION_KEYS: Final = ("limit_side_len", "limit_type", "thresh", "box_thresh", "unclip_ratio")


@dataclass(frozen=True, slots=True)
class OptionalModule:
    """A module that may be off: its place in the file, and our keys of its model and its switch."""

    place: str
    block: ModelBlock | None
    is_on: bool
    model_key: str
    switch_key: str

    @property
    def needs_pulling(self) -> str | None:
        """The name that its model has to be pulled under, where it is on and has no directory."""
        if not self.is_on or self.block is None or self.block.model_dir is not None:
            return None
        return self.block.model_name


@dataclass(frozen=True, slots=True)
class Layer:
    """The file's values by our own keys; what of it has no effect; what cannot have one yet."""

    settings: tuple[Setting, ...]
    remarks: tuple[str, ...]
    missing: tuple[OptionalModule, ...]


def layer_of(pipeline: OcrPipeline, origin: str, is_there: Callable[[str], bool]) -> Layer:
    """`origin` is what the file is called; `is_there` tells whether a model of a name is pulled.

    An optional module whose model is not there stays as it is without the file: the file that
    PaddleX ships has all of them on, and few need them. Raises ConfigInvalid where a module is on
    and the file does not say which model it has.
    """
    settings = [*_models(pipeline), *_page_defaults(pipeline), *_http(pipeline.serving)]
    missing = []
    for module in _optional_modules(pipeline):
        name = module.needs_pulling
        if name is not None and not is_there(name):
            missing.append(module)
        else:
            settings += _of_optional(module)
    told = (Setting(each.key, each.value, f"{each.origin} in {origin}") for each in settings)
    return Layer(tuple(told), tuple(_without_effect(pipeline)), tuple(missing))


def _models(pipeline: OcrPipeline) -> Iterator[Setting]:
    modules = pipeline.modules
    for key, place, block in (
        ("models.text_detection", "TextDetection", modules.text_detection),
        ("models.text_recognition", "TextRecognition", modules.text_recognition),
    ):
        yield Setting(key, _model(block), f"{SUB_MODULES}.{place}")


def _page_defaults(pipeline: OcrPipeline) -> Iterator[Setting]:
    detection = pipeline.modules.text_detection
    for key in _DETECTION_KEYS:
        value = getattr(detection, key)
        if value is not None:
            place = f"{SUB_MODULES}.TextDetection.{key}"
            yield Setting(f"pipeline.text_det_{key}", value, place)
    score_thresh = pipeline.modules.text_recognition.score_thresh
    if score_thresh is not None:
        place = f"{SUB_MODULES}.TextRecognition.score_thresh"
        yield Setting("pipeline.text_rec_score_thresh", score_thresh, place)


def _http(serving: ServingBlock | None) -> Iterator[Setting]:
    if serving is None:
        return
    if serving.visualize is not None:
        yield Setting("http.visualize", serving.visualize, "Serving.visualize")
    extra = serving.settings
    if extra is not None and "max_num_input_imgs" in extra.model_fields_set:
        count = extra.max_num_input_imgs
        place = "Serving.extra.max_num_input_imgs"
        yield Setting("http.max_pages", _MOST_PAGES if count is None else count, place)


def _optional_modules(pipeline: OcrPipeline) -> Iterator[OptionalModule]:
    page = pipeline.sub_pipelines.doc_preprocessor or DocPreprocessor(
        pipeline_name="doc_preprocessor"
    )
    is_prepared = pipeline.use_doc_preprocessor
    yield OptionalModule(
        f"{_DOC_MODULES}.DocOrientationClassify",
        page.modules.doc_orientation,
        is_prepared and page.use_doc_orientation_classify,
        "models.doc_orientation",
        "pipeline.use_doc_orientation_classify",
    )
    yield OptionalModule(
        f"{_DOC_MODULES}.DocUnwarping",
        page.modules.doc_unwarping,
        is_prepared and page.use_doc_unwarping,
        "models.doc_unwarping",
        "pipeline.use_doc_unwarping",
    )
    yield OptionalModule(
        f"{SUB_MODULES}.TextLineOrientation",
        pipeline.modules.textline_orientation,
        pipeline.use_textline_orientation,
        "models.textline_orientation",
        "pipeline.use_textline_orientation",
    )


def _of_optional(module: OptionalModule) -> Iterator[Setting]:
    if module.is_on and module.block is None:
        raise ConfigInvalid(f"{module.place} is missing, and the module is on")
    model = _model(module.block) if module.is_on and module.block else None
    yield Setting(module.model_key, model, module.place)
    yield Setting(module.switch_key, module.is_on, module.place)


def _model(block: ModelBlock) -> str:
    """A path is one by its separator: a name without is looked for among the pulled models."""
    if block.model_dir is None:
        return block.model_name
    return str(Path(block.model_dir).expanduser().absolute())


def _without_effect(pipeline: OcrPipeline) -> Iterator[str]:
    places: dict[str, list[str]] = {}
    for key, place in _keys_set(pipeline, ""):
        if key in _WITHOUT_EFFECT:
            places.setdefault(key, []).append(place)
    for key, found in places.items():
        yield f"{', '.join(found)}: without effect here; {_WITHOUT_EFFECT[key]}"


def _keys_set(block: BaseModel, place: str) -> Iterator[tuple[str, str]]:
    """Every key that is set to something, by PaddleX's name, with its place in the file."""
    for name, field in type(block).model_fields.items():
        value = getattr(block, name)
        key = field.alias or name
        if isinstance(value, BaseModel):
            yield from _keys_set(value, f"{place}{key}.")
        elif value is not None:
            yield key, f"{place}{key}"
