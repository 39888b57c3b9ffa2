"""Makes the decoding libraries quiet, and their limits ours. Decodes nothing."""

from __future__ import annotations

import faulthandler
import functools
import logging
import os
import sys

import cv2
import pymupdf
from PIL import Image


@functools.cache
def prepare_libraries() -> None:
    """Idempotent. Whatever opens or draws a document calls it first."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    logging.getLogger("PIL").setLevel(logging.CRITICAL)  # it logs errors that it also raises
    Image.MAX_IMAGE_PIXELS = None  # sizes are checked from the header, against our own limits


def silence_native_stderr() -> None:
    """Sends what C code prints (libjpeg, libpng) to nowhere; Python's stderr stays where it was.

    For a worker process, once, at its start, before logging is set up. Traces of crashes still
    come out.
    """
    kept_stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    sys.stderr = sys.__stderr__ = kept_stderr  # type: ignore[misc] # typeshed has it Final
    faulthandler.enable(kept_stderr)
