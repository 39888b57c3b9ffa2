"""Sets logging up, once a process. What is logged is the business of who logs it."""

from __future__ import annotations

import logging
import sys
from typing import Final

_FORMAT: Final = "%(asctime)s.%(msecs)03d %(levelname)-7s [%(process)d] %(name)s: %(message)s"


def set_up_logging(level: str) -> None:
    """Log to standard error, a line an event; standard output belongs to commands' results."""
    logging.basicConfig(
        stream=sys.stderr,
        level=level,
        format=_FORMAT,
        datefmt="%Y-%m-%dT%H:%M:%S",
        force=True,
    )
