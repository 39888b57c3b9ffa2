"""Servers that start, are left by their callers, lose workers, drain and end."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.pictures import pdf, picture, png
from tests.process.scenarios import children_of, is_alive
from tests.wire.calls import (
    CALL_S,
    FAKE_ENGINE,
    Stubs,
    document_request,
    http_get,
    metric,
    pages_of,
    reading,
    refusal,
    stubs_of,
    well_server,
)

from inkstream.v1 import ocr_pb2, source_pb2
from served import RunningServer, running_server

FAKE = (*FAKE_ENGINE, "--model-workers", "1", "--cpu-workers", "1")
IN_FLIGHT = "inkstream_pages_in_flight"
IMAGE = png(picture("one line", "another"))
LONG = pdf(*(f"page {number}" for number in range(150)))
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def eventually(condition: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Wait for what happens in another process; of that nothing tells."""
    give_up_at = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < give_up_at, "it did not come true"
        time.sleep(0.02)


def send(server: RunningServer, number: signal.Signals) -> None:
    for pid in children_of(server.process.pid):
        os.kill(pid, number)


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@contextmanager
def paused_workers(server: RunningServer) -> Iterator[None]:
    """Workers that stand still: calls hang for as long as a test likes."""
    send(server, signal.SIGSTOP)
    try:
        yield
    finally:
        send(server, signal.SIGCONT)


def is_well(server: RunningServer, stubs: Stubs) -> bool:
    return bool(stubs.read(IMAGE).lines) and metric(server, IN_FLIGHT) == 0


def recognize_refusal(stubs: Stubs, timeout_s: float = CALL_S) -> tuple[grpc.StatusCode, str]:
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=IMAGE))
    with pytest.raises(grpc.RpcError) as refused:
        stubs.ocr.Recognize(request, timeout=timeout_s)
    told = refusal(refused.value)
    return told.code, told.reason


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server that these tests may trouble, as long as it is well afterwards."""
    flags = ("--set=server.max_documents=8", "--set=server.reflection=false")
    with well_server(*flags) as running:
        yield running


def test_a_deadline_is_kept_and_the_queue_is_left(server: RunningServer, stubs: Stubs) -> None:
    with paused_workers(server):
        for _ in range(3):
            code, _ = recognize_refusal(stubs, timeout_s=0.3)
            assert code is grpc.StatusCode.DEADLINE_EXCEEDED

    eventually(lambda: is_well(server, stubs))


def test_a_server_without_reflection_has_none(stubs: Stubs) -> None:
    reflection = reflection_pb2_grpc.ServerReflectionStub(stubs.channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")

    with pytest.raises(grpc.RpcError) as refused:
        list(reflection.ServerReflectionInfo(iter([request]), timeout=CALL_S))

    assert refusal(refused.value).code is grpc.StatusCode.UNIMPLEMENTED


def test_a_full_house_is_told_with_when_to_try_again(server: RunningServer, stubs: Stubs) -> None:
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=IMAGE))
    with paused_workers(server):
        calls = [stubs.ocr.Recognize.future(request) for _ in range(8)]
        eventually(lambda: metric(server, IN_FLIGHT) == 8)
        with pytest.raises(grpc.RpcError) as error:
            stubs.ocr.Recognize(request, timeout=CALL_S)

    refused = refusal(error.value)
    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused.facts["max_documents"] == "8"
    assert refused.retry_s > 0
    assert refused.pushback_ms == pytest.approx(1000 * refused.retry_s, abs=1)
    assert all(call.result().page.lines for call in calls)


def test_callers_who_go_away_leave_the_queue(server: RunningServer, stubs: Stubs) -> None:
    dropped = 'inkstream_dropped_items_total{step="measure"}'
    before = metric(server, dropped)
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=IMAGE))
    with paused_workers(server):
        calls = [stubs.ocr.Recognize.future(request) for _ in range(8)]
        eventually(lambda: metric(server, IN_FLIGHT) == 8)
        assert recognize_refusal(stubs)[1] == "QUEUE_FULL"

        for call in calls:
            call.cancel()

        eventually(lambda: recognize_refusal(stubs, 0.3)[0] is grpc.StatusCode.DEADLINE_EXCEEDED)
        assert metric(server, dropped) > before

    eventually(lambda: is_well(server, stubs))


def test_a_document_that_is_cancelled_between_pages_is_read_no_further(
    server: RunningServer, stubs: Stubs
) -> None:
    for page_count in (0, 1, 5):
        call = stubs.ocr.RecognizeDocument(document_request(LONG))
        for _ in range(1 + page_count):
            next(call)
        call.cancel()

    eventually(lambda: metric(server, IN_FLIGHT) == 0)
    assert metric(server, 'inkstream_pages_total{reason="OK"}') < 400
    assert is_well(server, stubs)
    assert "ERROR" not in server.log_text()


def test_a_client_that_vanishes_is_noticed(server: RunningServer, stubs: Stubs) -> None:
    with stubs_of(server) as gone:
        call = gone.ocr.RecognizeDocument(document_request(LONG))
        next(call)

    eventually(lambda: metric(server, IN_FLIGHT) == 0)
    assert is_well(server, stubs)


def test_killed_workers_cost_no_request(server: RunningServer, stubs: Stubs) -> None:
    expected = reading(stubs.read(IMAGE))
    before = set(children_of(server.process.pid))

    send(server, signal.SIGKILL)
    seen = reading(stubs.read(IMAGE))

    assert seen == expected
    eventually(lambda: len(children_of(server.process.pid)) == len(before))
    assert not before & set(children_of(server.process.pid))
    assert is_well(server, stubs)


def test_a_document_survives_the_death_of_its_workers(server: RunningServer, stubs: Stubs) -> None:
    content = pdf(*(f"page {number}" for number in range(40)))
    expected = [reading(page) for page in pages_of(stubs.read_document(document_request(content)))]

    call = stubs.ocr.RecognizeDocument(document_request(content), timeout=CALL_S)
    events = [next(call) for _ in range(3)]
    send(server, signal.SIGKILL)
    events += list(call)

    assert [reading(page) for page in pages_of(events)] == expected
    assert is_well(server, stubs)


def test_before_it_is_warm_a_server_answers_that_it_is_not() -> None:
    with running_server(*FAKE, until_serving=False) as starting, stubs_of(starting) as stubs:
        watch = stubs.health.Watch(health_pb2.HealthCheckRequest(), timeout=CALL_S)
        assert next(watch).status == NOT_SERVING
        status, text = http_get(starting, "/health")
        assert (status, json.loads(text)["status"]) == (503, "NOT_SERVING")
        assert recognize_refusal(stubs) == (grpc.StatusCode.UNAVAILABLE, "STARTING_UP")

        assert next(watch).status == SERVING
        assert http_get(starting, "/health")[0] == 200
        assert stubs.read(IMAGE).lines
        watch.cancel()


def test_while_batch_times_are_measured_a_server_answers_that_it_is_not(tmp_path: Path) -> None:
    flags = (
        *("--tuning", "always", f"--set=inference.tuning_dir={tmp_path}"),
        "--set=models.textline_orientation=null",
    )
    with running_server(*FAKE, *flags, until_serving=False) as starting:
        with stubs_of(starting) as stubs:
            watch = stubs.health.Watch(health_pb2.HealthCheckRequest(), timeout=CALL_S)
            assert next(watch).status == NOT_SERVING
            eventually(lambda: "measuring batch times" in starting.log_text())
            assert recognize_refusal(stubs) == (grpc.StatusCode.UNAVAILABLE, "STARTING_UP")

            assert next(watch).status == SERVING
            assert "measured in" in starting.log_text()
            assert len(list(tmp_path.iterdir())) == 2  # of each model its times
            assert stubs.read(IMAGE).lines
            watch.cancel()
        assert starting.stop() == 0


def test_a_server_that_is_stopped_while_it_measures_ends_well(tmp_path: Path) -> None:
    flags = ("--tuning", "always", f"--set=inference.tuning_dir={tmp_path}")
    with running_server(*FAKE, *flags, until_serving=False) as starting:
        eventually(lambda: bool(children_of(starting.process.pid)))
        (worker,) = children_of(starting.process.pid)
        assert starting.stop() == 0
        log = starting.log_text()

    assert not is_alive(worker)
    assert "Traceback" not in log


def test_a_server_that_is_stopped_while_it_starts_ends_well() -> None:
    with running_server(*FAKE, until_serving=False) as starting:
        assert starting.stop() == 0
        log = starting.log_text()

    assert "Traceback" not in log
    assert "stopped" in log


def test_a_call_in_flight_finishes_while_the_server_drains() -> None:
    with running_server(*FAKE) as draining, stubs_of(draining) as stubs:
        watch = stubs.health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == SERVING
        workers = children_of(draining.process.pid)
        call = stubs.ocr.RecognizeDocument(document_request(LONG), timeout=CALL_S)
        events = [next(call)]

        draining.process.send_signal(signal.SIGTERM)
        assert next(watch).status == NOT_SERVING
        watch.cancel()
        with stubs_of(draining) as late:
            assert recognize_refusal(late)[0] is grpc.StatusCode.UNAVAILABLE
        assert http_get(draining, "/health")[0] == 503
        events += list(call)

        assert len(pages_of(events)) == 150 and events[-1].HasField("end")
        assert draining.process.wait(CALL_S) == 0
        assert "Traceback" not in draining.log_text()
        assert not any(is_alive(pid) for pid in workers)


def test_who_watches_its_health_does_not_keep_a_server_alive() -> None:
    with running_server(*FAKE) as draining, stubs_of(draining) as stubs:
        watch = stubs.health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == SERVING
        started_at = time.monotonic()

        assert draining.stop() == 0

        assert time.monotonic() - started_at < 10
        assert next(watch).status == NOT_SERVING
        with pytest.raises(grpc.RpcError):
            next(watch)


def reason_of_end(call: Iterator[ocr_pb2.RecognizeDocumentResponse]) -> str:
    """Why a call ended with an error, after what had been sent."""
    with pytest.raises(grpc.RpcError) as ended:
        for _ in call:
            pass
    return refusal(ended.value).reason


def test_the_grace_has_an_end_though_a_worker_hangs() -> None:
    flags = (*FAKE, "--set=server.drain_grace_s=0.5")
    with running_server(*flags) as draining, stubs_of(draining) as stubs:
        call = stubs.ocr.RecognizeDocument(document_request(LONG))
        next(call)
        send(draining, signal.SIGSTOP)
        workers = children_of(draining.process.pid)

        assert draining.stop() == 0

        assert reason_of_end(call) == "SHUTTING_DOWN"
        assert not any(is_alive(pid) for pid in workers)


def test_a_second_signal_ends_the_grace() -> None:
    with running_server(*FAKE) as draining, stubs_of(draining) as stubs:
        call = stubs.ocr.RecognizeDocument(document_request(LONG))
        next(call)
        send(draining, signal.SIGSTOP)
        draining.process.send_signal(signal.SIGINT)
        eventually(lambda: "draining: 1 documents" in draining.log_text())

        assert draining.stop() == 0

        assert reason_of_end(call) == "SHUTTING_DOWN"


@pytest.mark.parametrize("hangs", [False, True])
def test_no_process_outlives_a_server_that_is_killed(hangs: bool) -> None:
    with running_server(*FAKE) as killed, stubs_of(killed) as stubs:
        call = stubs.ocr.RecognizeDocument(document_request(LONG))
        next(call)
        workers = children_of(killed.process.pid)
        assert len(workers) == 2
        if hangs:
            send(killed, signal.SIGSTOP)

        killed.process.kill()
        killed.process.wait()

        eventually(lambda: not any(is_alive(pid) for pid in workers))


def test_a_server_whose_workers_stand_still_replaces_them_and_says_so() -> None:
    flags = (*FAKE, "--set=workers.heartbeat_timeout_s=1.5")
    with running_server(*flags) as server, stubs_of(server) as stubs:
        stopped = children_of(server.process.pid)
        send(server, signal.SIGSTOP)

        assert stubs.read(IMAGE).lines

        eventually(lambda: not any(is_alive(pid) for pid in stopped))
        for pool in ("cpu", "model"):
            restarts = f'inkstream_worker_restarts_total{{cause="silent",pool="{pool}"}}'
            assert metric(server, restarts) == 1


def test_a_server_none_of_whose_workers_can_start_again_ends_and_says_why() -> None:
    flags = (*FAKE, "--set=workers.max_failed_starts=3")
    with running_server(*flags) as server, stubs_of(server) as stubs:
        watch = stubs.health.Watch(health_pb2.HealthCheckRequest(), timeout=CALL_S)
        assert next(watch).status == SERVING
        call = stubs.ocr.RecognizeDocument(document_request(LONG), timeout=CALL_S)
        next(call)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (3, most))
        send(server, signal.SIGKILL)

        assert next(watch).status == NOT_SERVING
        assert reason_of_end(call) == "SHUTTING_DOWN"
        assert server.process.wait(CALL_S) == 1

        last_words = server.log_text().splitlines()[-1]
        assert last_words.startswith("inkstream: ")
        assert "worker 0 could not start: [Errno 24] Too many open files" in last_words
        assert "Traceback" not in server.log_text()


def test_what_a_server_takes_is_told() -> None:
    with running_server(*FAKE) as server:
        for worker in ("cpu worker 0", "model worker 0"):
            assert metric(server, f'inkstream_worker_memory_bytes{{worker="{worker}"}}') > 1 << 20
        assert metric(server, "process_resident_memory_bytes") > 1 << 20
        assert metric(server, 'inkstream_arena_size_bytes{arena="pages"}') == 768 << 20
        for gauge in ('arena_taken_bytes{arena="pages"}', 'queued_items{pool="cpu"}'):
            assert metric(server, f"inkstream_{gauge}") == 0


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_a_server_listens_on_an_ipv6_address() -> None:
    with running_server(*FAKE, "--host=::1", until_serving=False) as server:
        port = server.target.rpartition(":")[2]
        with grpc.insecure_channel(f"[::1]:{port}") as channel:
            health = health_pb2_grpc.HealthStub(channel)
            assert health.Check(health_pb2.HealthCheckRequest(), timeout=CALL_S).status


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    inkstream = str(Path(sys.executable).with_name("inkstream"))
    return subprocess.run(
        [inkstream, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("flag", ["--port", "--http-port"])
def test_a_port_that_is_taken_is_told_in_one_line(flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = "--http-port" if flag == "--port" else "--port"

        ended = command("serve", *FAKE, "--host=127.0.0.1", flag, str(port), other, "0")

    assert ended.returncode == 1
    assert f"inkstream: cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (("--engine", "nonesuch"), "engine 'nonesuch' is not known"),
        (("--engine", "fake", "--device", "abacus"), "device 'abacus' is not known"),
        (("--models-dir", "/nonexistent", "--engine", "openvino"), "inkstream models pull"),
        (("--set", "servr.port=1"), "servr is no known key"),
        (("--port", "70000"), "server.port is '70000'"),
    ],
)
def test_a_server_that_cannot_start_says_why_in_one_line(
    arguments: tuple[str, ...], cause: str
) -> None:
    ended = command("serve", *arguments)

    assert ended.returncode == 1
    assert cause in ended.stderr
    assert "Traceback" not in ended.stderr
