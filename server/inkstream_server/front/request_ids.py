"""What a request is called: as its caller wishes, where that can do no harm, else by a new name."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from typing import Final

REQUEST_ID_KEY: Final = "x-request-id"
"""The metadata, or header, that asks for an id and that tells it."""

# Nothing that could forge a line of the log.
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def request_id_of(asked: Iterable[object]) -> str:
    """The first id that a client may have chosen among what it asked for, else a new one."""
    return chosen_id(asked) or new_request_id()


def chosen_id(asked: Iterable[object]) -> str | None:
    """The first id that a client may have chosen among what it asked for."""
    return next((each for each in asked if isinstance(each, str) and is_request_id(each)), None)


def new_request_id() -> str:
    return uuid.uuid4().hex


def is_request_id(text: str) -> bool:
    """Whether a client may choose it as its request's id."""
    return _REQUEST_ID.fullmatch(text) is not None
