"""POST /ocr: what both generations of PaddleX's clients send, and what they get."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import socket
import uuid
from io import BytesIO

import numpy as np
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.pictures import pdf, picture, png, tiff
from tests.wire.calls import CALL_S, Stubs, metric
from tests.wire.http_calls import Answer, base64_of, post, post_body

from inkstream.v1 import ocr_pb2, page_pb2, settings_pb2, source_pb2
from served import RunningServer

IMAGE = png(picture("first line", "second line"))
FILE = base64_of(IMAGE)
# The fixture's limit is 2 million pixels.
TOO_LARGE = picture(height_px=1001, width_px=2000)

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([10**400, -1, 0, 1, "min", "max", FILE, "http://127.0.0.1:1/x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)
MEMBERS = (
    "file", "fileType", "inferenceParams", "useDocOrientationClassify", "useDocUnwarping",
    "useTextlineOrientation", "textDetLimitSideLen", "textDetLimitType", "textDetThresh",
    "textDetBoxThresh", "textDetUnclipRatio", "textRecScoreThresh", "returnWordBox", "visualize",
    "logId", "unknown",
)  # fmt: skip


def compressed_tiff(*pages: NDArray[np.uint8]) -> bytes:
    first, *others = (Image.fromarray(page) for page in pages)
    file = BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=others, compression="tiff_deflate")
    return file.getvalue()


def texts_of(page: page_pb2.Page) -> list[dict[str, object]]:
    return [
        {
            "poly": [[point.x, point.y] for point in line.polygon.points],
            "text": line.text,
            "score": line.score,
        }
        for line in page.lines
    ]


def test_the_first_generations_request_is_answered_as_over_grpc(
    server: RunningServer, stubs: Stubs
) -> None:
    answer = post(server, file=FILE, fileType=1)

    assert answer.status == 200
    assert (answer.json["errorCode"], answer.json["errorMsg"]) == (0, "Success")
    assert uuid.UUID(answer.json["logId"])
    (result,) = answer.pages
    assert result["texts"] == texts_of(stubs.read(IMAGE)) != []
    assert answer.json["result"]["dataInfo"] == {"width": 480, "height": 180, "type": "image"}


def test_pictures_come_unless_they_are_not_wanted(server: RunningServer, stubs: Stubs) -> None:
    wanted, unwanted = post(server, file=FILE), post(server, file=FILE, visualize=False)

    options = settings_pb2.RecognizeOptions(visualize=True, return_page_images=True)
    request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=IMAGE), options=options)
    page = stubs.ocr.Recognize(request, timeout=CALL_S).page
    (pictured,), (plain,) = wanted.pages, unwanted.pages
    assert base64.b64decode(pictured["ocrImage"]) == page.visualization != b""
    assert pictured["image"] == pictured["ocrImage"]
    assert base64.b64decode(pictured["inputImage"]) == page.input_image != b""
    assert "docPreprocessingImage" not in pictured  # this server turns no page
    assert not {"image", "ocrImage", "inputImage"} & plain.keys()
    assert pictured["texts"] == plain["texts"]


def test_words_come_where_they_are_wanted(server: RunningServer) -> None:
    (page,) = post(server, file=FILE, returnWordBox=True, visualize=False).pages

    pruned = page["prunedResult"]
    assert ["".join(words) for words in pruned["text_word"]] == pruned["rec_texts"]
    assert [len(boxes) for boxes in pruned["text_word_boxes"]] == [
        len(words) for words in pruned["text_word"]
    ]


def test_the_later_generations_result_stands_beside_it(server: RunningServer) -> None:
    answer = post(
        server,
        file=FILE,
        fileType=1,
        useDocOrientationClassify=False,
        useDocUnwarping=False,
        useTextlineOrientation=True,
        textDetLimitSideLen=640,
        textDetLimitType="min",
        textDetThresh=0.25,
        textDetBoxThresh=0.5,
        textDetUnclipRatio=1.5,
        textRecScoreThresh=0.1,
        logId="ours-17",
    )

    assert answer.json["logId"] == "ours-17"
    (result,) = answer.pages
    pruned = result["prunedResult"]
    assert [each["text"] for each in result["texts"]] == pruned["rec_texts"]
    assert [each["poly"] for each in result["texts"]] == pruned["rec_polys"]
    assert [each["score"] for each in result["texts"]] == pruned["rec_scores"]
    assert not {"input_path", "page_index"} & pruned.keys()
    assert pruned["model_settings"]["use_textline_orientation"] is True
    assert pruned["text_rec_score_thresh"] == 0.1
    assert pruned["text_det_params"] == {
        "limit_side_len": 640,
        "limit_type": "min",
        "thresh": 0.25,
        "max_side_limit": 4000,
        "box_thresh": 0.5,
        "unclip_ratio": 1.5,
    }


def test_the_first_generations_limit_is_the_longer_sides(server: RunningServer) -> None:
    def limits(answer: Answer) -> tuple[object, object]:
        params = answer.pages[0]["prunedResult"]["text_det_params"]
        return params["limit_side_len"], params["limit_type"]

    first = {"maxLongSide": 320}
    assert limits(post(server, file=FILE, inferenceParams=first)) == (320, "max")
    later = post(server, file=FILE, inferenceParams=first, textDetLimitSideLen=640)
    assert limits(later) == (640, "max")
    assert limits(post(server, file=FILE, inferenceParams=None)) == (960, "max")


def test_of_a_pdf_the_first_ten_pages_are_read_and_how_many_there_are_is_told(
    server: RunningServer, stubs: Stubs
) -> None:
    content = pdf(*(f"page {number}" for number in range(12)))

    answer = post(server, file=base64_of(content), fileType=0)

    assert len(answer.pages) == 10
    assert answer.json["result"]["dataInfo"] == {
        "numPages": 10,
        "pages": [{"width": 600, "height": 240}] * 10,
        "type": "pdf",
        "totalPages": 12,
    }
    assert answer.pages[7]["texts"] == texts_of(stubs.read(png_of_page(content, 7)))


def png_of_page(content: bytes, index: int) -> bytes:
    with pymupdf.open(stream=content) as document:
        picture: bytes = document[index].get_pixmap(dpi=144).tobytes("png")
    return picture


def test_a_tiff_of_several_pages_is_told_as_one(server: RunningServer) -> None:
    answer = post(server, file=base64_of(tiff(picture("one"), picture("two"))))

    info = answer.json["result"]["dataInfo"]
    assert (info["type"], info["numPages"], info["totalPages"]) == ("tiff", 2, 2)


@pytest.mark.parametrize("file_type", [0, 1, None])
def test_what_a_file_is_is_told_from_its_bytes(
    server: RunningServer, file_type: int | None
) -> None:
    assert post(server, file=base64_of(pdf("text")), fileType=file_type).status == 200
    assert post(server, file=FILE, fileType=file_type).status == 200


def test_a_page_that_fails_fails_alone_and_has_nothing_of_a_result(server: RunningServer) -> None:
    content = compressed_tiff(picture("one"), TOO_LARGE, picture("three"))

    answer = post(server, file=base64_of(content), logId="mixed")

    first, failed, third = answer.pages
    assert first["texts"] and third["texts"]
    assert failed.keys() == {"error"}
    assert failed["error"]["pageNumber"] == 2
    assert failed["error"]["reason"] == "IMAGE_TOO_LARGE"
    assert failed["error"]["errorCode"] == 422
    assert answer.json["result"]["dataInfo"]["pages"][1] == {"width": None, "height": None}


def test_where_no_page_can_be_read_the_request_fails(server: RunningServer) -> None:
    answer = post(server, file=base64_of(compressed_tiff(TOO_LARGE, TOO_LARGE)), logId="all")

    assert (answer.status, answer.reason) == (422, "IMAGE_TOO_LARGE")
    assert answer.json["logId"] == "all"


def test_a_file_that_is_too_large_for_memory_is_read_all_the_same(server: RunningServer) -> None:
    content = IMAGE + bytes(3 << 20)  # what follows a PNG's end is nobody's

    assert post(server, file=base64_of(content)).pages == post(server, file=FILE).pages


def test_members_come_in_any_order_and_unknown_ones_are_ignored(server: RunningServer) -> None:
    plain = post(server, file=FILE).pages

    assert post(server, unknown={"file": "AAAA"}, logId="x", file=FILE, more=[1]).pages == plain


def test_a_body_may_come_compressed_but_not_grow_without_end(server: RunningServer) -> None:
    body = json.dumps({"file": FILE}).encode()
    compressed = {"Content-Encoding": "gzip"}

    answer = post_body(server, gzip.compress(body), compressed)
    bomb = post_body(server, gzip.compress(b'{"file": "' + b"A" * (64 << 20)), compressed)
    damaged = post_body(server, b"no gzip", compressed)

    assert answer.pages == post(server, file=FILE).pages
    assert (bomb.status, bomb.reason) == (413, "CONTENT_TOO_LARGE")
    assert (damaged.status, damaged.reason) == (422, "REQUEST_NOT_JSON")


@pytest.mark.parametrize("encoding", ["br", "zstd"])
def test_a_body_in_an_encoding_that_is_not_read_is_refused_as_json(
    server: RunningServer, encoding: str
) -> None:
    answer = post_body(server, b"any", {"Content-Encoding": encoding})

    assert (answer.status, answer.reason) == (422, "REQUEST_NOT_JSON")
    assert "Traceback" not in server.log_text()


def test_what_is_no_http_is_refused_as_json(server: RunningServer) -> None:
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=CALL_S) as connection:
        connection.sendall(b"POST /ocr HTTP/1.1\r\nContent-Length: many\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"400"
    assert json.loads(body)["errorCode"] == 400


@pytest.mark.parametrize("encode", [lambda body: body, lambda body: body.replace(b"/", b"\\/")])
def test_a_body_may_come_in_pieces_and_with_escapes(server: RunningServer, encode: object) -> None:
    assert callable(encode)
    body = encode(json.dumps({"file": FILE}).encode())
    connection = http.client.HTTPConnection("127.0.0.1", server.http_port, timeout=30)
    pieces = (body[at : at + 1000] for at in range(0, len(body), 1000))

    connection.request("POST", "/ocr", pieces, encode_chunked=True)
    with connection.getresponse() as response:
        told = json.load(response)
    connection.close()

    assert told["result"]["ocrResults"] == post(server, file=FILE).pages


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "REQUEST_NOT_JSON"),
        (b"nonsense", "REQUEST_NOT_JSON"),
        (b'{"file": "AAAA"', "REQUEST_NOT_JSON"),
        (b'{"file": "AAAA"} {}', "REQUEST_NOT_JSON"),
        (b"\xff\xfe", "REQUEST_NOT_JSON"),
        (b"[" * 5000, "REQUEST_NOT_JSON"),
        (b"null", "INVALID_FIELD"),
        (b'["file", "AAAA"]', "INVALID_FIELD"),
        (b"{}", "INVALID_FIELD"),
        (b'{"file": null}', "INVALID_FIELD"),
        (b'{"file": 5}', "INVALID_FIELD"),
        (b'{"file": "AAAA", "file": "AAAA"}', "INVALID_FIELD"),
        (b'{"file": "AAAA", "\\u0066ile": "AAAA"}', "INVALID_FIELD"),
        (b'{"file": "not base64!"}', "INVALID_FIELD"),
        (b'{"file": "data:image/png;base64,AAAA"}', "INVALID_FIELD"),
        (b'{"file": "file:///etc/passwd"}', "INVALID_FIELD"),
        (b'{"file": ""}', "EMPTY_INPUT"),
        (b'{"file": "AAAA"}', "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"\\u0066ile": "AAAA"}', "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"file": "AAAA", "x": "' + b"y" * (65 << 10) + b'"}', "CONTENT_TOO_LARGE"),
        (b'{"file": "' + b"A" * (6 << 20) + b'"}', "CONTENT_TOO_LARGE"),
        (b'{"file": "' + b"A" * (9 << 20) + b'"}', "CONTENT_TOO_LARGE"),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) else value,
)
def test_a_wrong_body_is_refused_by_name(server: RunningServer, body: bytes, reason: str) -> None:
    answer = post_body(server, body)

    assert answer.reason == reason
    assert answer.status == (413 if reason == "CONTENT_TOO_LARGE" else 422)
    assert len(answer.json["errorMsg"]) < 300


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("fileType", 2),
        ("fileType", "1"),
        ("textDetLimitSideLen", 0),
        ("textDetLimitSideLen", -5),
        ("textDetLimitSideLen", 10**400),
        ("textDetLimitSideLen", 9.5),
        ("textDetLimitType", "both"),
        ("textDetThresh", 1.5),
        ("textDetThresh", float("nan")),
        ("textDetBoxThresh", float("inf")),
        ("textDetUnclipRatio", 0),
        ("textRecScoreThresh", "high"),
        ("useDocUnwarping", 2),
        ("logId", 5),
        ("inferenceParams", 5),
    ],
)
def test_a_wrong_member_is_refused_by_its_own_name(
    server: RunningServer, member: str, value: object
) -> None:
    answer = post(server, file=FILE, **{member: value})

    assert (answer.status, answer.reason) == (422, "INVALID_FIELD")
    assert answer.json["facts"]["field"] == member
    assert member in answer.json["errorMsg"]


@pytest.mark.parametrize("value", [0, -5, 2**31, "wide"])
def test_the_first_generations_limit_is_refused_by_its_own_name(
    server: RunningServer, value: object
) -> None:
    answer = post(server, file=FILE, inferenceParams={"maxLongSide": value})

    assert (answer.status, answer.reason) == (422, "INVALID_FIELD")
    assert answer.json["facts"]["field"] == "inferenceParams.maxLongSide"
    assert answer.json["errorMsg"].startswith("inferenceParams.maxLongSide")


def test_what_is_no_object_is_refused_as_the_request(server: RunningServer) -> None:
    answer = post_body(server, b"[1]")

    assert (answer.status, answer.reason) == (422, "INVALID_FIELD")
    assert answer.json["facts"]["field"] == "the request"


def test_a_failure_is_told_with_the_clients_own_id(server: RunningServer) -> None:
    assert post(server, file=FILE, textDetThresh=2, logId="ours 17").json["logId"] == "ours 17"
    assert post(server, logId="ours 18", file="!" * 99).json["logId"] == "ours 18"
    assert post(server, logId="ours 19").json["logId"] == "ours 19"
    assert post(server, file=FILE, logId="").json["logId"]


def test_a_module_that_is_not_served_is_not_the_clients_mistake(server: RunningServer) -> None:
    answer = post(server, file=FILE, useDocOrientationClassify=True)

    assert (answer.status, answer.reason) == (400, "MODULE_NOT_SERVED")
    assert answer.json["facts"]["module"] == "doc_text_orientation"


def test_urls_are_not_fetched_unless_a_server_is_told_to(server: RunningServer) -> None:
    answer = post(server, file="http://127.0.0.1:1/picture.png", fileType=1)

    assert (answer.status, answer.reason) == (400, "URI_NOT_ALLOWED")


@settings(max_examples=150, deadline=None)
@given(members=st.dictionaries(st.sampled_from(MEMBERS), JSON_VALUES, max_size=5))
def test_whatever_is_sent_is_answered_or_refused_by_name(
    server: RunningServer, members: dict[str, object]
) -> None:
    answer = post(server, **members)

    if answer.status != 200:
        assert answer.status in (400, 413, 422)
        assert answer.reason != "INTERNAL"


def test_calls_are_counted_by_their_reason(server: RunningServer) -> None:
    ok = 'inkstream_requests_total{method="POST /ocr",reason="OK"}'
    refused = 'inkstream_requests_total{method="POST /ocr",reason="EMPTY_INPUT"}'
    before = metric(server, ok), metric(server, refused)

    post(server, file=FILE)
    post(server, file="")

    assert (metric(server, ok), metric(server, refused)) == (before[0] + 1, before[1] + 1)


def test_the_log_knows_a_call_by_the_clients_id(server: RunningServer) -> None:
    post(server, file=FILE, logId="in-the-log")
    post(server, file=FILE, logId="forged\nline")

    assert 'method="POST /ocr" request=in-the-log reason=OK' in server.log_text()
    assert "forged" not in server.log_text()
