"""What a worker process is told to be. The roles themselves are `cpu_role` and `model_role`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inkstream_server.telemetry.log import LogFormat
from inkstream_server.workers.confinement import Confinement
from inkstream_server.workers.memory import SegmentAddress, SharedMemory
from inkstream_server.workers.model_tasks import LoadedModel


class Role(Protocol):
    """Work of one kind, in the process that does it."""

    @property
    def models(self) -> Sequence[LoadedModel]:
        """The models loaded in this process."""

    def run(self, key: object, items: Sequence[object]) -> Sequence[object]:
        """One outcome for each item, in order: a result, or an OcrError that is its own."""

    def tell(self, item: object) -> None:
        """Take note of something that has no answer."""


class RoleSpec(Protocol):
    """A recipe of a role, small enough to be sent to the process that follows it."""

    def build(self, memory: SharedMemory) -> Role:
        """Load and warm up everything; raises OcrError where that is the operator's to mend."""


@dataclass(frozen=True, slots=True)
class Launch:
    """All that a worker process starts from."""

    name: str
    spec: RoleSpec
    segments: tuple[SegmentAddress, ...]
    # Set in the process's environment on top of the server's own, before any library is loaded.
    environment: Mapping[str, str] = field(default_factory=dict)
    log_level: str = "INFO"
    log_format: LogFormat = LogFormat.TEXT
    # Loading and warming up included; past it the worker is killed, and counts as not started.
    start_limit_s: float = 300.0
    # How long it may give no sign of life, once it is warm, before it is killed and replaced.
    heartbeat_timeout_s: float = 15.0
    # Past it the worker is replaced between two batches. Engines keep what they compiled for every
    # shape, and give it back only with the process. None: by its size when it is warm.
    memory_limit_bytes: int | None = None
    # None: what the process may do is the server's own business.
    confinement: Confinement | None = None
