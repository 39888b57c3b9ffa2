from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.errors import InvalidField
from inkstream_server.front.file_text import MAX_URL_LENGTH, FileText


def read(text: bytes, size: int = 1 << 20) -> tuple[bytes, str | None]:
    reader = FileText()
    pieces = [reader.feed(text[at : at + size]) for at in range(0, len(text), size)]
    pieces.append(reader.end())
    return b"".join(pieces), reader.url


@given(content=st.binary(max_size=200), size=st.integers(1, 50))
def test_base64_is_decoded_however_it_is_cut(content: bytes, size: int) -> None:
    assert read(base64.b64encode(content), size) == (content, None)


@given(content=st.binary(max_size=200), size=st.integers(1, 50))
def test_line_ends_in_base64_are_nothing(content: bytes, size: int) -> None:
    lines = base64.encodebytes(content).replace(b"\n", b"\r\n")

    assert read(lines, size) == (content, None)


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("url", ["http://a/b", "https://example.com/a.png?x=1", "HTTPS://A/B"])
def test_a_url_is_kept_as_it_is(url: str, size: int) -> None:
    assert read(url.encode(), size) == (b"", url)


def test_no_text_is_no_content() -> None:
    assert read(b"") == (b"", None)


@pytest.mark.parametrize(
    "text",
    [
        b"AAA",
        b"AAAAA",
        b"A",
        b"AA==AAAA",
        b"AA==\nAA==",
        b"AA=A",
        b"====",
        b"AA-_AA-_",
        b"data:image/png;base64,AAAA",
        b"file:///etc/passwd",
        b"ftp://example.com/a.png",
        b"http:/",
        "Ä".encode() * 4,
        b"AAAA\\AAA",
        b"\0\0\0\0",
        b"https://b\xc3\xbccher.example/",
        b"https://" + b"x" * MAX_URL_LENGTH,
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_what_is_neither_is_refused(text: bytes, size: int) -> None:
    with pytest.raises(InvalidField) as refused:
        read(text, size)

    assert refused.value.facts["field"] == "file"
    assert len(refused.value.message) < 200


@given(text=st.binary(max_size=80), size=st.integers(1, 20))
def test_any_text_is_read_as_python_reads_it_or_refused(text: bytes, size: int) -> None:
    try:
        content, url = read(text, size)
    except InvalidField:
        return
    assert url is not None or content == base64.b64decode(text)
