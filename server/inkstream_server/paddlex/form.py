"""The form of PaddleX's pipeline file, OCR.yaml: its keys and their types. What they mean here is
`layer`'s."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field, ValidationError

from inkstream_server.bounded_yaml import BadYaml, read_yaml
from inkstream_server.config import ConfigInvalid
from inkstream_server.findings import findings
from inkstream_server.stages.detection import MAX_SIDE_PX

SUB_MODULES: Final = "SubModules"


class Block(BaseModel, frozen=True, extra="forbid", protected_namespaces=()):
    """What PaddleX takes at every level. None of it has an effect here."""

    batch_size: object = None
    engine: object = None
    engine_config: object = None
    use_hpip: object = None
    hpi_config: object = None


class ModelBlock(Block, frozen=True):
    """A module's model: a directory, or the official one of this name."""

    model_name: str
    model_dir: str | None = None


class DetectionBlock(ModelBlock, frozen=True):
    module_name: Literal["text_detection"]
    limit_side_len: int | None = None
    limit_type: str | None = None
    max_side_limit: int | None = Field(default=None, ge=MAX_SIDE_PX, le=MAX_SIDE_PX)
    thresh: float | None = None
    box_thresh: float | None = None
    unclip_ratio: float | None = None
    # A fixed size of the input, which would change every result.
    input_shape: None = None


class RecognitionBlock(ModelBlock, frozen=True):
    module_name: Literal["text_recognition"]
    score_thresh: float | None = None
    # Requests ask for word boxes, a configuration does not.
    return_word_box: Literal[False] | None = None
    input_shape: None = None


class LineOrientationBlock(ModelBlock, frozen=True):
    module_name: Literal["textline_orientation"]


class DocOrientationBlock(ModelBlock, frozen=True):
    module_name: Literal["doc_text_orientation"]


class DocUnwarpingBlock(ModelBlock, frozen=True):
    module_name: Literal["image_unwarping"]


class DocModules(BaseModel, frozen=True, extra="forbid"):
    doc_orientation: DocOrientationBlock | None = Field(
        default=None, alias="DocOrientationClassify"
    )
    doc_unwarping: DocUnwarpingBlock | None = Field(default=None, alias="DocUnwarping")


class DocPreprocessor(Block, frozen=True):
    pipeline_name: Literal["doc_preprocessor"]
    use_doc_orientation_classify: bool = True
    use_doc_unwarping: bool = True
    modules: DocModules = Field(default=DocModules(), alias=SUB_MODULES)


class SubPipelines(BaseModel, frozen=True, extra="forbid"):
    doc_preprocessor: DocPreprocessor | None = Field(default=None, alias="DocPreprocessor")


class OcrModules(BaseModel, frozen=True, extra="forbid"):
    text_detection: DetectionBlock = Field(alias="TextDetection")
    text_recognition: RecognitionBlock = Field(alias="TextRecognition")
    textline_orientation: LineOrientationBlock | None = Field(
        default=None, alias="TextLineOrientation"
    )


class ServingExtra(BaseModel, frozen=True, extra="forbid"):
    # None, where it is written: no limit.
    max_num_input_imgs: int | None = None
    max_output_img_size: object = None
    file_storage: object = None
    url_expires_in: object = None
    return_img_urls: Literal[False] | None = None


class ServingBlock(BaseModel, frozen=True, extra="forbid"):
    """How PaddleX's own server answers. Clients that expect URLs could not read our answers."""

    visualize: bool | None = None
    return_urls: Literal[False] | None = None
    settings: ServingExtra | None = Field(default=None, alias="extra")


class OcrPipeline(Block, frozen=True):
    """The whole file. What is left out has PaddleX's own default."""

    pipeline_name: Literal["OCR"]
    text_type: Literal["general"]
    use_doc_preprocessor: bool = True
    use_textline_orientation: bool = True
    sub_pipelines: SubPipelines = Field(default=SubPipelines(), alias="SubPipelines")
    modules: OcrModules = Field(alias=SUB_MODULES)
    serving: ServingBlock | None = Field(default=None, alias="Serving")


def read_pipeline_file(file: Path) -> OcrPipeline:
    """Raises ConfigInvalid, which names every key that is unknown, missing or wrong."""
    try:
        tree = read_yaml(file)
    except (OSError, BadYaml) as error:
        raise ConfigInvalid(f"cannot read {file}: {error}") from error
    return pipeline_of(tree, str(file))


def pipeline_of(tree: object, origin: str) -> OcrPipeline:
    """The same of a tree that is read already."""
    try:
        return OcrPipeline.model_validate(tree)
    except ValidationError as error:
        raise ConfigInvalid(findings(error, lambda key: origin)) from error
