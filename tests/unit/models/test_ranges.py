import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.errors import PullFailed
from inkstream_server.models.ranges import Body, Kept, RangeUnusable, body_of, range_headers

KEPT = Kept(100, 1000, '"tag"')


def test_the_rest_is_asked_for_if_the_file_is_the_same() -> None:
    assert range_headers(KEPT) == {"Range": "bytes=100-", "If-Range": '"tag"'}
    assert range_headers(None) == {}


def test_a_whole_file_begins_at_its_beginning_whatever_was_asked() -> None:
    headers = {"Content-Length": "1000", "ETag": '"new"'}

    assert body_of(200, headers, KEPT) == Body(0, 1000, '"new"')
    assert body_of(200, headers, None) == Body(0, 1000, '"new"')


def test_the_rest_of_the_same_file_begins_where_it_was() -> None:
    headers = {"Content-Range": "bytes 100-999/1000", "Content-Length": "900", "ETag": '"tag"'}

    assert body_of(206, headers, KEPT) == Body(100, 1000, '"tag"')


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": '"a"', "Last-Modified": "Monday"}, '"a"'),
        ({"ETag": 'W/"a"', "Last-Modified": "Monday"}, "Monday"),
        ({"ETag": 'W/"a"'}, ""),
        ({}, ""),
    ],
)
def test_a_version_is_told_by_a_strong_tag_or_by_a_date(
    headers: dict[str, str], validator: str
) -> None:
    assert body_of(200, {"Content-Length": "1", **headers}, None).validator == validator


def test_the_rest_of_another_file_is_not_joined() -> None:
    headers = {"Content-Range": "bytes 100-999/1000", "Content-Length": "900", "ETag": '"other"'}

    with pytest.raises(RangeUnusable):
        body_of(206, headers, KEPT)


def test_without_length_or_version_nothing_is_built_upon_later() -> None:
    assert Body(0, None, '"a"').kept(10) is None
    assert Body(0, 1000, "").kept(10) is None
    assert Body(0, 1000, '"a"').kept(10) == Kept(10, 1000, '"a"')


@pytest.mark.parametrize("length", [None, "", "-1", "ten", "1e3"])
def test_a_file_without_an_end_is_refused(length: str | None) -> None:
    headers = {} if length is None else {"Content-Length": length}

    with pytest.raises(PullFailed, match="where the file ends"):
        body_of(200, headers, None)


@given(
    st.sampled_from([0, 99, 100, 101]),
    st.sampled_from([100, 998, 999, 1000]),
    st.sampled_from([999, 1000, 1001]),
    st.sampled_from([None, 899, 900, 901, 1000]),
    st.sampled_from(["", '"tag"', '"other"']),
)
def test_only_the_exact_rest_of_the_same_file_is_ever_joined(
    first: int, last: int, total: int, length: int | None, tag: str
) -> None:
    headers = {"Content-Range": f"bytes {first}-{last}/{total}", "ETag": tag}
    headers |= {"Transfer-Encoding": "chunked"} if length is None else {}
    headers |= {} if length is None else {"Content-Length": str(length)}
    is_the_rest = (first, last, total) == (100, 999, 1000) and length in (None, 900)

    try:
        body = body_of(206, headers, KEPT)
    except RangeUnusable:
        assert not is_the_rest or tag == '"other"'
    else:
        assert is_the_rest and tag != '"other"'
        assert body == Body(100, 1000, '"tag"')
