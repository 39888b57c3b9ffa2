"""The angles that PaddleX gives the reference pictures, with the same classifier."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from tests.accuracy.golden import golden_pages
from tests.reference_data import SHARED, needs_reference_data

from inkstream_server.engines.engine import EngineSettings, Predictor
from inkstream_server.engines.paddle import PaddleEngine
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.files import Module
from inkstream_server.stages import doc_orientation

pytestmark = [pytest.mark.models, needs_reference_data]
FOLDER = "full"


@pytest.fixture(scope="module")
def classifier() -> Iterator[Predictor]:
    assert SHARED is not None
    folder = SHARED / "golden" / "aux_models" / "PP-LCNet_x1_0_doc_ori"
    files = read_model_directory(folder, Module.DOC_ORIENTATION)
    predictor = PaddleEngine().load(files, EngineSettings())
    yield predictor
    predictor.close()


def test_pages_are_set_upright_as_paddlex_does(classifier: Predictor) -> None:
    angles = {}
    for golden in golden_pages(FOLDER):
        (angles[golden.name],) = doc_orientation.interpret(
            classifier.run(doc_orientation.prepare([doc_orientation.fit(golden.page)]))
        )

    assert SHARED is not None
    assert angles == {
        name: json.loads((SHARED / "golden" / FOLDER / f"{name}.json").read_text())[
            "doc_preprocessor_res"
        ]["angle"]
        for name in angles
    }
    assert len(angles) == 8
    assert len(set(angles.values())) == 3


def test_a_page_gets_its_angle_whatever_it_shares_a_batch_with(classifier: Predictor) -> None:
    fitted = [doc_orientation.fit(golden.page) for golden in golden_pages(FOLDER)]
    alone = [classifier.run(doc_orientation.prepare([page]))[0][0] for page in fitted]

    (together,) = classifier.run(doc_orientation.prepare(fitted))

    np.testing.assert_allclose(together, alone, atol=1e-5)
