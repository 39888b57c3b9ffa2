"""What Paddle does to the process that it runs in, and what a worker does about it."""

from __future__ import annotations

import asyncio
import os
import signal

import numpy as np
import pytest
from tests.accuracy.golden import detector, needs_models

from inkstream_server.engines.engine import EngineSettings
from inkstream_server.engines.paddle import PaddleEngine
from inkstream_server.workers.arena import Arena
from inkstream_server.workers.memory import SharedMemory, size_bytes
from inkstream_server.workers.model_tasks import Detect, ModelBucket, ModelToLoad
from inkstream_server.workers.role import Launch
from inkstream_server.workers.role_specs import ModelRoleSpec
from inkstream_server.workers.worker import Worker

pytestmark = [pytest.mark.models, needs_models]

SHAPE = (64, 96)
MEMORY_BYTES = 1 << 20


def test_a_paddle_worker_ignores_the_signals_that_end_a_server() -> None:
    async def scenario() -> None:
        files = detector()
        memory = SharedMemory.create([MEMORY_BYTES])
        spec = ModelRoleSpec((ModelToLoad(files, PaddleEngine(), EngineSettings()),))
        worker = await Worker.start(Launch("a model worker", spec, memory.addresses))

        os.kill(worker.pid, signal.SIGTERM)
        os.kill(worker.pid, signal.SIGINT)

        with await Arena(0, MEMORY_BYTES).lease(size_bytes((*SHAPE, 7))) as block:
            image = block.array((*SHAPE, 3))
            probabilities = block.array(SHAPE, "float32", skip=size_bytes(image.shape))
            task = Detect(image, probabilities)
            finished = await worker.run(ModelBucket(files.name, SHAPE), (task,))
            assert finished.outcomes == (None,)
            assert np.isfinite(memory.view(probabilities)).all()
        await worker.close()

    asyncio.run(scenario())
