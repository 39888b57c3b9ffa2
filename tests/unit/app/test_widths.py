from __future__ import annotations

from inkstream_server.app.widths import WidthSteps
from inkstream_server.models.files import Module
from inkstream_server.workers.model_tasks import LoadedModel


def loaded(name: str, precision: str) -> LoadedModel:
    return LoadedModel(name, Module.TEXT_RECOGNITION, "openvino", "cpu", precision, 6624)


def test_widths_are_exact_where_texts_are_to_be_those_of_paddlex() -> None:
    assert WidthSteps(None, [loaded("rec", "fp32")]).of("rec") == 1


def test_widths_are_few_where_the_texts_differ_anyway() -> None:
    assert WidthSteps(None, [loaded("rec", "bf16")]).of("rec") == 32


def test_what_is_configured_has_the_last_word() -> None:
    assert WidthSteps(8, [loaded("rec", "fp32")]).of("rec") == 8


def test_models_that_become_known_later_count() -> None:
    models: list[LoadedModel] = []
    steps = WidthSteps(None, models)

    models.append(loaded("rec", "bf16"))

    assert steps.of("rec") == 32
