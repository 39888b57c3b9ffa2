from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.pictures import picture
from tests.unit.workers.room import Room

from inkstream_server.engines.engine import EngineSettings, Outputs, Precision, Predictor
from inkstream_server.engines.fake import PLAIN_CHARACTERS, FakeEngine
from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.models.recipe import Recipe, RecognitionRecipe
from inkstream_server.stages import detection, recognition, unwarping
from inkstream_server.stages.reading_direction import reordered
from inkstream_server.stages.recognition import LineText
from inkstream_server.stages.textline_orientation import LineOrientation
from inkstream_server.workers.memory import ArrayHandle
from inkstream_server.workers.model_role import ModelRole
from inkstream_server.workers.model_tasks import (
    Classify,
    Detect,
    FindWarp,
    LoadedModel,
    ModelBucket,
    ModelToLoad,
    Recognise,
)
from inkstream_server.workers.role_specs import ModelRoleSpec

DETECTOR, RECOGNISER, CLASSIFIER = "det", "rec", "cls"
WORDS = ("one", "two", "three and four", "l", "five six seven", "eight", "nine", "ten", "eleven")


def to_load(
    name: str, module: Module, characters: tuple[str, ...] = PLAIN_CHARACTERS
) -> ModelToLoad:
    files = ModelFiles(name, module, Path(name), None, characters)
    return ModelToLoad(files, FakeEngine(), EngineSettings())


MODELS = (
    to_load(DETECTOR, Module.TEXT_DETECTION, ()),
    to_load(RECOGNISER, Module.TEXT_RECOGNITION),
    to_load(CLASSIFIER, Module.TEXTLINE_ORIENTATION, ()),
)


@pytest.fixture
def role(room: Room) -> ModelRole:
    return ModelRole(room.memory, MODELS)


def crop_of(text: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    width_px = 60 + 20 * len(text)
    return picture(text, width_px=width_px)[30:75]


def line(room: Room, text: str) -> Recognise:
    return Recognise(room.put_array(recognition.fit(crop_of(text))))


def bucket_of(text: str) -> ModelBucket:
    height, width = crop_of(text).shape[:2]
    return ModelBucket(RECOGNISER, (recognition.line_width(height, width)[1],))


def texts(role: ModelRole, bucket: ModelBucket, lines: Sequence[Recognise]) -> list[LineText]:
    answers = role.run(bucket, lines)
    assert all(isinstance(answer, LineText) for answer in answers)
    return [answer for answer in answers if isinstance(answer, LineText)]


def test_a_line_has_a_text_and_a_score(role: ModelRole, room: Room) -> None:
    (read,) = texts(role, bucket_of("one"), [line(room, "one")])

    assert read.text
    assert 0.0 < read.score <= 1.0


def test_a_line_without_ink_has_no_text_and_is_no_error(role: ModelRole, room: Room) -> None:
    (read,) = texts(role, bucket_of(""), [line(room, "")])

    assert read == LineText("", 0.0)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(words=st.lists(st.sampled_from(WORDS), min_size=1, max_size=16))
def test_a_line_reads_the_same_alone_and_in_any_batch(
    role: ModelRole, room: Room, words: list[str]
) -> None:
    bucket = bucket_of("one")
    words = [word for word in words if bucket_of(word) == bucket]
    lines = {word: line(room, word) for word in set(words)}
    alone = {word: texts(role, bucket, [lines[word]])[0] for word in lines}

    together = texts(role, bucket, [lines[word] for word in words]) if words else []

    assert together == [alone[word] for word in words]


def test_different_lines_read_differently(role: ModelRole, room: Room) -> None:
    read = [texts(role, bucket_of(word), [line(room, word)])[0].text for word in WORDS]

    assert len(set(read)) == len(WORDS)


def test_a_line_of_a_right_to_left_script_is_told_as_it_is_written(room: Room) -> None:
    letters = tuple("ءآأؤإئابةتثجحخدذرزسشصضطظعغ")
    assert len(letters) == len(PLAIN_CHARACTERS)
    plain, arabic = (
        ModelRole(room.memory, [to_load(RECOGNISER, Module.TEXT_RECOGNITION, characters)])
        for characters in (PLAIN_CHARACTERS, letters)
    )
    item, bucket = line(room, "one two"), bucket_of("one two")

    (seen,) = texts(plain, bucket, [item])
    (written,) = texts(arabic, bucket, [item])

    names = dict(zip(PLAIN_CHARACTERS, letters, strict=True))
    from_the_left = "".join(names.get(letter, letter) for letter in seen.text)
    assert written.score == seen.score
    assert written.text == reordered(from_the_left) != from_the_left


def test_words_are_told_of_the_lines_that_want_them(role: ModelRole, room: Room) -> None:
    plain = line(room, "two")
    wanting = Recognise(plain.line, wants_words=True)

    without, with_words = texts(role, bucket_of("two"), [plain, wanting])

    assert without.words == ()
    assert "".join(word.text for word in with_words.words) == with_words.text == without.text
    assert with_words.score == without.score


def test_words_are_the_same_alone_and_in_any_batch(role: ModelRole, room: Room) -> None:
    lines = [Recognise(line(room, word).line, wants_words=True) for word in ("one", "two", "ten")]
    bucket = bucket_of("one")

    together = texts(role, bucket, lines)

    assert together == [texts(role, bucket, [each])[0] for each in lines]
    assert all(read.words for read in together)


def test_the_map_of_a_page_is_written_where_the_item_says(role: ModelRole, room: Room) -> None:
    pages = [picture("Hello", height_px=96, width_px=320), np.full((96, 320, 3), 255, np.uint8)]
    items = [
        Detect(room.put_array(detection.fit(page, (96, 320))), room.array(96, 320, dtype="float32"))
        for page in pages
    ]

    assert list(role.run(ModelBucket(DETECTOR, (96, 320)), items)) == [None, None]

    with_text, blank = (room.memory.view(item.probabilities) for item in items)
    assert with_text.max() > 0.8
    assert blank.max() == 0.0


def test_a_line_is_told_to_stand_upright_or_on_its_head(role: ModelRole, room: Room) -> None:
    def halves(upper: int, lower: int) -> ArrayHandle:
        values = np.full((48, 192, 3), upper, np.uint8)
        values[24:] = lower
        return room.put_array(values)

    items = [Classify(halves(255, 0)), Classify(halves(0, 255))]

    upright, turned = role.run(ModelBucket(CLASSIFIER, (48, 192)), items)

    assert isinstance(upright, LineOrientation) and not upright.is_upside_down
    assert isinstance(turned, LineOrientation) and turned.is_upside_down


def test_it_tells_what_is_loaded(role: ModelRole) -> None:
    assert list(role.models) == [
        LoadedModel(DETECTOR, Module.TEXT_DETECTION, "fake", "cpu", "fp32", 0),
        LoadedModel(RECOGNISER, Module.TEXT_RECOGNITION, "fake", "cpu", "fp32", 27),
        LoadedModel(CLASSIFIER, Module.TEXTLINE_ORIENTATION, "fake", "cpu", "fp32", 0),
    ]


def test_the_recipe_builds_a_role_that_is_warm(room: Room) -> None:
    role = ModelRoleSpec(MODELS).build(room.memory)

    assert [model.name for model in role.models] == [DETECTOR, RECOGNISER, CLASSIFIER]


def test_nothing_can_be_told_to_it(role: ModelRole) -> None:
    with pytest.raises(AssertionError):
        role.tell("anything")


def test_each_page_of_a_batch_has_its_warp(room: Room) -> None:
    role = ModelRoleSpec((to_load("flat", Module.DOC_UNWARPING, ()),)).build(room.memory)
    shrunk = room.array(*unwarping.INPUT_SHAPE, dtype="float32")

    first, second = role.run(ModelBucket("flat", (712, 488)), [FindWarp(shrunk)] * 2)

    assert isinstance(first, unwarping.Warp)
    assert first == second
    assert first.grid[0, 0, 0] == 1  # the fake's warps exchange left and right


def test_a_bucket_is_counted_under_its_models_name() -> None:
    assert str(ModelBucket(RECOGNISER, (320,))) == RECOGNISER


def test_a_recogniser_is_warm_in_the_height_of_its_own_lines(room: Room) -> None:
    model = to_load(RECOGNISER, Module.TEXT_RECOGNITION)
    low = Recipe(recognition=RecognitionRecipe(height_px=32, min_width_px=160))
    heights: set[tuple[int, int]] = set()
    role = ModelRole(
        room.memory,
        [replace(model, files=replace(model.files, recipe=low))],
        watch=lambda predictor: ShapesSeen(predictor, heights),
    )

    role.warm_up()
    role.run(ModelBucket(RECOGNISER, (160,)), [Recognise(room.array(32, 100, 3))])

    assert heights == {(32, 160)}


class ShapesSeen:
    """A predictor that notes how high and wide its pictures are."""

    def __init__(self, predictor: Predictor, seen: set[tuple[int, int]]) -> None:
        self._predictor = predictor
        self._seen = seen

    @property
    def precision(self) -> Precision:
        return self._predictor.precision

    def run(self, inputs: NDArray[np.float32]) -> Outputs:
        self._seen.add((inputs.shape[2], inputs.shape[3]))
        return self._predictor.run(inputs)

    def close(self) -> None:
        self._predictor.close()
