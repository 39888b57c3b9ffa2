"""Serves the page to look at: files that come with the package, told apart by what they hold.

All but the document itself lie under a name made of the content of all of them, so that they may
be kept for ever, and always fit together.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from aiohttp import web

_FOLDER: Final = "viewer"
_DOCUMENT: Final = "index.html"
# Where the document's references to the other files begin.
_PLACE: Final = b'"viewer/'
_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN: Final = {"Cache-Control": "no-cache"}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str


class ViewerFiles:
    """The files, read once."""

    def __init__(self) -> None:
        self._files = {each.name: _read(each) for each in _shipped()}
        self.digest = _digest(self._files)
        document = self._files.pop(_DOCUMENT)
        place = f'"viewer/{self.digest}/'.encode()
        self._document = _File(document.content.replace(_PLACE, place), document.media_type)

    @property
    def paths(self) -> frozenset[str]:
        """All that may be asked for. It holds no secret: it is what every installation has."""
        return frozenset({"/", "/live", *(f"/viewer/{self.digest}/{name}" for name in self._files)})

    def routes(self) -> list[web.RouteDef]:
        """HEAD is answered as GET is. The document shows either view, as its path says."""
        return [
            web.get("/", self._get_document),
            web.get("/live", self._get_document),
            web.get("/viewer/{digest}/{name}", self._get_file),
        ]

    async def _get_document(self, request: web.Request) -> web.Response:
        if request.if_none_match and self.digest in {tag.value for tag in request.if_none_match}:
            answer = web.Response(status=web.HTTPNotModified.status_code)
        else:
            answer = _answer(self._document)
        answer.etag = self.digest
        answer.headers.update({**_HEADERS, **_ASK_AGAIN})
        return answer

    async def _get_file(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["name"])
        if file is None or request.match_info["digest"] != self.digest:
            raise web.HTTPNotFound
        answer = _answer(file)
        answer.headers.update({**_HEADERS, **_FOR_EVER})
        return answer


def _shipped() -> list[Traversable]:
    return sorted(files("inkstream_server").joinpath(_FOLDER).iterdir(), key=lambda each: each.name)


def _read(file: Traversable) -> _File:
    return _File(file.read_bytes(), _TYPES[file.name.rpartition(".")[2]])


def _digest(contents: dict[str, _File]) -> str:
    told = hashlib.sha256()
    for name, file in contents.items():
        told.update(f"{name} {len(file.content)} ".encode() + file.content)
    return told.hexdigest()[:16]


def _answer(file: _File) -> web.Response:
    return web.Response(body=file.content, headers={"Content-Type": file.media_type})
