from __future__ import annotations

import os
from pathlib import Path

from inkstream_server.app.renewal import Changes, state_of

BEFORE, BETWEEN, AFTER = ((1,),), ((2,),), ((3,),)


def test_what_has_not_changed_is_not_read_again() -> None:
    changes = Changes(BEFORE)

    assert not any(changes.is_due(BEFORE) for _ in range(3))


def test_a_change_is_due_once_when_it_has_stayed_for_a_look() -> None:
    changes = Changes(BEFORE)

    assert [changes.is_due(AFTER) for _ in range(4)] == [False, True, False, False]


def test_files_that_are_still_being_replaced_are_waited_for() -> None:
    changes = Changes(BEFORE)

    assert [changes.is_due(state) for state in (BETWEEN, AFTER, AFTER)] == [False, False, True]


def test_a_change_that_is_taken_back_is_none() -> None:
    changes = Changes(BEFORE)

    assert [changes.is_due(state) for state in (BETWEEN, BEFORE, BEFORE)] == [False] * 3


def test_every_way_to_replace_a_file_is_a_change(tmp_path: Path) -> None:
    file, link, other = tmp_path / "file", tmp_path / "link", tmp_path / "other"
    file.write_text("a")
    link.symlink_to(file)
    seen = [state_of([link])]

    file.write_text("bb")
    seen.append(state_of([link]))
    other.write_text("bb")
    os.utime(other, ns=(0, file.stat().st_mtime_ns))
    other.replace(file)
    seen.append(state_of([link]))
    file.unlink()
    seen.append(state_of([link]))

    assert len(set(seen)) == len(seen)
    assert seen[-1] == (None,)
