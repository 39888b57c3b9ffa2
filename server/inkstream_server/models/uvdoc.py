"""What is fixed about UVDoc, the one unwarping model there is: how large a page it looks at."""

from __future__ import annotations

from typing import Final

INPUT_HEIGHT_PX: Final = 712
INPUT_WIDTH_PX: Final = 488
"""Whatever a page's size, the network shrinks it to this first, whatever its ratio."""
