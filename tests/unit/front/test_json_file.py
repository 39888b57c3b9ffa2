from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.errors import ContentTooLarge, InvalidField
from inkstream_server.front.json_file import MAX_REST_BYTES, JsonFile

FILE_TEXTS = st.text(alphabet="ABCxyz019+/=:.?&%- \n\r\té", max_size=60)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
KEYS = st.text(max_size=6) | st.just("inner")


def parts(body: bytes, sizes: list[int]) -> Iterator[bytes]:
    at = 0
    for size in sizes:
        yield body[at : at + size]
        at += size
    yield body[at:]


def split(body: bytes, sizes: list[int] | None = None) -> tuple[bytes, JsonFile]:
    reader = JsonFile()
    return b"".join(reader.feed(part) for part in parts(body, sizes or [])), reader


@given(
    before=st.dictionaries(KEYS, VALUES, max_size=3),
    text=FILE_TEXTS,
    after=st.dictionaries(KEYS, VALUES, max_size=3),
    sizes=st.lists(st.integers(1, 7), max_size=40),
    is_ascii=st.booleans(),
    indent=st.none() | st.integers(0, 2),
)
def test_the_file_is_taken_out_of_any_object_however_it_is_cut(
    before: dict[str, object],
    text: str,
    after: dict[str, object],
    sizes: list[int],
    is_ascii: bool,
    indent: int | None,
) -> None:
    sent = {**before, "file": text, **after}
    body = json.dumps(sent, ensure_ascii=is_ascii, indent=indent).encode()

    file, reader = split(body, sizes)

    assert file.decode() == text
    assert json.loads(reader.rest) == sent | {"file": ""}


def test_characters_that_some_writers_escape_are_taken_as_they_are() -> None:
    escaped = rb'{"file": "a\/b\u002Bc\u002f\u003D\n"}'

    for size in range(1, 9):
        file, _ = split(escaped, [size] * len(escaped))
        assert file == b"a/b+c/=\n"


@pytest.mark.parametrize(
    "body",
    [
        b'{"inner": {"file": "AAAA"}}',
        b'{"list": [{"file": "AAAA"}]}',
        b'["file", "AAAA"]',
        b'{"files": "AAAA", "x": "file"}',
        b'{"file": 5}',
        b'{"file": null, "x": "AAAA"}',
        b'{"file": ["AAAA"]}',
        b'"file"',
        b"",
        b"nonsense",
    ],
)
def test_what_only_looks_like_a_file_is_left_where_it_is(body: bytes) -> None:
    file, reader = split(body, [1] * len(body))

    assert (file, reader.rest, reader.was_found) == (b"", body, False)


def test_an_escaped_quote_does_not_hide_what_follows() -> None:
    file, reader = split(rb'{"logId": "\"file\": \"AAAA\\", "file": "BBBB"}')

    assert file == b"BBBB"
    assert json.loads(reader.rest) == {"logId": '"file": "AAAA\\', "file": ""}


@pytest.mark.parametrize("size", [1, 100])
def test_no_file_has_a_quote_in_it(size: int) -> None:
    with pytest.raises(InvalidField):
        split(rb'{"file": "AA\"BB"}', [size] * 20)


def test_a_second_file_is_refused() -> None:
    with pytest.raises(InvalidField, match="there twice"):
        split(b'{"file": "AAAA", "file": "BBBB"}')


@pytest.mark.parametrize("body", [b'{"logId": "' + b"x" * MAX_REST_BYTES, b"[" * MAX_REST_BYTES])
def test_all_but_the_file_is_bounded(body: bytes) -> None:
    with pytest.raises(ContentTooLarge) as refused:
        split(body + b"xx", [1000] * 70)

    assert refused.value.facts["max_bytes"] == str(MAX_REST_BYTES)


@pytest.mark.parametrize("text", [rb"AA\x", rb"AA\u00zz", b"AA\xff\\n", rb"\ud800AAAA", b"A\\\\"])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_escapes_that_no_file_has_show_in_its_text(text: bytes, size: int) -> None:
    file, reader = split(b'{"file": "' + text + b'"}', [size] * 40)

    assert reader.rest == b'{"file": ""}'
    assert not file.isascii() or b"\\" in file
