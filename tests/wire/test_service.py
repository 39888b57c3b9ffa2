"""What a server tells of itself: models, health, reflection, metrics."""

from __future__ import annotations

import json
import uuid

import grpc
import pytest
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.pictures import picture, png
from tests.wire.calls import CALL_S, Stubs, http_get, metric, refusal

from inkstream.v1 import models_pb2, ocr_pb2, settings_pb2
from served import RunningServer

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICES = ("inkstream.v1.OcrService", "inkstream.v1.ModelService")


def health(stubs: Stubs, service: str = "") -> health_pb2.HealthCheckResponse.ServingStatus:
    request = health_pb2.HealthCheckRequest(service=service)
    return stubs.health.Check(request, timeout=CALL_S).status


def test_the_models_are_told_with_what_runs_them(stubs: Stubs) -> None:
    models = stubs.models.ListModels(models_pb2.ListModelsRequest(), timeout=CALL_S).models

    assert {model.module for model in models} == {
        "text_detection",
        "text_recognition",
        "textline_orientation",
    }
    assert {(model.engine, model.device, model.precision) for model in models} == {
        ("fake", "cpu", "fp32")
    }
    assert all(model.is_default for model in models)
    counts = {model.module: model.character_count for model in models}
    assert counts == {"text_detection": 0, "text_recognition": 27, "textline_orientation": 0}


def test_the_servers_limits_and_defaults_are_told(stubs: Stubs) -> None:
    info = stubs.models.GetServerInfo(models_pb2.GetServerInfoRequest(), timeout=CALL_S)

    assert info.version
    assert info.max_message_bytes == 4 << 20
    assert info.max_document_pages == 50
    assert info.max_image_pixels == 2_000_000
    assert info.max_document_bytes == 1 << 30
    assert info.max_lines == 40
    assert info.defaults.text_det_limit_side_len == 960
    assert info.defaults.text_det_limit_type == settings_pb2.LIMIT_TYPE_MAX
    assert info.defaults == stubs.read(png(picture())).settings


@pytest.mark.parametrize("service", ["", *SERVICES])
def test_a_warm_server_is_healthy_by_every_name(stubs: Stubs, service: str) -> None:
    assert health(stubs, service) == SERVING


def test_the_health_of_a_service_that_is_not_there_is_not_known(stubs: Stubs) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        health(stubs, "inkstream.v9.OcrService")

    assert refusal(refused.value).code is grpc.StatusCode.NOT_FOUND


def test_http_tells_health_as_paddlex_does(server: RunningServer) -> None:
    status, text = http_get(server, "/health")
    health = json.loads(text)

    assert status == 200
    assert uuid.UUID(health.pop("logId"))
    assert health == {"errorCode": 0, "errorMsg": "Healthy", "status": "SERVING"}


@pytest.mark.parametrize(("path", "code"), [("/none", 404), ("/ocr", 405)])
def test_what_is_not_there_is_told_as_json(server: RunningServer, path: str, code: int) -> None:
    status, text = http_get(server, path)
    told = json.loads(text)

    assert (status, told["errorCode"]) == (code, code)
    assert told["errorMsg"] and uuid.UUID(told["logId"])


def test_reflection_lists_the_services_and_their_files(stubs: Stubs) -> None:
    reflection = reflection_pb2_grpc.ServerReflectionStub(stubs.channel)
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICES[0]),
    ]

    listed, files = reflection.ServerReflectionInfo(iter(asked), timeout=CALL_S)

    names = {service.name for service in listed.list_services_response.service}
    assert names == {
        *SERVICES,
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    assert files.file_descriptor_response.file_descriptor_proto


def test_metrics_count_calls_pages_and_lines(server: RunningServer, stubs: Stubs) -> None:
    calls = 'inkstream_requests_total{method="Recognize",reason="OK"}'
    refusals = 'inkstream_requests_total{method="Recognize",reason="EMPTY_INPUT"}'
    pages = 'inkstream_pages_total{reason="OK"}'
    before = {name: metric(server, name) for name in (calls, refusals, pages)}
    lines_before = metric(server, "inkstream_lines_total")

    page = stubs.read(png(picture("one", "two")))
    with pytest.raises(grpc.RpcError):
        stubs.ocr.Recognize(ocr_pb2.RecognizeRequest(), timeout=CALL_S)

    after = {name: metric(server, name) for name in before}
    assert {name: after[name] - before[name] for name in before} == dict.fromkeys(before, 1)
    assert metric(server, "inkstream_lines_total") - lines_before == len(page.lines)
    assert metric(server, "inkstream_pages_in_flight") == 0
    assert metric(server, 'inkstream_lost_batches_total{pool="model"}') == 0
