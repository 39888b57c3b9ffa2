"""The recipes of all roles. What follows one is imported in the process that follows it.

The front sends recipes and must not load what it never runs: the PDF library alone takes 170 MB
and most of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.workers.memory import SharedMemory
from inkstream_server.workers.model_tasks import ModelToLoad

if TYPE_CHECKING:
    from inkstream_server.workers.cpu_role import CpuRole
    from inkstream_server.workers.measure_role import MeasureRole
    from inkstream_server.workers.model_role import ModelRole

# The processes are the parallelism; see docs/decisions/017.
_OPENCV_THREADS: Final = 1


@dataclass(frozen=True, slots=True)
class CpuRoleSpec:
    """A CPU worker: it decodes, finds and cuts within these limits."""

    limits: DocumentLimits

    def build(self, memory: SharedMemory) -> CpuRole:
        import cv2

        from inkstream_server.document.libraries import silence_native_stderr
        from inkstream_server.workers.cpu_role import CpuRole

        silence_native_stderr()  # the codecs' remarks on a broken picture; the caller gets an error
        cv2.setNumThreads(_OPENCV_THREADS)
        return CpuRole(memory, self.limits)


@dataclass(frozen=True, slots=True)
class ModelRoleSpec:
    """A model worker: it serves these models, each warm before the first batch."""

    models: tuple[ModelToLoad, ...]

    def build(self, memory: SharedMemory) -> ModelRole:
        import cv2

        from inkstream_server.workers.model_role import ModelRole

        cv2.setNumThreads(_OPENCV_THREADS)
        role = ModelRole(memory, self.models)
        role.warm_up()
        return role


@dataclass(frozen=True, slots=True)
class MeasureRoleSpec:
    """A worker that measures these models and then ends. It needs no memory of the server's.

    `counts_waits`: where more workers compute than there are cores, that they wait for them is part
    of what a batch takes; elsewhere it is the doing of others.
    """

    models: tuple[ModelToLoad, ...]
    counts_waits: bool

    def build(self, memory: SharedMemory) -> MeasureRole:
        import cv2

        from inkstream_server.workers.measure_role import MeasureRole

        del memory
        cv2.setNumThreads(_OPENCV_THREADS)
        return MeasureRole(self.models, counts_waits=self.counts_waits)
