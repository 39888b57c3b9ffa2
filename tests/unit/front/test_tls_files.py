from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.certificates import Authority, Pair, encrypted

from inkstream_server.front.tls_files import (
    TlsCertificateExpired,
    TlsConfig,
    TlsFileInvalid,
    TlsFilesMismatched,
    TlsFileUnreadable,
    read_tls,
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.new(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def pair(authority: Authority) -> Pair:
    return authority.issue("server")


def config(pair: Pair, client_ca: Path | None = None) -> TlsConfig:
    return TlsConfig(certificate=pair.certificate, key=pair.key, client_ca=client_ca)


def test_a_certificate_and_its_key_are_taken_with_the_time_of_their_end(pair: Pair) -> None:
    material = read_tls(config(pair))

    assert 0 < material.expires_at - time.time() <= 86400
    assert material.context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert material.context.verify_mode is ssl.CERT_NONE


def test_with_authorities_clients_are_asked_for_certificates(
    authority: Authority, pair: Pair
) -> None:
    material = read_tls(config(pair, authority.certificate))

    assert material.context.verify_mode is ssl.CERT_OPTIONAL
    assert material.client_ca == authority.certificate.read_bytes()


def test_a_key_is_in_no_repr(pair: Pair) -> None:
    assert "PRIVATE" not in repr(read_tls(config(pair)))


def test_a_file_that_is_not_there_is_unreadable(pair: Pair, tmp_path: Path) -> None:
    for missing in (
        Pair(tmp_path / "none.pem", pair.key),
        Pair(pair.certificate, tmp_path / "none.key"),
    ):
        with pytest.raises(TlsFileUnreadable, match=r"none.*No such file"):
            read_tls(config(missing))
    with pytest.raises(TlsFileUnreadable):
        read_tls(config(pair, tmp_path / "none.pem"))


def test_another_ones_key_is_mismatched(authority: Authority, pair: Pair) -> None:
    with pytest.raises(TlsFilesMismatched):
        read_tls(config(Pair(pair.certificate, authority.key)))


def test_a_certificate_that_has_expired_is_told_so(authority: Authority) -> None:
    with pytest.raises(TlsCertificateExpired, match="expired"):
        read_tls(config(authority.issue("old", days=-1)))


def test_files_that_hold_something_else_are_invalid(pair: Pair, tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_bytes(b"\xff\x00 no PEM")
    damaged = tmp_path / "damaged.pem"
    damaged.write_bytes(pair.certificate.read_bytes().replace(b"M", b"N"))

    for wrong in (
        Pair(rubbish, pair.key),
        Pair(damaged, pair.key),
        Pair(pair.key, pair.key),
        Pair(pair.certificate, rubbish),
        Pair(pair.certificate, pair.certificate),
    ):
        with pytest.raises(TlsFileInvalid):
            read_tls(config(wrong))
    for authorities in (rubbish, damaged, pair.key):
        with pytest.raises(TlsFileInvalid):
            read_tls(config(pair, authorities))


def test_an_encrypted_key_is_refused_and_nobody_asked(pair: Pair) -> None:
    with pytest.raises(TlsFileInvalid, match="is encrypted"):
        read_tls(config(Pair(pair.certificate, encrypted(pair.key))))


def test_half_a_configuration_is_none(pair: Pair) -> None:
    for members in (
        {"certificate": pair.certificate},
        {"key": pair.key},
        {"client_ca": pair.certificate},
    ):
        with pytest.raises(ValidationError):
            TlsConfig(**members)
