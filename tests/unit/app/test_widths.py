from __future__ import annotations

from dataclasses import replace

from tests.unit.app.models import model

from inkstream_server.app.widths import ModelWidths
from inkstream_server.models.files import Module
from inkstream_server.models.recipe import Recipe, RecognitionRecipe
from inkstream_server.stages.line_widths import EXACT, FEW, LineWidths
from inkstream_server.workers.model_tasks import LoadedModel


def loaded(name: str, precision: str) -> LoadedModel:
    return LoadedModel(name, Module.TEXT_RECOGNITION, "openvino", "cpu", precision, 6624)


def test_each_recogniser_has_the_widths_of_its_precision() -> None:
    widths = ModelWidths(None, [loaded("one", "fp32"), loaded("other", "bf16")])

    assert widths.of("one") == EXACT
    assert widths.of("other") == FEW


def test_what_is_configured_has_the_last_word() -> None:
    assert ModelWidths(8, [loaded("rec", "fp32")]).of("rec") == LineWidths(8)


def test_models_that_become_known_later_count() -> None:
    models: list[LoadedModel] = []
    widths = ModelWidths(None, models)

    models.append(loaded("rec", "bf16"))

    assert widths.of("rec") == FEW


def test_each_recogniser_has_lines_of_its_own_height() -> None:
    low = RecognitionRecipe(height_px=32)
    one = model(Module.TEXT_RECOGNITION, name="one")
    one = replace(one, files=replace(one.files, recipe=Recipe(recognition=low)))
    widths = ModelWidths(None, [loaded("one", "fp32"), loaded("other", "fp32")], [one])

    assert widths.of("one") == LineWidths(1, low)
    assert widths.of("other") == EXACT
