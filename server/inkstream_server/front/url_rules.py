"""Decides which URLs may be fetched, and from which addresses. Pure: nothing is resolved here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Annotated, Final, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, Field
from yarl import URL

from inkstream_server.errors import InvalidField, UriNotAllowed

Network: TypeAlias = IPv4Network | IPv6Network

_MEBIBYTE: Final = 1 << 20
_FIELD: Final = "source.uri"
_MAX_LENGTH: Final = 8192
# RFC 3986, all of its characters and no others: what two readers take for different hosts.
_URL: Final = re.compile(r"(?i:https?)://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_LABEL: Final = r"[a-z0-9_-]{1,63}"
_PATTERN: Final = re.compile(
    rf"(\*|(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9a-f:.]+\])(?::([0-9]{{1,5}}))?"
)
_LAST_PORT: Final = 65535
# RFC 1035: what a name server can be asked.
_MAX_LABEL_LENGTH: Final = 63
_MAX_NAME_LENGTH: Final = 253
_PORTS: Final = {"https": 443, "http": 80}
# An IPv4 address written as one of IPv6, by which it is reached: mapped, or through a NAT64.
_CARRYING_IPV4: Final = (ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96"))
# What the IANA's registries of special-purpose addresses hold that is not public, and multicast.
# Python's own tables differ by its version.
_NEVER_PUBLIC_IPV4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
            "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
            "168.63.129.16/32",  # public by its number, and the inside of a cloud all the same
        ),
    )
)  # fmt: skip
_PUBLIC_IPV6: Final = ip_network("2000::/3")
_NEVER_PUBLIC_IPV6: Final = tuple(
    map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)


@dataclass(frozen=True, slots=True)
class HostRule:
    """A host, or all below one, at one port; `port` None: at the scheme's own."""

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError."""
        match = _PATTERN.fullmatch(text)
        if match is None or not _can_be(match[1], match[2]):
            raise ValueError(
                f"{text!r} is no host; allowed: a name in ASCII and small letters, such as "
                "files.example.com, *.example.com or files.example.com:8443, or * for any; ports "
                "are 1 to 65535"
            )
        return cls(
            match[1].strip("[]").removesuffix("."), None if match[2] is None else int(match[2])
        )

    def allows(self, host: str, port: int, scheme: str) -> bool:
        if port != (_PORTS[scheme] if self.port is None else self.port):
            return False
        if self.host.startswith("*."):
            return host.endswith(self.host[1:])
        return self.host in ("*", host)


def _can_be(host: str, port: str | None) -> bool:
    """Whether there may be such a port, and such an address where it is one of IPv6."""
    if port is not None and not 1 <= int(port) <= _LAST_PORT:
        return False
    try:
        return not host.startswith("[") or bool(IPv6Address(host.strip("[]")))
    except ValueError:
        return False


def _checked_pattern(text: str) -> str:
    HostRule.parse(text)
    return text


class UrlConfig(BaseModel, frozen=True, extra="forbid"):
    """Which URLs the server fetches, and what that may take."""

    # Hosts, such as files.example.com, *.example.com, files.example.com:8443; * is any. Empty: none
    # is.
    hosts: tuple[Annotated[str, AfterValidator(_checked_pattern)], ...] = ()
    # Whether http will do, which anybody on the way may read and change.
    allow_http: bool = False
    # Networks that are fetched from though their addresses are not public, such as 10.1.0.0/16.
    allow_networks: tuple[Network, ...] = ()
    # Of one of them.
    max_bytes: int = Field(default=64 * _MEBIBYTE, ge=1)
    # How often a host may send on to another of its own URLs.
    max_redirects: int = Field(default=3, ge=0, le=20)
    # What is fetched at once.
    max_fetches: int = Field(default=32, ge=1, le=10_000)
    # Seconds to connect.
    connect_s: float = Field(default=5.0, gt=0.0)
    # Seconds for which nothing may come.
    idle_s: float = Field(default=10.0, gt=0.0)
    # Seconds for all of it.
    total_s: float = Field(default=60.0, gt=0.0)


class UrlRules:
    """What one configuration allows."""

    def __init__(self, config: UrlConfig) -> None:
        self._hosts = [HostRule.parse(text) for text in config.hosts]
        self._schemes = ("https", "http") if config.allow_http else ("https",)
        self._networks = config.allow_networks

    def allowed(self, text: str) -> URL:
        """The URL that a request names. Raises InvalidField or UriNotAllowed."""
        if not self._hosts:
            raise UriNotAllowed("this server fetches no URL; send the file's bytes instead")
        url = _parsed(text)
        self._check(url)
        return url

    def redirected(self, url: URL, location: str) -> URL:
        """Where a host sends on to. Raises UriNotAllowed where that is not on itself."""
        try:
            target = url.join(URL(location, encoded=True))
            target = _parsed(str(target))
        except (ValueError, InvalidField):
            raise UriNotAllowed(f"{_host(url)} sends on to what is no URL") from None
        if _host(target) != _host(url) or (url.scheme, target.scheme) == ("https", "http"):
            raise UriNotAllowed(f"{_host(url)} sends on to another host, or to http")
        self._check(target)
        return target

    def allows_address(self, text: str) -> bool:
        """Whether that very address may be connected to, whatever name led to it."""
        address = _reached(ip_address(text))
        return _is_public(address) or _is_in(address, self._networks)

    def _check(self, url: URL) -> None:
        host, port = _host(url), url.port or 0
        if url.scheme not in self._schemes:
            raise UriNotAllowed(f"no URL is fetched by {url.scheme}; use {self._schemes[0]}")
        if not any(rule.allows(host, port, url.scheme) for rule in self._hosts):
            raise UriNotAllowed(f"no URL of {host}:{port} is fetched here", host=host, port=port)


def _parsed(text: str) -> URL:
    if len(text) > _MAX_LENGTH or not _URL.fullmatch(text):
        raise _invalid(f"an absolute http(s) URL of at most {_MAX_LENGTH} characters of RFC 3986")
    try:
        url = URL(text, encoded=True).with_fragment(None)
        is_complete = _can_be_looked_up(_host(url)) and url.port is not None
    except ValueError:
        is_complete = False
    if not is_complete:
        raise _invalid("a URL with a host")
    if url.raw_user is not None or url.raw_password is not None:
        raise _invalid("a URL without credentials")
    return url


def _host(url: URL) -> str:
    return (url.raw_host or "").lower().removesuffix(".")


def _can_be_looked_up(host: str) -> bool:
    labels = host.split(".")
    return len(host) <= _MAX_NAME_LENGTH and all(
        1 <= len(label) <= _MAX_LABEL_LENGTH for label in labels
    )


def _invalid(allowed: str) -> InvalidField:
    """The URL is not told: what is secret in it would be in logs."""
    return InvalidField(f"{_FIELD} must be {allowed}", field=_FIELD, allowed=allowed)


def _reached(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv6Address) and _is_in(address, _CARRYING_IPV4):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not _is_in(address, _NEVER_PUBLIC_IPV4)
    return address in _PUBLIC_IPV6 and not _is_in(address, _NEVER_PUBLIC_IPV6)


def _is_in(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
