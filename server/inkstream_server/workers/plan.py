"""Plans how many processes, with how many threads each, share this processor's cores."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field

from inkstream_server.engines.engine import CPU, Device, DeviceKind
from inkstream_server.workers.confinement import Confining

_CGROUP_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
_PROCESSORS: Final = Path("/proc/cpuinfo")
# More model workers than this would mostly hold copies of the models; threads take the other cores.
_MOST_MODEL_WORKERS: Final = 8
_FEEDERS_PER_DEVICE: Final = 8


def _confining_word(value: object) -> object:
    return Confining.OFF if value is False else value  # what YAML takes a bare "off" for


class WorkerCounts(BaseModel, frozen=True, extra="forbid"):
    """How many of each to run, and what they may do. None: planned from the cores there are."""

    # Processes that run models. None: one a core, 8 at most; elsewhere one a device.
    model_workers: int | None = Field(default=None, ge=1, le=256)
    # Threads of each of them.
    model_threads: int | None = Field(default=None, ge=1, le=256)
    # Processes that decode, find and cut.
    cpu_workers: int | None = Field(default=None, ge=1, le=256)
    # What one of them may have in memory for itself, in bytes, before it is replaced. None: 1.5
    # GiB, or 1 GiB more than with all its models warm where that is more.
    max_memory_bytes: int | None = Field(default=None, ge=64 << 20)
    # Seconds that one of them may give no sign of life - be stopped, or stuck - before it is
    # replaced; .inf: for ever. One that computes with a batch lives; how long is the batch's limit.
    heartbeat_timeout_s: float = Field(default=15.0, ge=0.5)
    # Whether workers that decode are kept from sockets, programs and files, and from taking what
    # they like: auto (as far as the system allows it), required or off.
    confinement: Annotated[Confining, BeforeValidator(_confining_word)] = Confining.AUTO
    # Address space that one of them may take for what it decodes, in bytes. None: 4 GiB and 48
    # bytes for each pixel that a page may have.
    max_decode_bytes: int | None = Field(default=None, ge=256 << 20)
    # How often in a row each worker of a pool may fail to start, while the server runs, before the
    # server ends. The tries are up to ten seconds apart.
    max_failed_starts: int = Field(default=10, ge=1)


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What will run. OpenCV has one thread in every process: the processes are the parallelism.

    Model workers take the devices in turn.
    """

    cores: int
    model_workers: int
    model_threads: int
    cpu_workers: int
    devices: tuple[Device, ...] = (CPU,)

    def device_of(self, model_worker: int) -> Device:
        """The device of a model worker, by the number that it has among them, from 0."""
        return self.devices[model_worker % len(self.devices)]

    def __str__(self) -> str:
        devices = ", ".join(map(str, self.devices))
        return (
            f"{self.cores} cores: {self.model_workers} model workers x {self.model_threads} threads"
            f" on {devices}, {self.cpu_workers} CPU workers x 1 thread, no thread pinned to a core"
        )


def plan(cores: int, counts: WorkerCounts, devices: tuple[Device, ...] = (CPU,)) -> WorkerPlan:
    """The plan for a machine.

    On a processor every core gets a model worker of its own: two processes of one thread read more
    pages than one of two threads, since nothing waits for the slower half of an operator. CPU
    workers beside them are idle nearly always, but must never be what a page waits for. Any other
    device gets one model worker.
    """
    if devices[0].kind is DeviceKind.CPU:
        model_workers = counts.model_workers or min(cores, _MOST_MODEL_WORKERS)
        model_threads = counts.model_threads or max(1, cores // model_workers)
        cpu_workers = counts.cpu_workers or max(2, math.ceil(cores / 4))
    else:
        model_workers = counts.model_workers or len(devices)
        model_threads = counts.model_threads or 1
        most_feeders = _FEEDERS_PER_DEVICE * len(devices)
        cpu_workers = counts.cpu_workers or max(2, min(cores - 2, most_feeders))
    return WorkerPlan(cores, model_workers, model_threads, cpu_workers, devices)


def processor_name(information: Path = _PROCESSORS) -> str:
    """The processor's model, as it calls itself; empty where it does not."""
    try:
        lines = information.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "")


def core_count(quota_file: Path = _CGROUP_QUOTA) -> int:
    """Cores that this process may use: by its affinity and by its container's quota."""
    allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = quota_file.read_text(encoding="ascii").split()
        return max(1, min(allowed, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no cgroup, or "max": no quota
        return allowed
