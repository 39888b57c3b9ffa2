"""Confines a worker process that reads what strangers sent: what it may take, and reach.

It is the last thing before the first batch, when all libraries are loaded. What it is not kept from
is in docs/threat-model.md.
"""

from __future__ import annotations

import logging
import math
import os
import resource
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Final

from inkstream_server.errors import Fault, OcrError
from inkstream_server.workers import seccomp
from inkstream_server.workers.process_facts import address_space_bytes

_log = logging.getLogger(__name__)

_OPEN_FILES: Final = 256
# What the log's file may grow by; where there is a filter, no other can be opened for writing.
_LOG_BYTES: Final = 1 << 30


class Confining(Enum):
    """Whether workers that decode are confined."""

    AUTO = "auto"  # as far as the system lets them be
    REQUIRED = "required"  # or the server does not start
    OFF = "off"


class NotConfined(OcrError):
    """The system does not let workers be confined, and the configuration asks for it."""

    reason = "NOT_CONFINED"
    fault = Fault.SETUP


@dataclass(frozen=True, slots=True)
class Confinement:
    """What one process may take.

    `spare_address_bytes` is for what it decodes, beyond what it has when it is ready;
    `max_batch_cpu_s` what one batch may compute. Where not all can be had, that is an error if it
    `is_required`, else a warning of the one that `is_telling`.
    """

    spare_address_bytes: int
    max_batch_cpu_s: float
    is_required: bool = False
    is_telling: bool = True

    def enter(self) -> None:
        """Confine this process for good. Raises NotConfined."""
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
        _limit(resource.RLIMIT_FSIZE, _file_bytes(sys.stderr.fileno()))
        own = address_space_bytes(os.getpid())
        _limit(resource.RLIMIT_AS, own + self.spare_address_bytes)
        try:
            seccomp.forbid_new_privileges()
            seccomp.refuse_calls()
        except (OSError, seccomp.SeccompUnusable) as error:
            self._tell(
                f"workers that decode are not kept from sockets, programs and files: {error}"
            )

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Have SIGXCPU end a process that computes for too long within the block."""
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        limit = math.ceil(time.process_time() + self.max_batch_cpu_s)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, most))
        try:
            yield
        finally:  # it counts a process's whole life, and that is not bounded
            resource.setrlimit(resource.RLIMIT_CPU, (most, most))

    def _tell(self, message: str) -> None:
        if self.is_required:
            raise NotConfined(message)
        if self.is_telling:
            _log.warning("%s", message)


def _limit(kind: int, wanted: int) -> None:
    """No more than that, or than it is already."""
    _, most = resource.getrlimit(kind)
    limit = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(kind, (limit, limit))


def _file_bytes(log: int) -> int:
    """How long a file may become: none, but for one that the log is written to."""
    status = os.fstat(log)
    return status.st_size + _LOG_BYTES if stat.S_ISREG(status.st_mode) else 0
