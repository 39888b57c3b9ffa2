"""Says what stands between this machine and a server of a configuration, one finding at a time.

It ends with the real thing: a server that is started here and reads a drawn picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from inkstream_server.config import ServerConfig


class Level(Enum):
    """How much a finding matters to a server that is started here."""

    OK = "OK"
    WARN = "WARN"  # it serves, and less well than it could
    FAIL = "FAIL"  # it does not start, or does not read


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what is so, and what to do about it."""

    level: Level
    subject: str
    told: str
    advice: str = ""


Check = Callable[[ServerConfig], Iterator[Finding]]


def ok(subject: str, told: str) -> Finding:
    return Finding(Level.OK, subject, told)


def warn(subject: str, told: str, advice: str) -> Finding:
    return Finding(Level.WARN, subject, told, advice)


def fail(subject: str, told: str, advice: str) -> Finding:
    return Finding(Level.FAIL, subject, told, advice)


_BUG: Final = "this is a bug of ours: report it, with all of this"


def findings_of(check: Check, config: ServerConfig) -> Iterator[Finding]:
    """What a check finds. One that breaks finds that, and does not keep the others from theirs."""
    try:
        yield from check(config)
    except Exception as error:  # noqa: BLE001 - a check's boundary: told, never swallowed
        yield fail(check.__name__.replace("_", " "), f"{type(error).__name__}: {error}", _BUG)
