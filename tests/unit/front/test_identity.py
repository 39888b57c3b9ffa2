from __future__ import annotations

from pathlib import Path

import pytest

from inkstream_server.errors import CertificateMissing, TokenMissing
from inkstream_server.front.certificate_names import names_in_certificate, names_in_context
from inkstream_server.front.identity import Doorkeeper, called_by, caller_name
from inkstream_server.front.tokens import Principals, entry_of, new_token
from inkstream_server.scheduling.accounts import Allowance

DEFAULT = Allowance(max_pages=5)
# What gRPC and ssl tell of one certificate.
CONTEXT = {
    "x509_common_name": [b"scanner"],
    "peer_dns": [b"a.test", b"b.test"],
    "peer_uri": [b"spiffe://x/y"],
    "peer_email": [b"a@b.test"],
}
CERTIFICATE = {
    "subject": ((("countryName", "DE"),), (("commonName", "scanner"),)),
    "subjectAltName": (
        ("DNS", "a.test"), ("email", "a@b.test"), ("DNS", "b.test"), ("URI", "spiffe://x/y"),
    ),
}  # fmt: skip


def doorkeeper(principals: Principals | None = None, *, asks: bool = False) -> Doorkeeper:
    return Doorkeeper(principals, DEFAULT, asks_for_certificate=asks)


def of_token(folder: Path, token: str) -> Doorkeeper:
    file = folder / "tokens.yml"
    file.write_text(entry_of("a", token) + "  max_pages: 7\n", encoding="utf-8")
    return doorkeeper(Principals.read(file))


def test_where_nothing_is_asked_for_everybody_is_nobody_and_has_no_limit() -> None:
    keeper = doorkeeper()

    assert keeper.is_open
    assert keeper.by_token(["Bearer x"]) == keeper.by_certificate(["cn:x"]) == ""
    assert keeper.allowance_of("ipv4:1.2.3.4:5") == Allowance()


def test_a_token_names_its_principal_and_brings_its_allowance(tmp_path: Path) -> None:
    token = new_token()
    keeper = of_token(tmp_path, token)

    assert keeper.by_token([f"BEARER {token}"]) == "token:a"
    assert keeper.allowance_of("token:a") == Allowance(max_pages=7)
    assert keeper.allowance_of("token:gone") == DEFAULT


@pytest.mark.parametrize("sent", [[], [""], ["Bearer"], ["Bearer  "], ["Basic x"], ["x"]])
def test_what_is_no_bearer_token_is_a_missing_one(tmp_path: Path, sent: list[str]) -> None:
    with pytest.raises(TokenMissing):
        of_token(tmp_path, new_token()).by_token(sent)


def test_both_transports_tell_the_names_of_a_certificate_alike() -> None:
    names = ["uri:spiffe://x/y", "dns:a.test", "dns:b.test", "cn:scanner"]

    assert names_in_context(CONTEXT) == names_in_certificate(CERTIFICATE) == names
    assert names_in_certificate(None) == names_in_certificate({}) == []


def test_the_first_name_of_a_certificate_is_its_principal_with_the_default_allowance() -> None:
    keeper = doorkeeper(asks=True)

    name = keeper.by_certificate(names_in_context(CONTEXT))

    assert name == "certificate:uri:spiffe://x/y"
    assert keeper.allowance_of(name) == DEFAULT


def test_no_certificate_or_none_with_a_name_is_a_missing_one() -> None:
    for names in ([], [""], ["cn:" + "x" * 300]):
        with pytest.raises(CertificateMissing):
            doorkeeper(asks=True).by_certificate(names)


def test_a_name_forges_no_line_of_a_log() -> None:
    name = doorkeeper(asks=True).by_certificate(["cn:a\nmethod=Recognize reason=OK"])

    assert "\n" not in name and " " not in name


def test_a_call_is_by_its_principal_and_elsewhere_by_its_connection() -> None:
    with called_by("token:a"):
        assert caller_name("ipv4:1.2.3.4:5") == "token:a"

    assert caller_name("ipv4:1.2.3.4:5") == "ipv4:1.2.3.4:5"
