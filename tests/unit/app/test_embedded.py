from __future__ import annotations

import pytest

from inkstream_server.app.embedded import EmbeddedServer, embedded_config
from inkstream_server.config import ConfigInvalid, Tuning

FAKE = ("inference.engine", "fake")


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INKSTREAM_INFERENCE__TUNING", raising=False)
    monkeypatch.delenv("INKSTREAM_LOG_LEVEL", raising=False)


def test_nobody_waits_for_measurements_on_a_cpu() -> None:
    assert embedded_config("OCR", [FAKE]).inference.tuning is Tuning.OFF
    elsewhere = embedded_config("OCR", [FAKE, ("inference.device", "gpu:0")])
    assert elsewhere.inference.tuning is Tuning.AUTO


def test_what_is_asked_for_goes_before_what_suits_a_program() -> None:
    config = embedded_config("OCR", [FAKE, ("inference.tuning", "auto"), ("log_level", "DEBUG")])

    assert (config.inference.tuning, config.log_level) == (Tuning.AUTO, "DEBUG")


def test_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INKSTREAM_LIMITS__MAX_DOCUMENT_PAGES", "7")

    assert embedded_config("OCR", [FAKE]).limits.max_document_pages == 7


def test_a_setting_that_cannot_be_is_told() -> None:
    with pytest.raises(ConfigInvalid, match=r"models\.dri is no known key"):
        embedded_config("OCR", [("models.dri", "/models")])


def test_what_was_never_started_can_be_stopped() -> None:
    server = EmbeddedServer(embedded_config("OCR", [FAKE]))

    server.stop()
    server.stop()

    assert server.target == ""
