"""PaddleX's pipeline file as its users have it, and the same with changes."""

from __future__ import annotations

from typing import Any

import yaml

OCR_YAML = """
pipeline_name: OCR

text_type: general

use_doc_preprocessor: True
use_textline_orientation: True

SubPipelines:
  DocPreprocessor:
    pipeline_name: doc_preprocessor
    use_doc_orientation_classify: True
    use_doc_unwarping: True
    SubModules:
      DocOrientationClassify:
        module_name: doc_text_orientation
        model_name: PP-LCNet_x1_0_doc_ori
        model_dir: null
      DocUnwarping:
        module_name: image_unwarping
        model_name: UVDoc
        model_dir: null

SubModules:
  TextDetection:
    module_name: text_detection
    model_name: PP-OCRv5_server_det
    model_dir: null
    limit_side_len: 64
    limit_type: min
    max_side_limit: 4000
    thresh: 0.4
    box_thresh: 0.5
    unclip_ratio: 1.5
  TextLineOrientation:
    module_name: textline_orientation
    model_name: PP-LCNet_x1_0_textline_ori 
    model_dir: null
    batch_size: 6
  TextRecognition:
    module_name: text_recognition
    model_name: PP-OCRv5_server_rec
    model_dir: null
    batch_size: 6
    score_thresh: 0.25
"""  # noqa: W291 - so it is shipped


def tree(**changes: object) -> dict[str, Any]:
    """The file's contents. A change is named by its path, `__` between the keys."""
    whole: dict[str, Any] = yaml.safe_load(OCR_YAML)
    for path, value in changes.items():
        *parents, leaf = path.split("__")
        block = whole
        for parent in parents:
            block = block[parent]
        block[leaf] = value
    return whole


def without(*path: str) -> dict[str, Any]:
    """The file's contents without one key."""
    whole = tree()
    *parents, leaf = path
    block = whole
    for parent in parents:
        block = block[parent]
    del block[leaf]
    return whole
