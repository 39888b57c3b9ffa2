"""Servers that say that they end, and send their connections away."""

from __future__ import annotations

import signal

import grpc
from grpc_health.v1 import health_pb2
from tests.pictures import pdf, picture, png
from tests.wire.calls import CALL_S, document_request, http_get, pages_of, stubs_of
from tests.wire.test_lives import FAKE, eventually, paused_workers, reason_of_end, send

from served import running_server

IMAGE = png(picture("one line", "another"))
LONG = pdf(*(f"page {number}" for number in range(150)))
CHECK = health_pb2.HealthCheckRequest()
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def test_what_comes_while_a_server_announces_its_end_is_read() -> None:
    flags = (*FAKE, "--set=server.drain_announce_s=3")
    with running_server(*flags) as ending, stubs_of(ending) as stubs:
        watch = stubs.health.Watch(CHECK)
        next(watch)

        ending.process.send_signal(signal.SIGTERM)
        assert next(watch).status == NOT_SERVING

        with stubs_of(ending) as late:
            assert late.health.Check(CHECK, timeout=CALL_S).status == NOT_SERVING
            assert late.read(IMAGE).lines
        assert http_get(ending, "/health")[0] == 503
        assert ending.process.wait(CALL_S) == 0
        assert "Traceback" not in ending.log_text()


def test_connections_are_sent_away_while_calls_still_run() -> None:
    flags = (*FAKE, "--set=server.drain_grace_s=600")
    with running_server(*flags) as ending, stubs_of(ending) as stubs:
        call = stubs.ocr.RecognizeDocument(document_request(LONG))
        next(call)
        states: list[grpc.ChannelConnectivity] = []
        stubs.channel.subscribe(states.append)
        with paused_workers(ending):
            ending.process.send_signal(signal.SIGTERM)

            eventually(lambda: grpc.ChannelConnectivity.IDLE in states)
            assert ending.process.poll() is None

        assert len(pages_of(list(call))) == 150
        assert ending.process.wait(CALL_S) == 0


def test_a_second_signal_ends_the_announcement() -> None:
    flags = (*FAKE, "--set=server.drain_announce_s=600")
    with running_server(*flags) as ending, stubs_of(ending) as stubs:
        call = stubs.ocr.RecognizeDocument(document_request(LONG))
        next(call)
        send(ending, signal.SIGSTOP)
        ending.process.send_signal(signal.SIGTERM)
        eventually(lambda: "draining: 1 documents" in ending.log_text())

        assert ending.stop() == 0

        assert reason_of_end(call) == "SHUTTING_DOWN"
