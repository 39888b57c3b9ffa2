from __future__ import annotations

import stat
from pathlib import Path

import pytest

from inkstream_server.cli.main import main
from inkstream_server.errors import TokenWrong
from inkstream_server.front.tokens import (
    Principals,
    TokensUnusable,
    entry_of,
    hash_of,
    new_token,
)
from inkstream_server.scheduling.accounts import Allowance


def written(folder: Path, text: str) -> Path:
    file = folder / "tokens.yml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_token_is_its_principals(tmp_path: Path) -> None:
    ours, theirs = new_token(), new_token()
    principals = Principals.read(
        written(tmp_path, entry_of("ours", ours) + entry_of("theirs", theirs))
    )

    assert (principals.name_of(ours), principals.name_of(theirs)) == ("ours", "theirs")


def test_no_two_tokens_are_alike() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token()) > 40


@pytest.mark.parametrize("kind", ["unknown", "cut", "longer", "empty", "not text"])
def test_what_is_nobodys_token_is_wrong_and_no_more_is_said(tmp_path: Path, kind: str) -> None:
    token = new_token()
    wrong = {
        "unknown": new_token(), "cut": token[:-1], "longer": token + "x", "empty": "",
        "not text": "\udcff",
    }[kind]  # fmt: skip
    principals = Principals.read(written(tmp_path, entry_of("a", token)))

    with pytest.raises(TokenWrong) as refused:
        principals.name_of(wrong)

    assert refused.value.message == "the bearer token is none that this server knows"
    assert refused.value.facts == {}


def test_two_tokens_of_one_principal_are_good_side_by_side(tmp_path: Path) -> None:
    old, new = new_token(), new_token()
    hashes = f"[{hash_of(old).hex()}, {hash_of(new).hex()}]"

    principals = Principals.read(written(tmp_path, f"- {{name: a, sha256: {hashes}}}"))

    assert principals.name_of(old) == principals.name_of(new) == "a"


def test_an_entry_says_what_is_its_own_and_the_default_the_rest(tmp_path: Path) -> None:
    text = entry_of("a", new_token()) + "  max_pages: 7\n" + entry_of("b", new_token())
    principals = Principals.read(written(tmp_path, text))
    default = Allowance(max_requests=3)

    assert principals.allowance_of("a", default) == Allowance(max_requests=3, max_pages=7)
    assert principals.allowance_of("b", default) == default
    assert principals.allowance_of("gone", default) == default


def test_an_empty_list_is_for_nobody_and_an_empty_file_a_mistake(tmp_path: Path) -> None:
    assert len(Principals.read(written(tmp_path, "[]"))) == 0

    with pytest.raises(TokensUnusable):
        Principals.read(written(tmp_path, ""))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: a", "the whole"),
        ("- {name: a}", "0.sha256"),
        ("- {name: a, sha256: SECRET}", "0.sha256"),
        ("- {name: a, sha256: []}", "0.sha256"),
        ("- {name: a b, sha256: HASH}", "0.name"),
        ("- {name: a, sha256: HASH, token: SECRET}", "0.token"),
        ("- {name: a, sha256: HASH, max_pages: 0}", "0.max_pages"),
        ("- {name: a, sha256: HASH}\n- {name: a, sha256: OTHER}", "a is there twice"),
        ("- {name: a, sha256: HASH}\n- {name: b, sha256: HASH}", "one hash is there twice"),
        ("- {name: a, sha256: 'SECRET}", "is no YAML"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_without_what_it_holds(
    tmp_path: Path, text: str, told: str
) -> None:
    secret = new_token()
    text = text.replace("SECRET", secret).replace("HASH", "a" * 64).replace("OTHER", "b" * 64)

    with pytest.raises(TokensUnusable) as refused:
        Principals.read(written(tmp_path, text))

    assert told in refused.value.message
    assert secret not in refused.value.message
    assert refused.value.__cause__ is None


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(TokensUnusable, match="No such file"):
        Principals.read(tmp_path / "none.yml")


def test_hashes_are_in_no_repr(tmp_path: Path) -> None:
    token = new_token()
    principals = Principals.read(written(tmp_path, entry_of("a", token)))

    shown = f"{principals!r} {principals._by_name!r}"  # what a trace's locals would show

    assert hash_of(token).hex() not in shown


def test_the_command_appends_the_entry_of_the_token_that_it_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tokens.yml"

    assert main(["token", "first", "--tokens", str(file)]) == 0
    assert main(["token", "second", "--tokens", str(file)]) == 0

    first, second = capsys.readouterr().out.split()
    principals = Principals.read(file)
    assert (principals.name_of(first), principals.name_of(second)) == ("first", "second")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first not in file.read_text() and second not in file.read_text()


def test_the_command_leaves_a_file_alone_that_would_not_be_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "tokens.yml"
    main(["token", "first", "--tokens", str(file)])
    before = file.read_bytes()
    capsys.readouterr()

    assert main(["token", "first", "--tokens", str(file)]) == 1
    assert main(["token", "no name", "--tokens", str(file)]) == 1

    assert file.read_bytes() == before
    assert capsys.readouterr().out == ""


def test_without_a_file_the_entry_is_told_beside_the_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["token", "a"]) == 0

    told = capsys.readouterr()
    assert told.err == entry_of("a", told.out.strip())
