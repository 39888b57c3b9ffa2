"""Crops of single lines over the wire."""

from __future__ import annotations

import grpc
import pytest
from tests.pictures import picture, png
from tests.wire.calls import CALL_S, Stubs, metric, refusal
from tests.wire.test_lives import eventually

import inkstream
from inkstream.v1 import ocr_pb2, page_pb2, settings_pb2, source_pb2
from served import RunningServer

CROP = picture("a line", height_px=80, width_px=300)
GOOD = source_pb2.Source(content=png(CROP))
INVALID = grpc.StatusCode.INVALID_ARGUMENT


def read(
    stubs: Stubs,
    lines: list[source_pb2.Source],
    options: settings_pb2.RecognizeOptions | None = None,
) -> list[page_pb2.LineText]:
    request = ocr_pb2.RecognizeLinesRequest(lines=lines, options=options)
    return list(stubs.ocr.RecognizeLines(request, timeout=CALL_S).lines)


def refused(
    stubs: Stubs,
    lines: list[source_pb2.Source],
    options: settings_pb2.RecognizeOptions | None = None,
) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        read(stubs, lines, options)
    told = refusal(error.value)
    assert told.request_id
    return told.code, told.reason


def test_lines_come_back_in_order_each_as_it_reads_alone(stubs: Stubs) -> None:
    crops = [
        source_pb2.Source(content=png(picture(text, height_px=80, width_px=width)))
        for text, width in (("one", 200), ("another line", 700), ("three", 300))
    ]

    together = read(stubs, crops)

    assert together == [read(stubs, [crop])[0] for crop in crops]
    assert len({line.text for line in together}) == 3
    assert all(0 < line.score <= 1 and line.angle == -1 for line in together)


def test_good_lines_are_read_beside_bad_ones(stubs: Stubs) -> None:
    pixels = source_pb2.RawImage(height=80, width=300, channels=3, data=CROP.tobytes())
    lines = [
        GOOD,
        source_pb2.Source(),
        source_pb2.Source(content=b""),
        source_pb2.Source(content=b"no picture"),
        source_pb2.Source(content=png(CROP)[:100]),
        source_pb2.Source(content=png(picture(height_px=1001, width_px=2000))),
        source_pb2.Source(uri="http://localhost/x.png"),
        source_pb2.Source(raw=source_pb2.RawImage(height=1, width=1, channels=3, data=b"x")),
        source_pb2.Source(raw=pixels),
    ]

    first, *bad, last = read(stubs, lines)

    assert first == last and first.text
    assert [line.error.reason for line in bad] == [
        "EMPTY_INPUT",
        "EMPTY_INPUT",
        "UNSUPPORTED_MEDIA_TYPE",
        "IMAGE_DAMAGED",
        "IMAGE_TOO_LARGE",
        "URI_NOT_ALLOWED",
        "INVALID_FIELD",
    ]
    assert not any(line.text or line.score or line.angle for line in bad)


def test_orientation_and_score_are_heeded_where_the_options_ask(stubs: Stubs) -> None:
    on = settings_pb2.RecognizeOptions(use_textline_orientation=True, text_rec_score_thresh=1.0)

    (line,) = read(stubs, [GOOD], on)

    assert line.angle in (0, 180)
    assert line.text and line.score < 1  # one answer for every line: none is left out


def test_no_line_is_no_error(stubs: Stubs) -> None:
    assert read(stubs, []) == []


def test_more_lines_than_allowed_are_refused(stubs: Stubs) -> None:
    assert len(read(stubs, [GOOD] * 40)) == 40

    assert refused(stubs, [GOOD] * 41) == (INVALID, "TOO_MANY_LINES")


def test_what_is_wrong_for_all_lines_ends_the_call(stubs: Stubs) -> None:
    wrong = settings_pb2.RecognizeOptions(text_rec_score_thresh=7)
    unserved = settings_pb2.RecognizeOptions(text_rec_model="no")

    assert refused(stubs, [GOOD], wrong) == (INVALID, "INVALID_FIELD")
    assert refused(stubs, [GOOD], unserved)[1] == "MODEL_NOT_SERVED"


def test_the_client_reads_lines(server: RunningServer, stubs: Stubs) -> None:
    (expected,) = read(stubs, [GOOD])

    with inkstream.Client(server.target) as client:
        good, bad, raw = client.recognize_lines([png(CROP), b"no picture", CROP.data])

    assert good == raw
    assert (good.text, good.score, good.angle) == (expected.text, expected.score, None)
    assert bad.error is not None and bad.error.reason == "UNSUPPORTED_MEDIA_TYPE"


def test_lines_are_counted(server: RunningServer, stubs: Stubs) -> None:
    lines = "inkstream_lines_total"
    calls = 'inkstream_requests_total{method="RecognizeLines",reason="OK"}'
    before = metric(server, lines), metric(server, calls)

    read(stubs, [GOOD, GOOD, source_pb2.Source()])

    eventually(lambda: metric(server, calls) == before[1] + 1)
    assert metric(server, lines) == before[0] + 2
