from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkstream_server.errors import InvalidField
from inkstream_server.front.http_schema import (
    OcrRequest,
    RequestNotJson,
    as_sent,
    log_id_of,
    parse_request,
)
from inkstream_server.pipeline.frames import Frame
from inkstream_server.pipeline.settings import NO_ADDITIONS, Additions
from inkstream_server.stages.detection import LimitType


def parsed(**members: object) -> OcrRequest:
    return parse_request(json.dumps({"file": "", **members}).encode())


def test_what_a_request_leaves_out_is_the_servers_to_say() -> None:
    wishes = parsed().wishes()

    set_here = {"additions", "frame"}
    left_out = {getattr(wishes, name) for name in set(wishes.__slots__) - set_here}
    assert left_out == {None}
    assert wishes.additions == NO_ADDITIONS
    assert wishes.frame is Frame.READ  # in which PaddleX tells its places


@pytest.mark.parametrize(
    ("asked", "by_default", "is_drawn"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False)],
)
def test_pages_are_drawn_where_the_request_or_else_the_server_says_so(
    asked: bool | None, by_default: bool, is_drawn: bool
) -> None:
    additions = parsed(visualize=asked).wishes(visualize=by_default).additions

    assert additions == Additions(result_image=is_drawn, page_images=is_drawn)


def test_words_are_told_where_they_are_asked_for() -> None:
    assert parsed(returnWordBox=True).wishes().additions == Additions(words=True)


def test_every_member_is_a_wish() -> None:
    wishes = parsed(
        useDocOrientationClassify=True,
        useDocUnwarping=False,
        useTextlineOrientation=True,
        textDetLimitSideLen=736,
        textDetLimitType="min",
        textDetThresh=0.0,
        textDetBoxThresh=0.5,
        textDetUnclipRatio=1.5,
        textRecScoreThresh=0.25,
    ).wishes()

    assert (
        wishes.use_doc_orientation_classify,
        wishes.use_doc_unwarping,
        wishes.use_textline_orientation,
    ) == (True, False, True)
    assert (wishes.text_det_limit_side_len, wishes.text_det_limit_type) == (736, LimitType.MIN)
    assert wishes.text_det_thresh == 0.0  # an explicit 0 is a value
    assert wishes.text_det_box_thresh == 0.5
    assert wishes.text_det_unclip_ratio == 1.5
    assert wishes.text_rec_score_thresh == 0.25


@pytest.mark.parametrize(
    ("later", "side", "kind"),
    [
        ({}, 500, LimitType.MAX),
        ({"textDetLimitSideLen": 736}, 736, None),
        ({"textDetLimitType": "min"}, None, LimitType.MIN),
    ],
)
def test_the_first_generations_limit_gives_way_to_the_laters(
    later: dict[str, object], side: int | None, kind: LimitType | None
) -> None:
    wishes = parsed(inferenceParams={"maxLongSide": 500}, **later).wishes()

    assert (wishes.text_det_limit_side_len, wishes.text_det_limit_type) == (side, kind)


@pytest.mark.parametrize(
    ("member", "sent", "read"),
    [
        ("fileType", True, 1),
        ("textDetThresh", "0.5", 0.5),
        ("textDetLimitSideLen", 960.0, 960),
        ("textDetLimitSideLen", "960", 960),
        ("useDocUnwarping", "yes", True),
        ("useDocUnwarping", 0, False),
        ("nobody_knows_it", {"file": [1]}, None),
    ],
)
def test_what_paddlex_bears_is_borne(member: str, sent: object, read: object) -> None:
    told = parsed(**{member: sent}).model_dump(by_alias=True)

    assert told.get(member) == read


@given(text=st.binary(max_size=40))
def test_bytes_that_are_no_request_are_refused(text: bytes) -> None:
    with pytest.raises((RequestNotJson, InvalidField)):
        parse_request(text)


@pytest.mark.parametrize(
    ("text", "log_id"),
    [
        (b'{"logId": "ours"}', "ours"),
        (b'{"logId": "ours", "file": "', "ours"),
        (b'{"logId": "ou', None),
        (b'{"logId": ""}', None),
        (b'{"logId": 5}', None),
        (b'["logId"]', None),
        (b"nonsense", None),
        (b"", None),
    ],
)
def test_the_clients_id_is_known_as_far_as_its_request_was_read(
    text: bytes, log_id: str | None
) -> None:
    assert log_id_of(text) == log_id


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("options.text_det_unclip_ratio", "textDetUnclipRatio"),
        ("options.text_det_limit_side_len", "textDetLimitSideLen"),
        ("source.uri", "file"),
        ("inferenceParams.maxLongSide", "inferenceParams.maxLongSide"),
        ("the request", "the request"),
    ],
)
def test_a_field_is_named_as_the_client_names_it(field: str, name: str) -> None:
    told = as_sent(InvalidField.of(field, 7, "less"), parsed())

    assert told.message == f"{name} is 7; allowed: less"
    assert told.facts == {"field": name, "value": "7", "allowed": "less"}


@pytest.mark.parametrize(
    ("later", "name"),
    [
        ({}, "inferenceParams.maxLongSide"),
        ({"textDetLimitSideLen": 0}, "textDetLimitSideLen"),
        ({"textDetLimitType": "min"}, "textDetLimitSideLen"),
    ],
)
def test_a_limit_is_named_by_the_generation_that_it_is_of(
    later: dict[str, object], name: str
) -> None:
    request = parsed(inferenceParams={"maxLongSide": 0}, **later)

    told = as_sent(InvalidField.of("options.text_det_limit_side_len", 0, "more"), request)

    assert told.facts["field"] == name
