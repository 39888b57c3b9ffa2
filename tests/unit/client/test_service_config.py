from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from inkstream.connection import DEFAULT_ATTEMPT_COUNT, SERVICE_CONFIG, Connection
from inkstream.v1 import models_pb2, ocr_pb2

SHARED = Path(__file__).resolve().parents[3] / "protos/service_config.json"
SERVICES = [
    ocr_pb2.DESCRIPTOR.services_by_name["OcrService"],
    models_pb2.DESCRIPTOR.services_by_name["ModelService"],
]
READS = ("Recognize", "RecognizeLines", "RecognizeDocument")


def config_of(attempt_count: int) -> str:
    connection = Connection("localhost:1", None, None, (), 1 << 20, attempt_count)
    return str(dict(connection.channel_options())["grpc.service_config"])


def method_config(method: str, service: str = "inkstream.v1.OcrService") -> dict[str, Any]:
    """What gRPC takes: the entry of the method, else that of its service."""
    entries = json.loads(SERVICE_CONFIG)["methodConfig"]
    for name in ({"service": service, "method": method}, {"service": service}):
        for entry in entries:
            if name in entry["name"]:
                return dict(entry)
    raise AssertionError(f"nothing is said of {service}/{method}")


def test_the_client_ships_the_config_of_all_languages() -> None:
    assert SHARED.read_text() == SERVICE_CONFIG
    assert config_of(DEFAULT_ATTEMPT_COUNT) == SERVICE_CONFIG


def test_every_method_of_the_contract_has_its_retries() -> None:
    for service in SERVICES:
        for method in service.methods:
            retries = method_config(method.name, service.full_name)["retryPolicy"]
            assert retries["maxAttempts"] == DEFAULT_ATTEMPT_COUNT
            assert "UNAVAILABLE" in retries["retryableStatusCodes"]


@pytest.mark.parametrize("method", READS)
def test_a_full_server_is_asked_again_where_fullness_ends_the_call(method: str) -> None:
    assert "RESOURCE_EXHAUSTED" in method_config(method)["retryPolicy"]["retryableStatusCodes"]


def test_only_answers_of_unbounded_length_have_no_time_limit() -> None:
    methods = [method for service in SERVICES for method in service.methods]
    unbounded = {
        method.name
        for method in methods
        if "timeout" not in method_config(method.name, method.containing_service.full_name)
    }

    assert unbounded == {"RecognizeDocument", "RecognizeStream"}


def test_another_number_of_attempts_changes_nothing_else() -> None:
    expected = json.loads(SERVICE_CONFIG)
    for method in expected["methodConfig"]:
        method["retryPolicy"]["maxAttempts"] = 2

    assert json.loads(config_of(2)) == expected


def test_one_attempt_leaves_time_limits_and_health_checks_as_they_are() -> None:
    expected = json.loads(SERVICE_CONFIG)
    for method in expected["methodConfig"]:
        del method["retryPolicy"]

    assert json.loads(config_of(1)) == expected
