"""Finds the reference data beside the repository. Tests that need it say so and skip without it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

_BESIDE_REPOSITORY: Final = Path(__file__).resolve().parents[2] / "shared"

SHARED: Final[Path | None] = _BESIDE_REPOSITORY if _BESIDE_REPOSITORY.is_dir() else None

needs_reference_data: Final = pytest.mark.skipif(
    SHARED is None, reason=f"the reference data is not there: {_BESIDE_REPOSITORY}"
)


def reference_files(folder: str) -> list[Path]:
    """Every file of a folder below the reference data, by name; none where the data is missing."""
    if SHARED is None:
        return []
    return sorted(path for path in (SHARED / folder).iterdir() if path.is_file())


def reference_file(path: str) -> Path:
    """For use in tests under `needs_reference_data`."""
    assert SHARED is not None
    return SHARED / path
