from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.app.models import model

from inkstream_server.app.reloading import ReloadRefused, check_alike
from inkstream_server.models.files import Module
from inkstream_server.models.line_family import LineFamily
from inkstream_server.models.recipe import DetectionRecipe, Recipe


def test_a_model_that_differs_in_more_than_its_weights_is_refused() -> None:
    served = model(Module.TEXT_DETECTION)
    other_pictures = Recipe(detection=DetectionRecipe(is_rgb=True))

    check_alike(served, served)
    for changed, told in (
        (replace(served.files, recipe=other_pictures), "det: its inference.yml is another one"),
        (replace(served.files, line_family=LineFamily.LCNET), "det: its family is another one"),
    ):
        with pytest.raises(ReloadRefused, match=told):
            check_alike(served, replace(served, files=changed))
