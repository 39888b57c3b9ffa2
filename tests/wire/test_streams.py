"""Many documents on one call: uploaded side by side, each with its own pages and its own end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import grpc
import pytest
from tests.pictures import pdf, picture, png, tiff
from tests.wire.calls import (
    CALL_S,
    FAKE_ENGINE,
    Stubs,
    document_request,
    metric,
    pages_of,
    reading,
    refusal,
    stubs_of,
)
from tests.wire.test_lives import eventually, paused_workers
from tests.wire.uploads import (
    Message,
    Response,
    Sender,
    alternately,
    by_document,
    chunk,
    chunks,
    header,
    readings,
    reason,
    spooled_files,
    upload,
)

import inkstream
from inkstream.v1 import ocr_pb2, ocr_pb2_grpc, settings_pb2, source_pb2
from served import RunningServer, running_server

IMAGE = png(picture("one line", "another"))
TWO_PAGES = pdf("one", "two")
LONG = pdf(*(f"page {number}" for number in range(40)))
INVALID = grpc.StatusCode.INVALID_ARGUMENT
MAX_DOCUMENT_BYTES = 48 << 20
DISK_BYTES = 64 << 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    """A server that these tests may trouble, as long as it is well afterwards."""
    flags = (
        f"--set=uploads.dir={folder}",
        "--set=uploads.documents_at_once=4",
        "--set=uploads.max_open_documents=24",
        "--set=uploads.max_idle_s=2",
        f"--set=uploads.disk_bytes={DISK_BYTES}",
        f"--set=limits.max_document_bytes={MAX_DOCUMENT_BYTES}",
        "--set=server.max_documents=40",
    )
    with running_server(*FAKE_ENGINE, *flags) as running:
        yield running
        eventually(lambda: spooled_files(running, folder) == 0)
        assert running.stop() == 0
        assert "Traceback" not in running.log_text()
        assert "ERROR" not in running.log_text()


def stream(stubs: Stubs, *messages: Message) -> dict[str, list[Response]]:
    return by_document(stubs.ocr.RecognizeStream(iter(messages), timeout=CALL_S))


def stream_refused(stubs: Stubs, *messages: Message) -> tuple[grpc.StatusCode, str, str]:
    with pytest.raises(grpc.RpcError) as refused:
        stream(stubs, *messages)
    told = refusal(refused.value)
    assert told.request_id
    return told.code, told.reason, told.field


def is_empty(server: RunningServer, stubs: Stubs) -> bool:
    """Whether every place inside is free: as many uploads as there are may be opened at once."""
    both = [
        stubs.ocr.RecognizeStream(iter([header(f"{number}") for number in range(20)]))
        for _ in range(2)
    ]
    ends = [response.end.error.reason for call in both for response in call]
    assert len(ends) == 40
    return set(ends) == {"UPLOAD_INCOMPLETE"} and metric(server, "inkstream_pages_in_flight") == 0


def test_twenty_documents_come_back_whole_with_a_bad_one_between(stubs: Stubs) -> None:
    contents = {f"pdf {n}": pdf(f"page {n}", f"page {n + 100}") for n in range(10)}
    contents |= {f"image {n}": png(picture(f"image {n}")) for n in range(9)}
    expected = {
        name: [reading(page) for page in pages_of(stubs.read_document(document_request(content)))]
        for name, content in contents.items()
    }
    contents["bad"] = b"rubbish" * 1000

    seen = stream(stubs, *alternately(*(upload(name, contents[name], 700) for name in contents)))

    assert reason(seen.pop("bad")) == "UNSUPPORTED_MEDIA_TYPE"
    assert {name: readings(events) for name, events in seen.items()} == expected
    for name, events in seen.items():
        assert reason(events) == ""
        assert events[0].start.page_count == len(expected[name])
        assert events[-1].end.ok_page_count == len(expected[name])
        assert events[-1].end.elapsed.ToTimedelta().total_seconds() > 0


def test_a_header_brings_options_pages_and_password(stubs: Stubs) -> None:
    selected = header(
        "selected",
        source=source_pb2.Source(password="pw"),
        options=settings_pb2.RecognizeOptions(text_rec_score_thresh=1.0),
        pages=ocr_pb2.PageSelection(ranges="2", dpi=100),
        order=ocr_pb2.PAGE_ORDER_COMPLETION,
    )

    seen = stream(stubs, selected, *chunks("selected", pdf("one", "two", password="pw"), 500))

    start, page, _ = seen["selected"]
    assert (start.start.page_count, start.start.selected_page_count) == (2, 1)
    assert page.page.page_number == 2
    assert page.page.detections and not page.page.lines


def test_a_document_in_its_header_needs_no_chunk(stubs: Stubs) -> None:
    seen = stream(stubs, header("inline", source=source_pb2.Source(content=IMAGE)))

    assert readings(seen["inline"]) == [reading(stubs.read(IMAGE))]


def test_a_call_without_a_document_ends_well(stubs: Stubs) -> None:
    assert stream(stubs) == {}


def test_an_answer_comes_while_the_call_is_still_open(stubs: Stubs) -> None:
    sender = Sender()
    call = stubs.ocr.RecognizeStream(iter(sender), timeout=CALL_S)
    for name in ("first", "second"):
        sender.send(*upload(name, IMAGE))

        events = [next(call) for _ in range(3)]

        assert reason(events) == "" and events[0].document_id == name
    sender.close()

    assert list(call) == []


@pytest.mark.parametrize("content", [TWO_PAGES, tiff(picture("one"), picture("two")), IMAGE])
def test_a_large_document_is_read_from_disk_and_leaves_nothing_there(
    server: RunningServer, stubs: Stubs, folder: Path, content: bytes
) -> None:
    expected = [reading(page) for page in pages_of(stubs.read_document(document_request(content)))]
    sender = Sender()
    call = stubs.ocr.RecognizeStream(iter(sender), timeout=CALL_S)

    sender.send(header("large"), chunk("large", content))
    for _ in range(20):  # what follows a document's end is nothing to any of the readers
        sender.send(chunk("large", bytes(1 << 20)))
    eventually(lambda: spooled_files(server, folder) == 1)
    sender.send(chunk("large", b"", last=True))
    sender.close()
    events = list(call)

    assert readings(events) == expected
    assert reason(events) == ""
    assert list(folder.iterdir()) == []
    eventually(lambda: spooled_files(server, folder) == 0)


def test_a_document_over_the_limit_ends_alone(stubs: Stubs) -> None:
    sender = Sender()
    call = stubs.ocr.RecognizeStream(iter(sender), timeout=CALL_S)
    sender.send(header("large"))
    for _ in range((MAX_DOCUMENT_BYTES >> 20) + 3):
        sender.send(chunk("large", bytes(1 << 20)))
    sender.send(chunk("large", b"", last=True), *upload("small", IMAGE))
    sender.close()

    seen = by_document(call)

    assert reason(seen["large"]) == "CONTENT_TOO_LARGE"
    assert seen["large"][0].end.error.code == INVALID.value[0]
    assert reason(seen["small"]) == "" and len(readings(seen["small"])) == 1


def test_a_document_that_finds_no_room_on_disk_ends_alone(
    server: RunningServer, stubs: Stubs, folder: Path
) -> None:
    large = pdf("one") + bytes(40 << 20)

    seen = stream(
        stubs,
        *alternately(upload("first", large, 1 << 20), upload("second", large, 1 << 20)),
        *upload("small", IMAGE),
    )

    assert sorted(reason(seen[name]) for name in ("first", "second")) == ["", "SPOOL_FULL"]
    assert reason(seen["small"]) == ""
    eventually(lambda: spooled_files(server, folder) == 0)
    assert reason(stream(stubs, *upload("again", large, 1 << 20))["again"]) == ""


def test_a_document_that_is_not_complete_at_the_end_is_told_so(stubs: Stubs) -> None:
    seen = stream(stubs, header("open"), chunk("open", IMAGE), *upload("complete", IMAGE))

    assert reason(seen["open"]) == "UPLOAD_INCOMPLETE"
    assert reason(seen["complete"]) == ""


def test_a_document_of_which_nothing_comes_any_more_ends(stubs: Stubs) -> None:
    sender = Sender()
    call = stubs.ocr.RecognizeStream(iter(sender), timeout=CALL_S)
    sender.send(header("stalled"), chunk("stalled", IMAGE[:50]))

    assert reason([next(call)]) == "UPLOAD_STALLED"

    sender.send(chunk("stalled", IMAGE[50:], last=True), *upload("next", IMAGE))
    sender.close()
    assert reason(list(call)) == ""


@pytest.mark.parametrize(
    ("mistake", "expected"),
    [
        ([chunk("culprit", b"x")], "INVALID_FIELD"),
        ([chunk("culprit", b"x"), *upload("culprit", IMAGE)], "INVALID_FIELD"),
        ([header("culprit"), chunk("culprit", b"", last=True)], "EMPTY_INPUT"),
        ([header("culprit", source=source_pb2.Source(content=b""))], "EMPTY_INPUT"),
        ([header("culprit", source=source_pb2.Source(uri="http://x/"))], "URI_NOT_ALLOWED"),
        (
            [
                header("culprit", options=settings_pb2.RecognizeOptions(text_det_thresh=7)),
                chunk("culprit", b"dropped"),
                chunk("culprit", b"dropped", last=True),
            ],
            "INVALID_FIELD",
        ),
        (
            [
                header("culprit", options=settings_pb2.RecognizeOptions(use_doc_unwarping=True)),
                chunk("culprit", b"dropped", last=True),
            ],
            "MODULE_NOT_SERVED",
        ),
        (
            [
                header("culprit", pages=ocr_pb2.PageSelection(ranges="9")),
                *chunks("culprit", TWO_PAGES, 500),
            ],
            "INVALID_FIELD",
        ),
    ],
)
def test_what_is_wrong_with_one_document_is_told_of_it_alone(
    stubs: Stubs, mistake: list[Message], expected: str
) -> None:
    before, *after = upload("good", IMAGE, 500)

    seen = stream(stubs, before, *mistake, *after)

    assert reason(seen["culprit"]) == expected
    assert len(seen["culprit"]) == 1
    assert reason(seen["good"]) == "" and len(readings(seen["good"])) == 1


@pytest.mark.parametrize(
    "too_much",
    [
        [*upload("culprit", LONG), chunk("culprit", b"more")],
        [header("culprit", source=source_pb2.Source(content=LONG)), chunk("culprit", b"more")],
    ],
    ids=["after the last", "beside a source"],
)
def test_a_chunk_that_no_document_waits_for_ends_the_one_it_names(
    server: RunningServer, stubs: Stubs, too_much: list[Message]
) -> None:
    with paused_workers(server):
        sender = Sender()
        call = stubs.ocr.RecognizeStream(iter(sender), timeout=CALL_S)
        sender.send(*too_much, *upload("good", IMAGE), chunk("stray", b""))
        sender.close()
        first = next(call)  # all that was sent before it has been taken
    seen = by_document([first, *call])

    assert first.document_id == "stray"
    assert reason(seen["culprit"]) == "INVALID_FIELD"
    assert len(readings(seen["culprit"])) < 40
    assert reason(seen["good"]) == ""


@pytest.mark.parametrize(
    ("messages", "field"),
    [
        ([header("")], "header.document_id"),
        ([header("x" * 1025)], "header.document_id"),
        ([header("one"), header("one")], "header.document_id"),
        ([*upload("one", LONG), *upload("one", IMAGE)], "header.document_id"),
        ([header("one"), chunk("", b"x")], "chunk.document_id"),
        ([header("one"), Message()], "event"),
    ],
)
def test_a_message_that_names_no_document_ends_the_call(
    stubs: Stubs, messages: list[Message], field: str
) -> None:
    assert stream_refused(stubs, *messages) == (INVALID, "INVALID_FIELD", field)


def test_bytes_that_are_no_message_end_the_call(stubs: Stubs) -> None:
    method = "/inkstream.v1.OcrService/RecognizeStream"
    call: grpc.StreamStreamMultiCallable[bytes, bytes] = stubs.channel.stream_stream(method)
    opened = header("one").SerializeToString()

    with pytest.raises(grpc.RpcError) as refused:
        list(call(iter([opened, b"\xff\xff\xff"]), timeout=CALL_S))

    assert refusal(refused.value).reason == "REQUEST_MALFORMED"


def test_too_many_open_documents_are_refused_one_by_one(stubs: Stubs) -> None:
    names = [f"{number}" for number in range(26)]

    seen = stream(
        stubs,
        *(header(name) for name in names),
        *(message for name in names for message in chunks(name, IMAGE, 1 << 20)),
    )

    reasons = [reason(seen[name]) for name in names]
    assert reasons == [""] * 24 + ["QUEUE_FULL"] * 2


def test_a_full_house_refuses_a_document_and_the_call_goes_on(
    server: RunningServer, stubs: Stubs
) -> None:
    fillers = [Sender(), Sender()]
    calls = [stubs.ocr.RecognizeStream(iter(filler), timeout=CALL_S) for filler in fillers]
    for filler in fillers:
        filler.send(*(header(f"{number}") for number in range(20)))
    sender = Sender()
    call = stubs.ocr.RecognizeStream(iter(sender), timeout=CALL_S)
    refused: list[str] = []

    def is_refused() -> bool:
        name = f"try {len(refused)}"
        sender.send(*upload(name, b"rubbish"))
        refused.append(reason([next(call)]))
        return refused[-1] == "QUEUE_FULL"

    eventually(is_refused)
    for each in calls:
        each.cancel()
    eventually(lambda: is_empty(server, stubs))
    sender.send(*upload("welcome", IMAGE))
    sender.close()

    assert reason(list(call)) == ""


def test_a_cancelled_upload_leaves_no_file_and_no_place_taken(
    server: RunningServer, stubs: Stubs, folder: Path
) -> None:
    senders = [Sender(), Sender()]
    calls = [stubs.ocr.RecognizeStream(iter(sender), timeout=CALL_S) for sender in senders]
    for sender in senders:
        sender.send(*upload("read", LONG), header("large"))
        for _ in range(18):
            sender.send(chunk("large", bytes(1 << 20)))
    eventually(lambda: spooled_files(server, folder) == 2)

    for call in calls:
        call.cancel()

    eventually(lambda: spooled_files(server, folder) == 0)
    eventually(lambda: is_empty(server, stubs))


def test_a_client_that_vanishes_in_an_upload_is_noticed(
    server: RunningServer, stubs: Stubs, folder: Path
) -> None:
    with stubs_of(server) as gone:
        sender = Sender()
        call = gone.ocr.RecognizeStream(iter(sender))
        sender.send(header("large"), *(chunk("large", bytes(1 << 20)) for _ in range(18)))
        eventually(lambda: spooled_files(server, folder) == 1)
    del call  # kept till here: a call that nobody holds is cancelled

    eventually(lambda: spooled_files(server, folder) == 0)
    eventually(lambda: is_empty(server, stubs))


def test_a_slow_reader_holds_up_its_own_call_alone(server: RunningServer, stubs: Stubs) -> None:
    def messages() -> Iterator[Message]:
        for number in range(12):
            yield from upload(f"{number}", LONG)

    pages = 'inkstream_pages_total{reason="OK"}'
    page_count = 12 * 40
    start = metric(server, pages)
    window = [("grpc.http2.bdp_probe", 0)]  # or it would grow until all answers fit
    with grpc.insecure_channel(server.target, window) as channel:
        call = ocr_pb2_grpc.OcrServiceStub(channel).RecognizeStream(messages(), timeout=CALL_S)
        next(call)
        read: list[float] = []

        def stands_still() -> bool:
            read.append(metric(server, pages))
            return len(read) > 20 and read[-1] == read[-20]

        eventually(stands_still)
        before = metric(server, pages)
        assert before - start < 0.8 * page_count
        assert [len(stubs.read(IMAGE).lines) > 0 for _ in range(5)] == [True] * 5
        assert reason(stream(stubs, *upload("other", TWO_PAGES))["other"]) == ""
        assert metric(server, pages) == before + 7

        seen = by_document(call)

    assert len(seen) == 12
    assert {reason(events) for events in seen.values()} == {""}


def test_no_more_of_a_calls_documents_are_read_at_once_than_may_be(
    server: RunningServer, stubs: Stubs
) -> None:
    taken: list[int] = []

    def messages() -> Iterator[Message]:
        for number in range(100):
            taken.append(number)
            yield from upload(f"{number}", bytes(1 << 20))

    with paused_workers(server):
        call = stubs.ocr.RecognizeStream(messages(), timeout=CALL_S)
        seen: list[int] = []

        def stands_still() -> bool:
            seen.append(len(taken))
            return len(seen) > 30 and seen[-1] == seen[-30]

        eventually(stands_still)
        # Four are read; of the others lies in buffers what gRPC lets a connection's window grow to.
        assert 4 <= len(taken) < 50

    ends = by_document(call)
    assert len(ends) == 100
    assert {reason(events) for events in ends.values()} == {"UNSUPPORTED_MEDIA_TYPE"}


def test_the_client_reads_a_file_too_large_for_a_message(
    server: RunningServer, stubs: Stubs, tmp_path: Path
) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(LONG)
    expected = [reading(page) for page in pages_of(stubs.read_document(document_request(LONG)))]

    with inkstream.Client(server.target, max_message_bytes=len(LONG) // 3) as client:
        document = client.recognize_document(path)
        seen = [reading(page.message) for page in document]
        with pytest.raises(inkstream.InkstreamError, match="UNSUPPORTED_MEDIA_TYPE"):
            list(client.recognize_document(bytes(len(LONG))))

    assert seen == expected
    assert document.start is not None and document.start.page_count == 40
    assert document.end is not None and document.end.ok_page_count == 40


def test_both_clients_stream_many_documents(server: RunningServer) -> None:
    contents = {f"{number}": pdf(f"page {number}") for number in range(30)} | {"bad": b"rubbish"}
    documents = [inkstream.InputDocument(name, content) for name, content in contents.items()]

    def texts(events: Iterable[inkstream.StreamEvent]) -> dict[str, str]:
        pages = [
            (each.document_id, each.event.text)
            for each in events
            if isinstance(each.event, inkstream.Page)
        ]
        assert len(pages) == 30
        return dict(pages)

    async def read() -> list[inkstream.StreamEvent]:
        async with inkstream.AsyncClient(server.target, timeout_s=CALL_S) as client:
            return [event async for event in client.recognize_stream(documents)]

    with inkstream.Client(server.target, timeout_s=CALL_S) as client:
        events = list(client.recognize_stream(documents))

    assert texts(events) == texts(asyncio.run(read()))
    failed = [each for each in events if getattr(each.event, "error", None) is not None]
    assert [each.document_id for each in failed] == ["bad"]


def test_documents_are_counted_by_how_they_ended(server: RunningServer, stubs: Stubs) -> None:
    ok = 'inkstream_stream_documents_total{reason="OK"}'
    bad = 'inkstream_stream_documents_total{reason="UNSUPPORTED_MEDIA_TYPE"}'
    calls = 'inkstream_requests_total{method="RecognizeStream",reason="OK"}'
    before = {name: metric(server, name) for name in (ok, bad, calls)}

    stream(stubs, *upload("good", IMAGE), *upload("bad", b"rubbish"))

    eventually(lambda: metric(server, calls) == before[calls] + 1)
    assert metric(server, ok) == before[ok] + 1
    assert metric(server, bad) == before[bad] + 1


def test_a_server_that_drains_finishes_uploads_and_takes_no_new_document(folder: Path) -> None:
    flags = (*FAKE_ENGINE, f"--set=uploads.dir={folder}")
    with running_server(*flags) as draining, stubs_of(draining) as stubs:
        sender = Sender()
        call = stubs.ocr.RecognizeStream(iter(sender), timeout=CALL_S)
        sender.send(*upload("read", LONG), header("open"), chunk("open", TWO_PAGES[:50]))
        events = [next(call)]

        draining.process.send_signal(signal.SIGTERM)
        eventually(lambda: "draining: 2 documents" in draining.log_text())
        sender.send(*upload("late", IMAGE), chunk("open", TWO_PAGES[50:], last=True))
        sender.close()
        seen = by_document([*events, *call])

        assert reason(seen["late"]) == "SHUTTING_DOWN"
        assert len(readings(seen["read"])) == 40 and reason(seen["read"]) == ""
        assert len(readings(seen["open"])) == 2 and reason(seen["open"]) == ""
        assert draining.process.wait(CALL_S) == 0
        assert "Traceback" not in draining.log_text()


def test_a_call_that_brings_nothing_does_not_keep_a_draining_server() -> None:
    with running_server(*FAKE_ENGINE) as draining, stubs_of(draining) as stubs:
        sender = Sender()
        call = stubs.ocr.RecognizeStream(iter(sender), timeout=CALL_S)
        sender.send(*upload("one", IMAGE))
        assert reason([next(call) for _ in range(3)]) == ""

        assert draining.stop() == 0

        with pytest.raises(grpc.RpcError) as ended:
            next(call)
        assert refusal(ended.value).reason == "SHUTTING_DOWN"
        sender.close()
