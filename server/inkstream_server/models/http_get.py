"""Opens one HTTP GET. Proxies and certificates are this machine's; what comes is not judged.

urllib takes http_proxy, https_proxy and no_proxy from the environment, and the certificates that
OpenSSL takes (SSL_CERT_FILE): docs/decisions/031.
"""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from typing import IO, Final, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from inkstream_server.errors import PullFailed
from inkstream_server.models.http_deadline import handler

_SCHEMES: Final = ("http", "https")


@dataclass(frozen=True, slots=True)
class Address:
    """Where files lie: `url` may be shown and kept, `authorization` may not."""

    url: str
    authorization: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """PullFailed for what is no HTTP address; a name and password may stand before the host."""
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise PullFailed(f"the base address is malformed: {error}") from error
        if parts.scheme not in _SCHEMES or not host or parts.query or parts.fragment:
            shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
            raise PullFailed(
                f"{shown!r} is no base address of models; it begins with https:// or http:// and "
                "has no ? or #. What lies on this machine is pulled with --from"
            )
        user, _, host_port = parts.netloc.rpartition("@")
        return cls(urlunsplit(parts._replace(netloc=host_port)).rstrip("/"), _basic(user))

    def file(self, name: str) -> Self:
        return type(self)(f"{self.url}/{quote(name)}", self.authorization)


def get(
    address: Address, headers: Mapping[str, str], *, timeout_s: float, until: float
) -> closing[HTTPResponse]:
    """The answer, whatever its status is, after redirects. OSError when there is none.

    `timeout_s` bounds each wait: for the connection, for the answer, for the next bytes of it. By
    `until` (of time.monotonic) the whole answer, its head too, must have come.
    """
    request = urllib.request.Request(address.url, headers=dict(headers))
    request.add_header("User-Agent", "inkstream")
    if address.authorization:
        # Unlike other headers it does not follow a redirect to another server.
        request.add_unredirected_header("Authorization", address.authorization)
    opener = urllib.request.build_opener(_Redirects, handler(until))
    try:
        response: HTTPResponse = opener.open(request, timeout=timeout_s)
    except urllib.error.HTTPError as error:
        response = error  # type: ignore[assignment]  # an answer too, with the same methods
    return closing(response)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Neither from TLS to none, nor to anything but HTTP."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in _SCHEMES or (req.type == "https" and scheme != "https"):
            fp.close()
            raise PullFailed(f"{req.full_url} redirects to {newurl}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _basic(user: str) -> str:
    if not user:
        return ""
    return "Basic " + base64.b64encode(unquote(user).encode()).decode()
