"""What a server tells about itself: its models, defaults and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Settings:
    """What a page is read with once the defaults are filled in."""

    use_doc_preprocessor: bool
    use_doc_orientation_classify: bool
    use_doc_unwarping: bool
    use_textline_orientation: bool
    text_det_limit_side_len: int
    text_det_limit_type: Literal["min", "max"]
    text_det_thresh: float
    text_det_box_thresh: float
    text_det_unclip_ratio: float
    text_rec_score_thresh: float
    text_det_model: str
    text_rec_model: str


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is loaded on a device. `is_default`: a request that names none gets it.

    `sha256` tells its files from any other's; empty where an older server does not say.
    """

    name: str
    module: str
    engine: str
    device: str
    precision: str
    character_count: int
    is_default: bool
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """A server's version, what it reads with where a request sets nothing, and its limits."""

    version: str
    defaults: Settings
    max_message_bytes: int
    max_document_pages: int
    max_image_pixels: int
    max_document_bytes: int
    max_lines: int
