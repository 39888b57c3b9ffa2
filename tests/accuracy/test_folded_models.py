"""What folding makes of real models: fewer operators that compute the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.accuracy.golden import detector, needs_models, recogniser
from tests.unit.engines.paddle_programs import results

from inkstream_server.engines.affine_folding import fold_affines
from inkstream_server.engines.paddle_program import parse
from inkstream_server.models.files import ModelFiles

pytestmark = [pytest.mark.models, needs_models]


@pytest.mark.parametrize(
    ("read", "shape"), [(detector, (1, 3, 64, 96)), (recogniser, (2, 3, 48, 320))]
)
def test_the_default_models_lose_a_hundred_operators_and_compute_the_same(
    read: Callable[[], ModelFiles], shape: tuple[int, ...]
) -> None:
    model = read()
    assert model.weights is not None
    files = model.graph.read_bytes(), model.weights.read_bytes()
    picture = np.random.default_rng(3).uniform(-1, 1, shape).astype(np.float32)
    program = parse(*files)
    before = len(program.operators)

    fold_affines(program)

    assert before - len(program.operators) >= 90
    (expected,), (computed,) = results(files, picture), results(program.serialised(), picture)
    np.testing.assert_allclose(computed, expected, atol=2e-5)
