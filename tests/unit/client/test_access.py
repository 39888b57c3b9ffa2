from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from inkstream import Client, Tls, create_pipeline
from inkstream.access import PLAIN, Access, is_on_this_machine
from inkstream.connection import Connection
from inkstream_server.cli.connecting import AccessMisused, access_from, add_access_options

TOKEN = "ink_secret"


@pytest.mark.parametrize(
    "target",
    [
        "localhost:50051", "127.0.0.1:1", "127.9.9.9", "[::1]:50051", "::1", "unix:/run/x.sock",
        "unix-abstract:x", "dns:///localhost:1", "ipv4:127.0.0.1:1,127.0.0.2:1", "ipv6:[::1]:1",
    ],
)  # fmt: skip
def test_what_is_on_this_machine_is_known(target: str) -> None:
    assert is_on_this_machine(target)


@pytest.mark.parametrize(
    "target",
    [
        "ocr.test:50051", "10.0.0.1:50051", "localhost.evil.test:1", "127.0.0.1.evil.test:1",
        "dns:///ocr.test:1", "dns://127.0.0.1/ocr.test:1", "ipv4:127.0.0.1:1,10.0.0.1:1",
        "[2001:db8::1]:1", "xds:///localhost", "0.0.0.0:1", "",
    ],
)  # fmt: skip
def test_all_else_may_be_another_machine(target: str) -> None:
    assert not is_on_this_machine(target)


def test_a_token_goes_to_no_other_machine_in_plain_text_unless_allowed() -> None:
    with pytest.raises(ValueError, match="plain text") as refused:
        Client("ocr.test:50051", token=TOKEN)

    assert TOKEN not in str(refused.value)
    Client("ocr.test:50051", token=TOKEN, allow_plaintext_token=True).close()
    Client("ocr.test:50051", token=TOKEN, tls=True).close()
    Client("localhost:50051", token=TOKEN).close()


def test_a_pipeline_keeps_to_the_same_rule() -> None:
    with pytest.raises(ValueError, match="plain text"):
        create_pipeline("OCR", server="ocr.test:50051", token=TOKEN)


@pytest.mark.parametrize("token", ["two words", "line\n", "\x7f", "ü"])
def test_what_cannot_be_a_token_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ValueError, match="no token has") as refused:
        Access(token=token).metadata("localhost:1", is_secure=True)

    assert token not in str(refused.value)


def test_a_token_is_in_no_repr() -> None:
    access = Access(token=TOKEN)
    connection = Connection("localhost:1", None, None, (), 1, 1).with_access(access)

    assert dict(connection.metadata) == {"authorization": f"Bearer {TOKEN}"}
    assert TOKEN not in f"{access!r} {connection!r}"


def test_credentials_and_tls_are_not_given_both() -> None:
    with pytest.raises(ValueError, match="one of them"):
        Client("localhost:1", tls=True, credentials=Tls().credentials())


def test_half_a_certificate_is_refused_and_a_file_that_is_not_there_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="go together"):
        Client("localhost:1", tls=Tls(certificate=tmp_path / "own.pem"))
    with pytest.raises(FileNotFoundError):
        Client("localhost:1", tls=Tls(ca=tmp_path / "none.pem"))


def flags(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_access_options(parser)
    return parser.parse_args(given)


def test_flags_become_access(tmp_path: Path) -> None:
    token, ca = tmp_path / "token", tmp_path / "ca.pem"
    token.write_text(f"{TOKEN}\n")
    ca.write_text("")

    assert access_from(flags(), "ocr.test:1") == PLAIN
    assert access_from(flags("--tls"), "ocr.test:1") == Access(tls=True)
    assert access_from(
        flags("--tls-ca", str(ca), "--token-file", str(token)), "ocr.test:1"
    ) == Access(tls=Tls(ca=ca), token=TOKEN)
    assert access_from(
        flags("--plaintext-token", "--token-file", str(token)), "ocr.test:1"
    ) == Access(token=TOKEN, allow_plaintext_token=True)


def test_flags_that_would_give_the_token_away_or_name_none_are_refused(tmp_path: Path) -> None:
    token, empty = tmp_path / "token", tmp_path / "empty"
    token.write_text(TOKEN)
    empty.write_text("\n")

    for given in (
        ("--token-file", str(token)),
        ("--token-file", str(empty), "--tls"),
        ("--tls-certificate", str(token)),
    ):
        with pytest.raises(AccessMisused) as refused:
            access_from(flags(*given), "ocr.test:1")
        assert TOKEN not in refused.value.message
