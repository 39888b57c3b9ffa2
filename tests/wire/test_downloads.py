"""Archives over HTTP, from servers that are good, slow, broken and hostile."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.archive_server import (
    Answer,
    ArchiveServer,
    archive_server,
    chunked,
    cut,
    dated,
    lengthless,
    lying_range,
    redirect,
    silent,
    stalled,
    status,
    trickling,
    trickling_head,
    whole,
)

from inkstream_server.errors import ModelArchiveRefused, PullFailed
from inkstream_server.models.download import DownloadLimits, download
from inkstream_server.models.http_get import Address
from inkstream_server.models.partial import PartialFile

NAME = "a_det_infer.tar"
CONTENT = random.Random(1).randbytes(300_000)
OTHER = random.Random(2).randbytes(300_000)
LIMITS = DownloadLimits(
    max_bytes=1_000_000, stall_s=5.0, pause_s=0.0, keep_every_bytes=1000, max_resumptions=2
)
HASTY = replace(LIMITS, stall_s=0.3, max_resumptions=0)


@pytest.fixture
def server() -> Iterator[ArchiveServer]:
    with archive_server() as server:
        yield server


@pytest.fixture
def partial(server: ArchiveServer, tmp_path: Path) -> PartialFile:
    return PartialFile(tmp_path / ".partial", NAME, f"{server.url}/{NAME}")


def fetch(
    server: ArchiveServer, partial: PartialFile, limits: DownloadLimits = LIMITS
) -> list[tuple[int, int | None]]:
    """What was told while it came."""
    told: list[tuple[int, int | None]] = []
    address = Address.parse(server.url).file(NAME)
    download(
        address, partial, limits=limits, progress=lambda done, total: told.append((done, total))
    )
    return told


def test_a_file_comes_whole_and_its_progress_is_told(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, whole(CONTENT))

    told = fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT)) and told == sorted(told)


def test_what_breaks_off_is_taken_up_again_where_it_was(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, cut(CONTENT, 100_000), cut(CONTENT, 250_000), whole(CONTENT))

    fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-", "bytes=250000-"]


def test_all_that_came_is_kept_however_far_apart_it_is_put_on_the_disk(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, cut(CONTENT, 100_000), whole(CONTENT))

    fetch(server, partial, replace(LIMITS, keep_every_bytes=1 << 30))

    assert partial.path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-"]


def test_what_breaks_off_too_often_is_kept_for_the_next_call(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, cut(CONTENT, 100_000))
    with pytest.raises(PullFailed, match=r"0\.1 of 0\.3 MB are kept"):
        fetch(server, partial, replace(LIMITS, max_resumptions=0))
    server.serve(NAME, whole(CONTENT))

    fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-"]


def test_a_date_serves_where_there_is_no_tag(server: ArchiveServer, partial: PartialFile) -> None:
    date = "Sun, 01 Jun 2025 00:00:00 GMT"
    server.serve(NAME, cut(CONTENT, 100_000, headers={"Last-Modified": date}), dated(CONTENT, date))

    fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-"]


@pytest.mark.parametrize("headers", [{"ETag": 'W/"weak"'}, {"X-None": "1"}])
def test_without_a_strong_sign_of_its_version_a_file_is_fetched_anew(
    server: ArchiveServer, partial: PartialFile, headers: dict[str, str]
) -> None:
    server.serve(NAME, cut(CONTENT, 100_000, headers=headers), whole(CONTENT))

    fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT
    assert server.ranges == [None, None]


def test_a_file_that_has_changed_meanwhile_is_fetched_anew(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, cut(CONTENT, 100_000), whole(OTHER))

    fetch(server, partial)

    assert partial.path.read_bytes() == OTHER
    assert server.ranges == [None, "bytes=100000-"]


def test_a_server_without_ranges_begins_anew(server: ArchiveServer, partial: PartialFile) -> None:
    server.serve(NAME, cut(CONTENT, 100_000), whole(CONTENT, has_ranges=False))

    fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "lie",
    [
        lying_range(CONTENT, "bytes 0-3/4"),
        lying_range(CONTENT, "bytes 99999-299999/300000"),
        lying_range(CONTENT, "bytes 100000-299999/400000"),
        lying_range(CONTENT, "bytes 100000-100003/300000"),
        lying_range(CONTENT, "bytes 100000-299999/300000", ETag='"another"'),
        lying_range(CONTENT, "bytes 100000-299999/300000"),  # four bytes, by its length
        lying_range(CONTENT, "nonsense"),
        status(416),
    ],
)
def test_a_part_that_was_not_asked_for_is_not_joined(
    server: ArchiveServer, partial: PartialFile, lie: Answer
) -> None:
    server.serve(NAME, cut(CONTENT, 100_000), lie, whole(CONTENT))

    fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-", None]


def test_a_part_where_none_was_asked_for_is_refused(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, status(206))

    with pytest.raises(PullFailed, match="206"):
        fetch(server, partial)


@pytest.mark.parametrize("code", [401, 403, 404, 429, 500, 503])
def test_a_refusal_is_told_at_once_and_keeps_what_is_here(
    server: ArchiveServer, partial: PartialFile, code: int
) -> None:
    server.serve(NAME, cut(CONTENT, 100_000), status(code))

    with pytest.raises(PullFailed, match=rf"{NAME}: the server answers {code}.*are kept") as caught:
        fetch(server, partial)

    assert caught.value.facts["status"] == str(code)
    assert len(server.requests) == 2


def test_nobody_there_is_told(server: ArchiveServer, tmp_path: Path) -> None:
    nobody = Address.parse("http://127.0.0.1:9").file(NAME)

    with pytest.raises(PullFailed, match=r"no answer \(.*refused"):
        download(nobody, PartialFile(tmp_path, NAME, nobody.url), limits=LIMITS)


def test_a_server_that_stands_still_is_left(server: ArchiveServer, partial: PartialFile) -> None:
    server.serve(NAME, stalled(CONTENT, 100_000))

    with pytest.raises(PullFailed, match=r"stopped sending; 0\.1 of 0\.3 MB are kept"):
        fetch(server, partial, HASTY)


def test_a_server_that_never_answers_is_left(server: ArchiveServer, partial: PartialFile) -> None:
    server.serve(NAME, silent())

    with pytest.raises(PullFailed, match="no answer"):
        fetch(server, partial, HASTY)


def test_a_server_that_trickles_is_left(server: ArchiveServer, partial: PartialFile) -> None:
    """Each byte comes long before the socket's own time-out."""
    server.serve(NAME, trickling(CONTENT, 100, pause_s=0.05))

    with pytest.raises(PullFailed, match="slower than 1000 bytes a second"):
        fetch(server, partial, HASTY)


def test_a_download_has_an_end_however_fast_it_is(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, trickling(CONTENT, 100, pause_s=0.01))

    with pytest.raises(PullFailed, match="not whole after"):
        fetch(server, partial, replace(LIMITS, max_s=0.2))


def test_an_answers_head_counts_too(server: ArchiveServer, partial: PartialFile) -> None:
    server.serve(NAME, trickling_head(300, pause_s=0.02))
    started_at = time.monotonic()

    with pytest.raises(PullFailed, match="not whole after"):
        fetch(server, partial, replace(LIMITS, max_s=0.3))

    assert time.monotonic() - started_at < 3


def test_a_redirect_takes_of_the_same_time(server: ArchiveServer, partial: PartialFile) -> None:
    server.serve(NAME, redirect(f"{server.url}/elsewhere"))
    server.serve("elsewhere", trickling_head(300, pause_s=0.02))
    started_at = time.monotonic()

    with pytest.raises(PullFailed, match="not whole after"):
        fetch(server, partial, replace(LIMITS, max_s=0.3))

    assert time.monotonic() - started_at < 3


def test_a_file_that_says_it_is_too_large_is_not_begun(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, stalled(CONTENT, 0))  # would be waited for

    with pytest.raises(ModelArchiveRefused, match="larger than 200000 bytes"):
        fetch(server, partial, replace(LIMITS, max_bytes=200_000))

    assert not partial.path.exists()


def test_a_file_that_turns_out_too_large_leaves_nothing(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, chunked(CONTENT))

    with pytest.raises(ModelArchiveRefused, match="larger than 200000 bytes"):
        fetch(server, partial, replace(LIMITS, max_bytes=200_000))

    assert list(partial.folder.iterdir()) == []


def test_a_file_of_untold_length_comes_whole(server: ArchiveServer, partial: PartialFile) -> None:
    server.serve(NAME, chunked(CONTENT))

    told = fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT and told[-1] == (len(CONTENT), None)


def test_a_file_of_untold_length_that_breaks_off_is_fetched_anew(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, chunked(CONTENT, is_ended=False), whole(CONTENT))

    fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT
    assert server.ranges == [None, None]


def test_a_file_whose_end_cannot_be_told_is_refused(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, lengthless(CONTENT))

    with pytest.raises(PullFailed, match="where the file ends"):
        fetch(server, partial)


def test_a_redirect_is_followed_with_the_range(server: ArchiveServer, partial: PartialFile) -> None:
    server.serve(NAME, cut(CONTENT, 100_000), redirect("/elsewhere"))
    server.serve("elsewhere", whole(CONTENT))

    fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=100000-", "bytes=100000-"]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_a_redirect_to_anything_but_http_is_not_followed(
    server: ArchiveServer, partial: PartialFile, location: str
) -> None:
    server.serve(NAME, redirect(location))

    with pytest.raises(PullFailed, match=r"not followed|302"):
        fetch(server, partial)

    assert not partial.path.exists()


def test_a_redirect_in_a_circle_ends(server: ArchiveServer, partial: PartialFile) -> None:
    server.serve(NAME, redirect(f"/{NAME}"))

    with pytest.raises(PullFailed, match="302"):
        fetch(server, partial)


def test_a_name_and_password_reach_the_mirror_alone_and_no_message(
    server: ArchiveServer, tmp_path: Path
) -> None:
    with archive_server() as other:
        server.serve(NAME, redirect(f"{other.url}/{NAME}"))
        base = Address.parse(server.url.replace("http://", "http://me:s%40cret@"))
        address = base.file(NAME)

        with pytest.raises(PullFailed) as caught:
            download(address, PartialFile(tmp_path, NAME, address.url), limits=LIMITS)

        assert server.requests[0]["Authorization"] == "Basic bWU6c0BjcmV0"
        assert other.requests[0]["Authorization"] is None
    assert "404" in caught.value.message and "cret" not in caught.value.message
    assert "cret" not in address.url


def test_the_proxy_of_the_environment_is_asked(
    server: ArchiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address.parse("http://models.invalid").file(NAME)
    server.answers[address.url] = [whole(CONTENT)]
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    partial = PartialFile(tmp_path, NAME, address.url)

    download(address, partial, limits=LIMITS)

    assert partial.path.read_bytes() == CONTENT
    assert server.requests[0]["X-Path"] == address.url


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With its key, for 127.0.0.1. Nobody vouches for it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes certificates, is not installed")
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "-", "-out", "-"]
    made = subprocess.run(command, check=True, capture_output=True)
    path.write_bytes(made.stdout)
    return path


def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificate: Path, tmp_path: Path
) -> None:
    with archive_server(certificate) as server:
        server.serve(NAME, whole(CONTENT))

        with pytest.raises(PullFailed, match="certificate verify failed"):
            fetch(server, PartialFile(tmp_path, NAME, f"{server.url}/{NAME}"))

        assert server.requests == []


def test_a_certificate_that_the_environment_names_is_trusted(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with archive_server(certificate) as server:
        server.serve(NAME, whole(CONTENT))
        partial = PartialFile(tmp_path, NAME, f"{server.url}/{NAME}")

        fetch(server, partial)

    assert partial.path.read_bytes() == CONTENT


def test_a_redirect_from_tls_to_none_is_not_followed(
    server: ArchiveServer, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server.serve(NAME, whole(CONTENT))
    with archive_server(certificate) as secure:
        secure.serve(NAME, redirect(f"{server.url}/{NAME}"))

        with pytest.raises(PullFailed, match="which is not followed"):
            fetch(secure, PartialFile(tmp_path, NAME, f"{secure.url}/{NAME}"))

    assert server.requests == []


def test_what_came_from_another_mirror_is_not_built_upon(
    server: ArchiveServer, partial: PartialFile
) -> None:
    server.serve(NAME, cut(CONTENT, 100_000))
    with pytest.raises(PullFailed):
        fetch(server, partial, replace(LIMITS, max_resumptions=0))
    server.serve(NAME, whole(CONTENT))
    elsewhere = f"{server.url}/mirror/{NAME}"
    server.serve(f"mirror/{NAME}", whole(CONTENT))

    download(Address(elsewhere), PartialFile(partial.folder, NAME, elsewhere), limits=LIMITS)

    assert server.ranges == [None, None]
