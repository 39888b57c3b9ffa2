"""The models that come with the package itself: small, our own, found without a pull.

They lie in the package, where nothing is ever written. Which are served, the configuration decides.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from inkstream_server.models.files import Module

DOC_ORIENTATION: Final = "inkstream_doc_ori"
"""Tells which side of a page is up; how it came about: training/doc_orientation."""

EMBEDDED: Final = Path(__file__).resolve().parents[1] / "embedded_models"


MODULES: Final = {DOC_ORIENTATION: Module.DOC_ORIENTATION}
"""What each embedded model is for. All of them are served where nothing else is configured."""


def embedded_directory(name: str) -> Path | None:
    return EMBEDDED / name if name in MODULES else None


def is_embedded(directory: Path) -> bool:
    return directory.parent == EMBEDDED
