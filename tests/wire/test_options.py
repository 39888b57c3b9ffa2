"""Every option of a request: what may be is done and told back, what may not be is refused by name.

The tables here must have every field of the contract: one that is added there fails here until it
says what it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.pictures import picture, png
from tests.wire.calls import CALL_S, Stubs, document_request, reading, refusal, well_server

from inkstream.v1 import models_pb2, ocr_pb2, settings_pb2, source_pb2
from served import RunningServer

Options = settings_pb2.RecognizeOptions

IMAGE: Final = png(picture("one", "two", height_px=120, width_px=200))
CROP: Final = png(picture("a line", height_px=40, width_px=200))
RECOGNISERS: Final = ("first", "second")
INVALID: Final = grpc.StatusCode.INVALID_ARGUMENT

SHARES = st.floats(0.0, 1.0, width=32)
NO_SHARES = st.floats(width=32).filter(lambda value: not 0.0 <= value <= 1.0)
NUMBERS = st.integers(-(2**31), 2**31 - 1)
# What a field may hold. Modules that are not served here cannot be turned on.
GOOD: Final[dict[str, SearchStrategy[Any]]] = {
    "use_doc_orientation_classify": st.booleans(),
    "use_doc_unwarping": st.just(False),
    "use_textline_orientation": st.booleans(),
    "text_det_limit_side_len": st.integers(1, 1500) | st.just(2**31 - 1),
    "text_det_limit_type": st.sampled_from(settings_pb2.LimitType.values()),
    "text_det_thresh": SHARES,
    "text_det_box_thresh": SHARES,
    "text_det_unclip_ratio": st.floats(0.0, 100.0, width=32, exclude_min=True),
    "text_rec_score_thresh": SHARES,
    "text_rec_model": st.sampled_from(["", *RECOGNISERS]),
    "return_word_box": st.just(False),
    "visualize": st.just(False),
    "priority": st.sampled_from(settings_pb2.Priority.values()),
    "frame": st.sampled_from([0, 1]),
    "return_page_images": st.just(False),
}
# What it may not. A switch has no such value, nor has the name of a model: another reason is told.
BAD: Final[dict[str, SearchStrategy[Any]]] = {
    "text_det_limit_side_len": st.integers(-(2**31), 0),
    "text_det_limit_type": NUMBERS.filter(lambda n: n not in settings_pb2.LimitType.values()),
    "text_det_thresh": NO_SHARES,
    "text_det_box_thresh": NO_SHARES,
    "text_det_unclip_ratio": st.floats(width=32).filter(lambda value: not 0.0 < value <= 100.0),
    "text_rec_score_thresh": NO_SHARES,
    "priority": NUMBERS.filter(lambda n: n not in settings_pb2.Priority.values()),
    "frame": NUMBERS.filter(lambda n: not 0 <= n <= 3),
}
SWITCHES: Final = FieldDescriptor.TYPE_BOOL
FIELDS: Final = {field.name: field for field in Options.DESCRIPTOR.fields}
TOLD: Final = frozenset(field.name for field in settings_pb2.EffectiveSettings.DESCRIPTOR.fields)

values = st.fixed_dictionaries({}, optional={name: GOOD[name] for name in FIELDS})


@st.composite
def wrong_values(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Options of which one is wrong, and its name."""
    field = draw(st.sampled_from([name for name in FIELDS if name in BAD]))
    return field, {**draw(values), field: draw(BAD[field])}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    models = f"--set=models.text_recognition=[{', '.join(RECOGNISERS)}]"
    with well_server(models, "--set=models.doc_orientation=ori") as running:
        yield running


def options_of(values: Mapping[str, Any]) -> Options:
    options = Options()
    for name, value in values.items():
        setattr(options, name, value)
    return options


def source(content: bytes) -> source_pb2.Source:
    return source_pb2.Source(content=content)


def read(stubs: Stubs, options: Options) -> settings_pb2.EffectiveSettings:
    """What an image was read with."""
    request = ocr_pb2.RecognizeRequest(source=source(IMAGE), options=options)
    return stubs.ocr.Recognize(request, timeout=CALL_S).page.settings


def defaults(stubs: Stubs) -> settings_pb2.EffectiveSettings:
    return stubs.models.GetServerInfo(models_pb2.GetServerInfoRequest(), timeout=CALL_S).defaults


def test_every_field_of_the_contract_is_tried_here() -> None:
    without_wrong_value = {"text_rec_model"}
    switches = {name for name, field in FIELDS.items() if field.type == SWITCHES}

    assert set(FIELDS) <= set(GOOD)
    assert set(FIELDS) - switches - without_wrong_value <= set(BAD)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=values)
def test_what_may_be_is_done_and_told_back(stubs: Stubs, values: dict[str, Any]) -> None:
    options = options_of(values)

    told = read(stubs, options)

    expected = defaults(stubs)
    for name in TOLD & set(values):
        is_a_value = FIELDS[name].has_presence or values[name]  # else it stands for the default
        if is_a_value:
            setattr(expected, name, getattr(options, name))
    expected.use_doc_preprocessor = (
        expected.use_doc_orientation_classify or expected.use_doc_unwarping
    )
    assert told == expected


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(wrong=wrong_values())
def test_what_may_not_be_is_refused_by_its_name(
    stubs: Stubs, wrong: tuple[str, dict[str, Any]]
) -> None:
    field, values = wrong

    with pytest.raises(grpc.RpcError) as refused:
        read(stubs, options_of(values))

    told = refusal(refused.value)
    assert (told.code, told.reason, told.domain) == (INVALID, "INVALID_FIELD", "inkstream.dev")
    assert told.field == told.facts["field"] == f"options.{field}"
    assert told.facts["value"] and told.facts["allowed"]


@pytest.mark.parametrize("field", [name for name in FIELDS if name in BAD])
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_method_refuses_it_alike(stubs: Stubs, field: str, data: st.DataObject) -> None:
    options = options_of({field: data.draw(BAD[field])})
    lines = ocr_pb2.RecognizeLinesRequest(lines=[source(CROP)], options=options)
    document = document_request(IMAGE, options=options)

    with pytest.raises(grpc.RpcError) as of_lines:
        stubs.ocr.RecognizeLines(lines, timeout=CALL_S)
    with pytest.raises(grpc.RpcError) as of_document:
        list(stubs.ocr.RecognizeDocument(document, timeout=CALL_S))

    for each in (of_lines.value, of_document.value):
        told = refusal(each)
        assert (told.code, told.reason) == (INVALID, "INVALID_FIELD")
        assert told.field == f"options.{field}"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(wrong=wrong_values(), is_uploaded=st.booleans())
def test_in_a_stream_the_document_fails_and_the_next_is_read(
    stubs: Stubs, wrong: tuple[str, dict[str, Any]], is_uploaded: bool
) -> None:
    field, values = wrong
    message = ocr_pb2.RecognizeStreamRequest
    sent = source_pb2.Source() if is_uploaded else source(IMAGE)
    header = ocr_pb2.DocumentHeader(document_id="bad", source=sent, options=options_of(values))
    good = ocr_pb2.DocumentHeader(document_id="good", source=source(IMAGE))
    messages = [message(header=header), message(header=good)]
    if is_uploaded:
        chunk = ocr_pb2.DocumentChunk(document_id="bad", data=IMAGE, last=True)
        messages.append(message(chunk=chunk))

    events = list(stubs.ocr.RecognizeStream(iter(messages), timeout=CALL_S))

    of_bad = [event for event in events if event.document_id == "bad"]
    (good_end,) = [e.end for e in events if e.document_id == "good" and e.HasField("end")]
    assert [event.WhichOneof("event") for event in of_bad] == ["end"]
    error = of_bad[0].end.error
    assert (error.code, error.reason) == (INVALID.value[0], "INVALID_FIELD")
    assert f"options.{field}" in error.message
    assert good_end.ok_page_count == 1 and not good_end.HasField("error")


@pytest.mark.parametrize(
    "name", ["text_det_thresh", "text_det_box_thresh", "text_rec_score_thresh"]
)
def test_an_explicit_0_is_a_value(stubs: Stubs, name: str) -> None:
    told = read(stubs, options_of({name: 0.0}))

    assert getattr(told, name) == 0.0


def test_a_request_that_states_the_defaults_is_read_as_one_that_does_not(stubs: Stubs) -> None:
    told = defaults(stubs)
    stated = options_of({name: getattr(told, name) for name in TOLD & set(FIELDS)})
    request = ocr_pb2.RecognizeRequest(source=source(IMAGE), options=stated)

    page = stubs.ocr.Recognize(request, timeout=CALL_S).page

    assert reading(page) == reading(stubs.read(IMAGE))


def test_a_wrong_number_is_told_as_it_was_written(stubs: Stubs) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        read(stubs, Options(text_det_thresh=1.1))

    assert refusal(refused.value).facts["value"] == "1.1"


def test_an_explicit_false_is_a_value(stubs: Stubs) -> None:
    told = read(stubs, Options(use_doc_orientation_classify=False))

    assert defaults(stubs).use_doc_orientation_classify
    assert not told.use_doc_orientation_classify and not told.use_doc_preprocessor


def test_a_wrong_value_is_told_before_what_is_not_served(stubs: Stubs) -> None:
    wrong: dict[str, Any] = {"priority": 99, "text_det_thresh": 2.0, "text_det_limit_type": 99}
    for name, value in wrong.items():
        unserved = options_of({"use_doc_unwarping": True, "text_rec_model": "no", name: value})

        with pytest.raises(grpc.RpcError) as refused:
            read(stubs, unserved)

        assert refusal(refused.value).field == f"options.{name}"


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    wrong=st.one_of(
        st.tuples(st.just("order"), NUMBERS.filter(lambda n: n not in ocr_pb2.PageOrder.values())),
        st.tuples(st.just("pages.dpi"), NUMBERS.filter(lambda n: n != 0 and not 10 <= n <= 600)),
        st.tuples(st.just("pages.ranges"), st.sampled_from(["0", "2-1", "x", "-", "1;2", "1-2-3"])),
    )
)
def test_what_is_asked_of_a_document_beside_is_refused_likewise(
    stubs: Stubs, wrong: tuple[str, Any]
) -> None:
    field, value = wrong
    request = document_request(IMAGE)
    parent, _, name = field.rpartition(".")
    setattr(getattr(request, parent) if parent else request, name, value)

    with pytest.raises(grpc.RpcError) as refused:
        stubs.read_document(request)

    told = refusal(refused.value)
    assert (told.code, told.reason, told.field) == (INVALID, "INVALID_FIELD", field)
