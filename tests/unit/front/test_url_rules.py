from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inkstream_server.errors import InvalidField, UriNotAllowed
from inkstream_server.front.url_rules import UrlConfig, UrlRules

INSIDE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",  # metadata of most clouds
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "100::1",
    "3fff::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "::7f00:1",
]
PUBLIC = ["8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::200e"]


def rules(*hosts: str, **settings: object) -> UrlRules:
    return UrlRules(UrlConfig.model_validate({"hosts": hosts or ("*",), **settings}))


def is_allowed(found: UrlRules, url: str) -> bool:
    try:
        found.allowed(url)
    except UriNotAllowed:
        return False
    return True


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not rules().allows_address(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert rules().allows_address(address)


@given(address=st.ip_addresses(v=4))
def test_an_ipv4_address_is_what_it_is_however_ipv6_carries_it(address: IPv4Address) -> None:
    found = rules()

    expected = found.allows_address(str(address))

    for carrying in ("::ffff:0:0", "64:ff9b::"):
        carried = IPv6Address(int(IPv6Address(carrying)) | int(address))
        assert found.allows_address(str(carried)) is expected


@given(address=st.ip_addresses(v=6))
def test_no_ipv6_address_outside_the_global_unicast_ones_is_allowed(address: IPv6Address) -> None:
    carries_ipv4 = any(
        address in ip_network(network) for network in ("::ffff:0:0/96", "64:ff9b::/96")
    )
    if address in ip_network("2000::/3") or carries_ipv4:
        return

    assert not rules().allows_address(str(address))


def test_networks_that_an_operator_names_are_allowed_and_no_others() -> None:
    found = rules(allow_networks=["10.1.0.0/16", "fd00::/8"])

    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd12::1", "8.8.8.8"):
        assert found.allows_address(address)
    for address in ("10.2.0.1", "127.0.0.1", "::1"):
        assert not found.allows_address(address)


def test_without_hosts_no_url_is_fetched() -> None:
    with pytest.raises(UriNotAllowed, match="fetches no URL"):
        UrlRules(UrlConfig()).allowed("https://example.com/a.png")


@pytest.mark.parametrize(
    ("pattern", "url", "expected"),
    [
        ("files.example.com", "https://files.example.com/a.png", True),
        ("files.example.com", "https://FILES.example.COM/a.png", True),
        ("files.example.com", "https://files.example.com./a.png", True),
        ("files.example.com", "https://files.example.com:443/a.png", True),
        ("files.example.com", "https://files.example.com:8443/a.png", False),
        ("files.example.com:8443", "https://files.example.com:8443/a.png", True),
        ("files.example.com:8443", "https://files.example.com/a.png", False),
        ("files.example.com.", "https://files.example.com/", True),
        ("files.example.com", "https://files.example.com./", True),
        ("files.example.com.:65535", "https://files.example.com:65535/", True),
        ("*.example.com.", "https://a.example.com/", True),
        ("files.example.com", "https://example.com/", False),
        ("files.example.com", "https://a.files.example.com/", False),
        ("files.example.com", "https://files.example.com.evil.org/", False),
        ("*.example.com", "https://a.example.com/", True),
        ("*.example.com", "https://b.a.example.com/", True),
        ("*.example.com", "https://example.com/", False),
        ("*.example.com", "https://evilexample.com/", False),
        ("*", "https://anything.org/", True),
        ("*", "https://anything.org:22/", False),
        ("[2606:4700::1111]", "https://[2606:4700::1111]/", True),
        ("93.184.216.34:9000", "https://93.184.216.34:9000/x", True),
    ],
)
def test_a_host_is_allowed_by_its_pattern(pattern: str, url: str, expected: bool) -> None:
    assert is_allowed(rules(pattern), url) is expected


def test_http_is_allowed_only_where_it_is_configured() -> None:
    assert not is_allowed(rules(), "http://example.com/")
    assert is_allowed(rules(allow_http=True), "http://example.com/")
    assert is_allowed(rules(allow_http=True), "https://example.com/")


@pytest.mark.parametrize(
    "url",
    [
        "example.com/a.png",
        "//example.com/a.png",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://:443/",
        "https://example.com:99999/",
        "https://example.com:port/",
        "https://user:secret@example.com/",
        "https://user@example.com/",
        "https://example.com\\@evil.org/",
        "https://example.com/a b",
        "https://example.com/\r\nHost: evil.org",
        "https://example.com/\x00",
        "https://bücher.example/",
        "https://[::1/",
        "https://example.com/" + "x" * 9000,
    ],
)
def test_what_is_no_plain_url_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(InvalidField) as refused:
        rules(allow_http=True).allowed(url)

    assert refused.value.facts["field"] == "source.uri"
    assert "secret" not in refused.value.message + str(refused.value.facts)


@given(rest=st.text(max_size=30))
def test_whatever_is_allowed_goes_to_the_host_that_was_allowed(rest: str) -> None:
    try:
        url = rules("good.example").allowed(f"https://good.example{rest}")
    except (InvalidField, UriNotAllowed):
        return
    assert (url.scheme, (url.raw_host or "").lower().rstrip("."), url.port) == (
        "https",
        "good.example",
        443,
    )


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/elsewhere?x=1", "https://a.example.com/elsewhere?x=1"),
        ("other.png", "https://a.example.com/dir/other.png"),
        ("https://a.example.com/b", "https://a.example.com/b"),
        ("//a.example.com/b", "https://a.example.com/b"),
    ],
)
def test_a_host_may_send_on_to_itself(location: str, expected: str) -> None:
    found = rules("*.example.com")

    assert str(found.redirected(found.allowed("https://a.example.com/dir/x"), location)) == expected


@pytest.mark.parametrize(
    "location",
    [
        "https://b.example.com/",
        "//b.example.com/",
        "https://evil.org/",
        "http://a.example.com/",
        "https://a.example.com:8443/",
        "https://u:p@a.example.com/",
        "file:///etc/passwd",
        "https://a.example.com:99999/",
        "http://169.254.169.254/latest/meta-data",
        "\\\\evil.org\\x",
    ],
)
def test_a_host_may_not_send_on_elsewhere(location: str) -> None:
    found = rules("*.example.com", allow_http=True)

    with pytest.raises(UriNotAllowed):
        found.redirected(found.allowed("https://a.example.com/dir/x"), location)


@given(location=st.text(max_size=40))
def test_no_location_leads_off_the_host(location: str) -> None:
    found = rules("*")
    try:
        url = found.redirected(found.allowed("https://a.example.com/x"), location)
    except UriNotAllowed:
        return
    assert (url.scheme, url.raw_host, url.port) == ("https", "a.example.com", 443)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "https://example.com",
        "Example.com",
        "*example.com",
        "a.*.com",
        "a:b",
        "bücher.de",
        "a/b",
        "*..",
        "*.",
        ".",
        "..",
        ".a",
        "a..b",
        "a..",
        "[.]",
        "[:::]",
        "a" * 64,
        "a:0",
        "a:99999",
        ":80",
    ],
)
def test_a_pattern_that_is_none_stops_the_start(pattern: str) -> None:
    with pytest.raises(ValidationError, match="is no host"):
        UrlConfig(hosts=(pattern,))


HOSTS_THAT_CANNOT_BE = [
    "a..b",
    ".a",
    "a..",
    ".",
    "..",
    "a" * 64,
    f"a.{'b' * 64}.c",
    "a." * 127 + "a",
]


@pytest.mark.parametrize("host", HOSTS_THAT_CANNOT_BE)
def test_a_host_that_cannot_be_is_no_url(host: str) -> None:
    with pytest.raises(InvalidField):
        rules().allowed(f"https://{host}/a.png")


@pytest.mark.parametrize("host", HOSTS_THAT_CANNOT_BE)
def test_nobody_is_sent_on_to_a_host_that_cannot_be(host: str) -> None:
    found = rules()

    with pytest.raises(UriNotAllowed):
        found.redirected(found.allowed("https://a/"), f"https://{host}/a.png")


@pytest.mark.parametrize("host", ["a" * 63, "a.b.", "[2606:4700::1111]", "1.2.3.4"])
def test_a_host_that_can_be_is_one(host: str) -> None:
    assert is_allowed(rules(), f"https://{host}/a.png")


def test_a_scheme_may_be_written_in_capitals() -> None:
    assert is_allowed(rules(), "HTTPS://files.example.com/A.png")
    assert not is_allowed(rules(), "HTTP://files.example.com/A.png")
