"""What a confined worker cannot do, and that it is otherwise a worker like any other."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.process.attempts import Attempt, Compute, TryingSpec
from tests.process.roles import launch

from inkstream_server.workers.confinement import Confinement
from inkstream_server.workers.loss import Cause, WorkerLost
from inkstream_server.workers.slot import WorkerSlot

LIMIT_S = 120.0  # a second of a core may take long where others compute
CONFINED = Confinement(spare_address_bytes=256 << 20, max_batch_cpu_s=1.0, is_required=True)


@asynccontextmanager
async def filled_slot(confinement: Confinement | None) -> AsyncIterator[WorkerSlot]:
    slot = WorkerSlot(replace(launch(TryingSpec()), confinement=confinement))
    await slot.start()
    try:
        yield slot
    finally:
        await slot.stop()


def attempted(confinement: Confinement | None, path: Path, *acts: str) -> dict[str, object]:
    outcomes: dict[str, object] = {}

    async def scenario() -> None:
        tasks = tuple(Attempt(what, path) for what in acts)
        async with filled_slot(confinement) as slot:
            finished = await slot.run("any", tasks, limit_s=LIMIT_S)
        outcomes.update(zip(acts, finished.outcomes, strict=True))

    asyncio.run(scenario())
    return outcomes


FORBIDDEN = {
    "open a socket": "PermissionError",
    "open a unix socket": "PermissionError",
    "open a socket in a thread": "PermissionError",
    "make a pair of sockets": "PermissionError",
    "run a program": "PermissionError",
    "become a program": "PermissionError",
    "gain privileges": "PermissionError",
    "take memory": "MemoryError",
    "write a file": "PermissionError",
    "make a file": "PermissionError",
    "end the server": "PermissionError",
    "open many files": "OSError",
    "remove a file": "PermissionError",
}


def test_a_confined_worker_reaches_and_takes_nothing_that_no_decoder_needs(tmp_path: Path) -> None:
    allowed = ("take a little memory", "read a file")
    (tmp_path / "file").write_text("kept")

    outcomes = attempted(CONFINED, tmp_path / "file", *allowed, *FORBIDDEN)

    assert outcomes == {**FORBIDDEN, **dict.fromkeys(allowed, "done")}
    assert (tmp_path / "file").read_text() == "kept"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_worker_that_is_not_confined_can_do_it_all(tmp_path: Path) -> None:
    acts = [each for each in FORBIDDEN if each not in ("become a program", "gain privileges")]

    outcomes = attempted(None, tmp_path / "file", *acts)

    assert outcomes == dict.fromkeys(acts, "done")


@pytest.mark.parametrize(("is_required", "status"), [(True, 1), (False, 0)])
def test_a_worker_that_must_be_confined_and_cannot_be_does_not_start(
    is_required: bool, status: int
) -> None:
    code = f"""
from inkstream_server.workers.confinement import Confinement
Confinement(1 << 30, 60.0, is_required={is_required}).enter()
"""
    # To the process the machine looks like one of whose calls we know nothing.
    command = ["setarch", "linux32", sys.executable, "-c", code]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == status
    assert ("NotConfined" in ended.stderr) == is_required
    assert "workers that decode are not kept from sockets" in ended.stderr


def test_a_batch_that_computes_for_too_long_is_lost_as_a_crash_and_the_worker_replaced() -> None:
    async def scenario() -> None:
        async with filled_slot(replace(CONFINED, max_batch_cpu_s=0.01)) as slot:
            with pytest.raises(WorkerLost, match="SIGXCPU") as lost:
                await slot.run("any", (Compute(),), limit_s=LIMIT_S)
            await slot.wait_ready()
            after = await slot.run("any", (Attempt("take a little memory"),), limit_s=LIMIT_S)

        assert lost.value.cause is Cause.CRASHED
        assert after.outcomes == ("done",)

    asyncio.run(scenario())


def test_what_all_batches_compute_together_is_not_bounded() -> None:
    async def scenario() -> None:
        async with filled_slot(CONFINED) as slot:
            for _ in range(20):
                await slot.run("any", (Attempt("compute for a moment"),), limit_s=LIMIT_S)

    asyncio.run(scenario())
