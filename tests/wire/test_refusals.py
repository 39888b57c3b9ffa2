"""Every refusal over the wire: its code, its reason, and what it tells programs."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pictures import pageless_pdf, pdf, picture, png, tiff
from tests.wire.calls import CALL_S, Refusal, Stubs, document_request, pages_of, refusal

from inkstream.v1 import ocr_pb2, settings_pb2, source_pb2

IMAGE = png(picture("text"))
DOCUMENTS = [pdf("one", "two"), tiff(picture("one"), picture("two")), IMAGE]
INVALID = grpc.StatusCode.INVALID_ARGUMENT
UNSERVED = grpc.StatusCode.FAILED_PRECONDITION


def raw(height: int, width: int, channels: int, data: bytes) -> source_pb2.Source:
    return source_pb2.Source(
        raw=source_pb2.RawImage(height=height, width=width, channels=channels, data=data)
    )


def source(content: bytes, password: str = "") -> source_pb2.Source:
    return source_pb2.Source(content=content, password=password)


def recognize_refused(
    stubs: Stubs, source: source_pb2.Source, options: settings_pb2.RecognizeOptions | None = None
) -> Refusal:
    request = ocr_pb2.RecognizeRequest(source=source, options=options)
    with pytest.raises(grpc.RpcError) as refused:
        stubs.ocr.Recognize(request, timeout=CALL_S)
    return refusal(refused.value)


def document_refused(stubs: Stubs, request: ocr_pb2.RecognizeDocumentRequest) -> Refusal:
    with pytest.raises(grpc.RpcError) as refused:
        list(stubs.ocr.RecognizeDocument(request, timeout=CALL_S))
    return refusal(refused.value)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (source_pb2.Source(), "EMPTY_INPUT"),
        (source(b""), "EMPTY_INPUT"),
        (source(b"no picture at all"), "UNSUPPORTED_MEDIA_TYPE"),
        (source(b"PK\3\4" + bytes(50)), "UNSUPPORTED_MEDIA_TYPE"),
        (source(IMAGE[:60]), "IMAGE_DAMAGED"),
        (source(b"\xff\xd8\xff\xe0" + bytes(100)), "IMAGE_DAMAGED"),
        (source(png(picture(height_px=1001, width_px=2000))), "IMAGE_TOO_LARGE"),
        (source(b"%PDF-1.7\nrubbish"), "PDF_DAMAGED"),
        (source(pageless_pdf()), "DOCUMENT_EMPTY"),
        (source(pdf("secret", password="pw")), "PDF_PASSWORD_REQUIRED"),
        (source(pdf("secret", password="pw"), "other"), "PDF_PASSWORD_WRONG"),
        (raw(1001, 2000, 1, b"x"), "IMAGE_TOO_LARGE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_is_the_callers_to_mend(
    stubs: Stubs, sent: source_pb2.Source, reason: str
) -> None:
    refused = recognize_refused(stubs, sent)
    as_document = document_refused(stubs, ocr_pb2.RecognizeDocumentRequest(source=sent))

    if reason == "PDF_DAMAGED":  # what MuPDF makes of rubbish differs by version
        assert refused.reason in ("PDF_DAMAGED", "DOCUMENT_EMPTY")
    else:
        assert refused.reason == as_document.reason == reason
    for each in (refused, as_document):
        assert each.code is INVALID
        assert each.domain == "inkstream.dev"
        assert each.message
        assert each.request_id


@dataclass(frozen=True)
class Wrong:
    """A field with a value that it may not hold."""

    field: str
    source: source_pb2.Source | None = None
    options: settings_pb2.RecognizeOptions | None = None


Options = settings_pb2.RecognizeOptions
WRONG = [
    Wrong("source.raw.height", raw(0, 5, 3, b"x")),
    Wrong("source.raw.width", raw(5, -5, 3, b"x")),
    Wrong("source.raw.channels", raw(5, 5, 2, b"x" * 50)),
    Wrong("source.raw.data", raw(5, 5, 3, b"x" * 74)),
    Wrong("source.raw.data", raw(5, 5, 3, b"")),
    Wrong("options.text_det_limit_side_len", options=Options(text_det_limit_side_len=0)),
    Wrong("options.text_det_thresh", options=Options(text_det_thresh=1.5)),
    Wrong("options.text_det_box_thresh", options=Options(text_det_box_thresh=-0.5)),
    Wrong("options.text_det_unclip_ratio", options=Options(text_det_unclip_ratio=0.0)),
    Wrong("options.text_rec_score_thresh", options=Options(text_rec_score_thresh=float("nan"))),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.field)
def test_a_wrong_value_is_told_with_its_field_and_what_is_allowed(
    stubs: Stubs, wrong: Wrong
) -> None:
    refused = recognize_refused(stubs, wrong.source or source(IMAGE), wrong.options)

    assert (refused.code, refused.reason) == (INVALID, "INVALID_FIELD")
    assert refused.field == refused.facts["field"] == wrong.field
    assert refused.facts["value"] and refused.facts["allowed"]


def test_a_number_of_a_later_contract_is_refused_not_guessed(stubs: Stubs) -> None:
    for field, options in (
        ("options.priority", b"\x68\x63"),  # field 13, value 99
        ("options.text_det_limit_type", b"\x28\x63"),  # field 5, value 99
    ):
        refused = recognize_refused(
            stubs, source(IMAGE), settings_pb2.RecognizeOptions.FromString(options)
        )

        assert (refused.reason, refused.field) == ("INVALID_FIELD", field)


@pytest.mark.parametrize("ranges", ["0", "3-2", "a", "7", "1,,2", "9" * 5000])
def test_a_selection_that_selects_nothing_is_refused(stubs: Stubs, ranges: str) -> None:
    content = pdf(*"abcdef")
    selection = ocr_pb2.PageSelection(ranges=ranges)

    refused = document_refused(stubs, document_request(content, pages=selection))

    assert (refused.code, refused.reason, refused.field) == (
        INVALID,
        "INVALID_FIELD",
        "pages.ranges",
    )


@pytest.mark.parametrize("dpi", [-1, 9, 601])
def test_a_dpi_out_of_range_is_refused(stubs: Stubs, dpi: int) -> None:
    request = document_request(pdf("a"), pages=ocr_pb2.PageSelection(dpi=dpi))

    assert document_refused(stubs, request).field == "pages.dpi"


def test_too_many_pages_are_refused_with_the_numbers(stubs: Stubs) -> None:
    refused = document_refused(stubs, document_request(pdf(*("x" * 51))))

    assert (refused.code, refused.reason) == (INVALID, "TOO_MANY_PAGES")
    assert refused.facts["max_pages"] == "50"


def test_a_page_that_would_be_too_large_fails_alone(stubs: Stubs) -> None:
    content = pdf("a", width_pt=1000, height_pt=1000)
    selection = ocr_pb2.PageSelection(dpi=600)

    events = list(stubs.ocr.RecognizeDocument(document_request(content, pages=selection)))

    assert events[1].page.error.reason == "PAGE_TOO_LARGE"
    assert events[1].page.error.code == INVALID.value[0]
    assert events[2].end.failed_page_count == 1


@pytest.mark.parametrize(
    ("sent", "options", "reason", "fact"),
    [
        (
            source(IMAGE),
            Options(use_doc_unwarping=True),
            "MODULE_NOT_SERVED",
            ("module", "image_unwarping"),
        ),
        (
            source(IMAGE),
            Options(use_doc_orientation_classify=True),
            "MODULE_NOT_SERVED",
            ("module", "doc_text_orientation"),
        ),
        (source(IMAGE), Options(text_rec_model="no"), "MODEL_NOT_SERVED", ("model", "no")),
        (source_pb2.Source(uri="http://localhost/x.png"), None, "URI_NOT_ALLOWED", None),
    ],
)
def test_what_this_server_is_not_set_up_for_is_told_apart(
    stubs: Stubs,
    sent: source_pb2.Source,
    options: settings_pb2.RecognizeOptions | None,
    reason: str,
    fact: tuple[str, str] | None,
) -> None:
    refused = recognize_refused(stubs, sent, options)

    assert (refused.code, refused.reason) == (UNSERVED, reason)
    assert fact is None or fact in refused.facts.items()


def test_a_refusal_arrives_however_long_the_value_is(stubs: Stubs) -> None:
    refused = recognize_refused(stubs, source(IMAGE), Options(text_rec_model="x" * 100_000))

    assert (refused.code, refused.reason) == (UNSERVED, "MODEL_NOT_SERVED")


def test_a_message_over_the_limit_is_refused_by_the_transport(stubs: Stubs) -> None:
    refused = recognize_refused(stubs, source(bytes(5 << 20)))

    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused.reason == ""


MAGIC = [
    b"\xff\xd8\xff\xe0\x00\x10JFIF\0",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBBBBB", 30, 20, 8, 2, 0, 0, 0),
    b"BM",
    b"RIFF\x40\0\0\0WEBPVP8 ",
    b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"GIF89a\x10\0\x10\0\x80\0\0",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\0\0\0\x1cftypavif",
    b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
    b"%PDF-",
    IMAGE[:100],
    pdf("text")[:400],
    tiff(picture("text"))[:200],
    b"",
]


@settings(max_examples=120, deadline=None)
@given(magic=st.sampled_from(MAGIC), rest=st.binary(max_size=300))
def test_bad_bytes_of_every_kind_end_in_a_page_or_a_typed_refusal(
    stubs: Stubs, magic: bytes, rest: bytes
) -> None:
    try:
        page = stubs.read(magic + rest)
    except grpc.RpcError as error:
        refused = refusal(error)
        assert refused.code is INVALID, refused
        assert refused.reason and refused.domain == "inkstream.dev"
    else:
        assert page.width > 0 and page.height > 0


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_document_with_flipped_bytes_ends_in_pages_or_a_typed_refusal(
    stubs: Stubs, data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from(DOCUMENTS)))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))

    events, code = [], INVALID
    try:
        events = stubs.read_document(document_request(bytes(content)))
    except grpc.RpcError as error:
        code = refusal(error).code

    assert code is INVALID
    failed = [page for page in pages_of(events) if page.HasField("error")]
    assert {page.error.code for page in failed} <= {INVALID.value[0]}
    assert not events or (events[0].HasField("start") and events[-1].HasField("end"))


@pytest.mark.parametrize(
    "method",
    [
        "inkstream.v1.OcrService/Recognize",
        "inkstream.v1.ModelService/ListModels",
        "grpc.health.v1.Health/Check",
    ],
)
def test_bytes_that_are_no_message_are_refused_by_unary_methods(stubs: Stubs, method: str) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = stubs.channel.unary_unary(f"/{method}")

    with pytest.raises(grpc.RpcError) as refused:
        call(b"\xff\xff\xff", timeout=CALL_S)

    assert refusal(refused.value).code is INVALID
    assert refusal(refused.value).reason == "REQUEST_MALFORMED"


def test_bytes_that_are_no_message_are_refused_by_streaming_methods(stubs: Stubs) -> None:
    method = "/inkstream.v1.OcrService/RecognizeDocument"
    call: grpc.UnaryStreamMultiCallable[bytes, bytes] = stubs.channel.unary_stream(method)

    with pytest.raises(grpc.RpcError) as refused:
        list(call(b"\xff\xff\xff", timeout=CALL_S))

    assert refusal(refused.value).reason == "REQUEST_MALFORMED"
