"""`create_pipeline` as its users have it: with a server in the same process, and with another."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.pictures import pdf, picture, png, tiff
from tests.unit.paddlex.files import tree

from inkstream import InkstreamError, create_pipeline
from inkstream.paddlex.pipeline import OcrPipeline
from inkstream.paddlex.result import OCRResult
from inkstream_server.errors import ModelMissing, OcrError
from served import RunningServer

# Its page classifier takes the side with the most ink for the top.
FAKE = {"inference.engine": "fake", "models.doc_orientation": None}
WAIT_S = 60.0
UNGUARDED = """
import sys
from inkstream import create_pipeline

pipeline = create_pipeline("OCR", settings={"inference.engine": "fake"})
print([len(result["rec_texts"]) for result in pipeline.predict(sys.argv[1:], visualize=False)])
"""
FORKING = """
import os
import sys
from pathlib import Path
from inkstream import create_pipeline

pipeline = create_pipeline("OCR", settings={"inference.engine": "fake"})
child = os.fork()
if child == 0:
    sys.exit()  # and with it what is to be done at the end
os.waitpid(child, 0)
print(Path(pipeline.target.removeprefix("unix:")).exists(), flush=True)
print([len(result["rec_texts"]) for result in pipeline.predict(sys.argv[1:], visualize=False)])
"""


@pytest.fixture(scope="module")
def local() -> Iterator[OcrPipeline]:
    with create_pipeline(pipeline="OCR", settings=FAKE) as pipeline:
        yield pipeline


def read(pipeline: OcrPipeline, given: object, **options: object) -> list[OCRResult]:
    return list(pipeline.predict(given, visualize=False, **options))  # type: ignore[arg-type] # chosen by tests


def texts(results: Sequence[OCRResult]) -> list[object]:
    return [result["rec_texts"] for result in results]


def worker_pids() -> set[str]:
    """The workers of servers in this process."""
    listed = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "inkstream_server.workers.process"],
        check=False,
        capture_output=True,
        text=True,
    )
    return set(listed.stdout.split())


def begun_since(before: set[threading.Thread]) -> set[threading.Thread]:
    return set(threading.enumerate()) - before


def until(ask: object) -> None:
    assert callable(ask)
    give_up_at = time.monotonic() + WAIT_S
    while not ask():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def test_a_local_pipeline_reads_what_a_server_reads(
    local: OcrPipeline, server: RunningServer
) -> None:
    pages = [picture("one", "two"), picture("three")]

    with create_pipeline("OCR", server=server.target) as remote:
        there = read(remote, pages)

    here = read(local, pages)
    assert texts(here) == texts(there)
    assert [len(result["rec_boxes"]) for result in here] == [2, 1]  # type: ignore[arg-type] # arrays


def test_everything_that_can_be_read_comes_in_order(local: OcrPipeline, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.png").write_bytes(png(picture("b")))
    (tmp_path / "in" / "a.pdf").write_bytes(pdf("one", "two", "three"))
    (tmp_path / "pages.tif").write_bytes(tiff(picture("x"), picture("y")))

    results = read(
        local, [str(tmp_path / "in"), picture("z"), tmp_path / "pages.tif", png(picture("w"))]
    )

    seen = [(Path(str(each["input_path"])).name, each["page_index"]) for each in results]
    assert seen == [
        *(("a.pdf", index) for index in range(3)),
        ("b.png", None),
        ("None", None),
        *(("pages.tif", index) for index in range(2)),
        ("None", None),
    ]


def test_many_inputs_are_read_at_once_and_come_in_order(local: OcrPipeline) -> None:
    pages = [picture(*["line"] * (1 + number % 3)) for number in range(40)]

    counts = [len(each["rec_texts"]) for each in read(local, pages)]  # type: ignore[arg-type] # lists

    assert counts == [1 + number % 3 for number in range(40)]


def test_options_reach_the_pages(local: OcrPipeline) -> None:
    (result,) = read(local, picture("one"), text_det_limit_side_len=64, text_rec_score_thresh=1.0)

    params = result["text_det_params"]
    assert isinstance(params, dict)
    assert params["limit_side_len"] == 64
    assert result["rec_texts"] == []
    assert len(result["dt_polys"]) > 0  # type: ignore[arg-type] # a list


def test_pictures_are_saved_beside_the_text(local: OcrPipeline, tmp_path: Path) -> None:
    (tmp_path / "scan.png").write_bytes(png(picture("one", width_px=200)))

    (result,) = local.predict(str(tmp_path / "scan.png"))
    result.save_all(tmp_path / "out")

    assert result.img["ocr_res_img"].width == 400  # the page, and its text beside it
    saved = {path.name for path in (tmp_path / "out").iterdir()}
    assert saved >= {"scan_res.json", "scan_ocr_res_img.png"}


def test_several_threads_may_predict(local: OcrPipeline) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(len(read(local, [picture("one")] * 5))))
        for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)

    assert found == [5] * 4


def test_results_left_early_leave_the_pipeline_as_it_was(local: OcrPipeline) -> None:
    before = set(threading.enumerate())
    for _ in range(5):
        next(iter(local.predict([pdf(*["page"] * 30)] * 10, visualize=False)))
    gc.collect()

    until(lambda: not any("inkstream input" in thread.name for thread in begun_since(before)))
    assert len(read(local, picture("one"))) == 1


def test_a_request_for_what_is_not_there_is_refused(local: OcrPipeline) -> None:
    with pytest.raises(InkstreamError) as refused:
        read(local, picture("one"), text_rec_model="nonesuch")

    assert refused.value.reason == "MODEL_NOT_SERVED"


def test_paddlex_own_file_sets_what_a_local_pipeline_reads_with(tmp_path: Path) -> None:
    contents = tree(SubModules__TextDetection__limit_side_len=320)
    file = tmp_path / "OCR.yaml"
    file.write_text(yaml.safe_dump(contents), encoding="utf-8")

    with create_pipeline(file, settings=FAKE) as pipeline:
        (result,) = read(pipeline, picture("one"))
    with create_pipeline(config=contents, settings=FAKE) as pipeline:
        (same,) = read(pipeline, picture("one"))

    params = result["text_det_params"]
    assert isinstance(params, dict)
    assert (params["limit_side_len"], params["limit_type"]) == (320, "min")
    assert same.json == result.json


def test_a_pipeline_that_is_closed_leaves_nothing_behind() -> None:
    before = worker_pids()
    pipeline = create_pipeline("OCR", settings=FAKE)
    socket_path = Path(pipeline.target.removeprefix("unix:"))
    started = worker_pids() - before

    pipeline.close()
    pipeline.close()

    assert started
    assert worker_pids() == before
    assert not socket_path.parent.exists()
    with pytest.raises(RuntimeError, match="this pipeline is closed"):
        read(pipeline, picture("one"))


def test_its_socket_is_for_its_user_alone(local: OcrPipeline) -> None:
    path = Path(local.target.removeprefix("unix:"))

    assert path.is_socket()
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))


def test_a_folder_that_is_too_long_for_a_socket_is_not_taken(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path_factory.mktemp("d" * 90)
    monkeypatch.setattr("tempfile.tempdir", str(deep))

    with create_pipeline("OCR", settings={**FAKE, "server.port": 1}) as pipeline:
        assert len(pipeline.target.removeprefix("unix:").encode()) <= 107
        assert len(read(pipeline, picture("one"))) == 1

    assert not any(path.name.startswith("inkstream-") for path in deep.iterdir())


def test_a_pipeline_nobody_holds_any_more_ends() -> None:
    before = worker_pids()
    pipeline = create_pipeline("OCR", settings=FAKE)
    assert worker_pids() != before

    del pipeline
    gc.collect()

    until(lambda: worker_pids() == before)


def test_a_forked_process_that_ends_leaves_its_parents_pipeline_alone(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(FORKING, encoding="utf-8")
    (tmp_path / "a.png").write_bytes(png(picture("one", "two")))

    ended = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "a.png")],
        check=False,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )

    assert (ended.returncode, ended.stdout) == (0, "True\n[2]\n"), ended.stderr


def test_a_model_that_is_not_pulled_is_told_with_what_to_type(tmp_path: Path) -> None:
    before = worker_pids()

    with pytest.raises(ModelMissing, match="inkstream models pull"):
        create_pipeline("OCR", settings={"models.dir": str(tmp_path)})

    assert worker_pids() == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"pipeline": "ocr"}, "pipeline is 'ocr'"),
        ({"config": {}}, "the pipeline's configuration"),
        ({"settings": {"nope.key": 1}}, r"nope.*settings"),
        ({"device": "tpu"}, "tpu"),
        ({"engine": "nonesuch", "settings": {}}, "nonesuch"),
    ],
)
def test_arguments_that_cannot_be_are_value_errors(arguments: dict[str, Any], told: str) -> None:
    before = worker_pids()

    with pytest.raises(ValueError, match=told) as refused:
        create_pipeline(**{"pipeline": "OCR", "settings": FAKE, **arguments})

    assert isinstance(refused.value.__cause__, OcrError)
    assert worker_pids() == before


def test_a_script_needs_no_guard_and_no_close(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED, encoding="utf-8")
    (tmp_path / "a.png").write_bytes(png(picture("one", "two")))

    ended = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "a.png"), str(tmp_path / "a.png")],
        check=False,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "[2, 2]\n", "")
