"""Tells what the text of a request's `file` is: Base64, decoded as it comes, or a URL.

What is fetched, and what the bytes are, is decided elsewhere.
"""

from __future__ import annotations

import binascii
from typing import Final

from inkstream_server.errors import InvalidField
from inkstream_server.front.json_file import MEMBER

MAX_URL_LENGTH: Final = 8192

_ALLOWED: Final = "Base64 (RFC 4648, section 4) of a file, or an http(s) URL"
_URL_STARTS: Final = (b"http://", b"https://")
_HEAD_BYTES: Final = max(map(len, _URL_STARTS))
_SPACE: Final = b" \t\r\n"
_QUANTUM: Final = 4
_PADDING: Final = b"="


class FileText:
    """One file's text."""

    def __init__(self) -> None:
        self._url: bytearray | None = None
        self._head: bytes | None = b""  # until it is known what this is
        self._left = b""
        self._is_over = False

    @property
    def url(self) -> str | None:
        """The whole of it, where it is one. Raises InvalidField."""
        if self._url is None:
            return None
        try:
            return self._url.decode("ascii")
        except UnicodeDecodeError:
            raise _refused("a URL with characters other than ASCII") from None

    def feed(self, text: bytes) -> bytes:
        """What the next part of the text stands for; nothing where it is a URL.

        Raises InvalidField.
        """
        if self._head is not None:
            text = self._head + text
            if len(text) < _HEAD_BYTES:
                self._head = text
                return b""
            self._head = None
            if text[:_HEAD_BYTES].lower().startswith(_URL_STARTS):
                self._url = bytearray()
        return self._decoded(text) if self._url is None else self._kept(text)

    def end(self) -> bytes:
        """What is left when nothing more comes. Raises InvalidField."""
        content = b"" if self._head is None else self._decoded(self._head)
        self._head = None
        if self._left:
            raise _refused("text that is cut off")
        return content

    def _kept(self, text: bytes) -> bytes:
        assert self._url is not None
        self._url += text
        if len(self._url) > MAX_URL_LENGTH:
            raise _refused(f"a URL of more than {MAX_URL_LENGTH} characters")
        return b""

    def _decoded(self, text: bytes) -> bytes:
        text = self._left + text.translate(None, delete=_SPACE)
        if self._is_over and text:
            raise _refused("text with more behind its padding")
        whole = len(text) // _QUANTUM * _QUANTUM
        self._left = text[whole:]
        self._is_over = self._is_over or text.endswith(_PADDING, 0, whole)
        try:
            return binascii.a2b_base64(text[:whole], strict_mode=True)
        except binascii.Error as error:
            raise _refused(f"text that is none ({error})") from None


def _refused(what: str) -> InvalidField:
    return InvalidField(
        f"{MEMBER} holds {what}; allowed: {_ALLOWED}", field=MEMBER, value=what, allowed=_ALLOWED
    )
