"""Says in one line what is wrong with a tree of values. It does not check them: pydantic does."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError
from pydantic_core import ErrorDetails


def findings(error: ValidationError, origin_of: Callable[[str], str] = lambda key: "") -> str:
    """Name each key that is wrong, its value, what it may be, and, if told, where it is from."""
    return "; ".join(_finding(each, origin_of) for each in error.errors())


def _finding(error: ErrorDetails, origin_of: Callable[[str], str]) -> str:
    key = ".".join(str(part) for part in error["loc"]) or "the whole"
    origin = f" (from {source})" if (source := origin_of(key)) else ""
    if error["type"] == "extra_forbidden":
        return f"{key} is no known key{origin}"
    if error["type"] == "missing":
        return f"{key} is missing{origin}"
    if error["type"] == "value_error":  # our own words, which name the values that matter
        return f"{key}: {error['ctx']['error']}{origin}"
    return f"{key} is {error['input']!r}: {error['msg']}{origin}"
