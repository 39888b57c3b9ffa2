from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.workers.room import Room

from inkstream_server.engines.engine import EngineSettings
from inkstream_server.engines.fake import PLAIN_CHARACTERS, FakeEngine
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.models.recipe import Recipe, RecognitionRecipe
from inkstream_server.workers.measure_role import MeasureRole
from inkstream_server.workers.measure_tasks import Measure, Timing
from inkstream_server.workers.model_tasks import ModelBucket, ModelToLoad
from inkstream_server.workers.role_specs import MeasureRoleSpec

DELAY_S = 0.002
BUCKETS = (
    ModelBucket("det", (96, 320)),
    ModelBucket("rec", (320,)),
    ModelBucket("cls", (48, 192)),
    ModelBucket("ori", (224, 224)),
    ModelBucket("flat", (712, 488)),
)
MODULES = (
    Module.TEXT_DETECTION,
    Module.TEXT_RECOGNITION,
    Module.TEXTLINE_ORIENTATION,
    Module.DOC_ORIENTATION,
    Module.DOC_UNWARPING,
)
MODELS = tuple(
    ModelToLoad(
        ModelFiles(bucket.model, module, Path(bucket.model), None, PLAIN_CHARACTERS),
        FakeEngine(delay_s=DELAY_S),
        EngineSettings(),
    )
    for bucket, module in zip(BUCKETS, MODULES, strict=True)
)


@pytest.fixture(params=[False, True])
def role(room: Room, request: pytest.FixtureRequest) -> MeasureRole:
    return MeasureRoleSpec(MODELS, counts_waits=request.param).build(room.memory)


def timing(role: MeasureRole, bucket: ModelBucket, task: Measure) -> Timing:
    (told,) = role.run(bucket, [task])
    assert isinstance(told, Timing)
    return told


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_time_of_a_batch_has_that_of_the_engine_in_it(
    role: MeasureRole, bucket: ModelBucket
) -> None:
    told = timing(role, bucket, Measure(count=3, for_s=0.0))

    assert DELAY_S <= told.engine_s < told.batch_s
    assert told.waited_share >= 0.0


def test_it_tells_the_time_of_one_batch_however_often_it_is_run(role: MeasureRole) -> None:
    told = timing(role, BUCKETS[1], Measure(count=1, for_s=20 * DELAY_S))

    assert DELAY_S <= told.batch_s < 10 * DELAY_S


def test_an_empty_batch_is_only_handed_over(role: MeasureRole) -> None:
    assert list(role.run(BUCKETS[0], [])) == []


def test_it_tells_what_is_loaded(role: MeasureRole) -> None:
    assert [model.name for model in role.models] == ["det", "rec", "cls", "ori", "flat"]


def test_nothing_can_be_told_to_it(role: MeasureRole) -> None:
    with pytest.raises(AssertionError):
        role.tell("anything")


def test_lines_are_measured_in_the_height_that_the_model_takes(room: Room) -> None:
    low = Recipe(recognition=RecognitionRecipe(height_px=32))
    (_, lines, *_) = MODELS
    model = replace(lines, files=replace(lines.files, recipe=low))
    role = MeasureRole([model], counts_waits=True)

    assert timing(role, BUCKETS[1], Measure(count=2, for_s=0.0)).batch_s > 0
