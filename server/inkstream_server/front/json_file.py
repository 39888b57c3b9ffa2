"""Takes the text of `file` out of a JSON body while it comes in; what the text means is not known.

A body is as large as its document. Parsed as a whole it would be held three times over, and the
event loop would stand still meanwhile.
"""

from __future__ import annotations

import json
import re
from enum import Enum, auto
from typing import Final

from inkstream_server.errors import ContentTooLarge, InvalidField

MEMBER: Final = "file"
MAX_REST_BYTES: Final = 64 << 10
"""What all but the text of `file` may have: a few numbers and words."""

_QUOTED_MEMBER: Final = f'"{MEMBER}"'.encode()
_STRUCTURE: Final = re.compile(rb'["{}\[\],:]')
_IN_STRING: Final = re.compile(rb'["\\]')
_OPEN_ESCAPE: Final = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_LONGEST_OPEN_ESCAPE: Final = len(rb"\u000")
# Bytes that are no text: a character may be cut in two.
_AS_THEY_ARE: Final = "surrogateescape"
_OPENING: Final = b"{["
_CLOSING: Final = b"}]"


class _State(Enum):
    STRUCTURE = auto()
    STRING = auto()
    ESCAPE = auto()  # the character behind a backslash
    FILE = auto()


class JsonFile:
    """One body. It need not be JSON: what is wrong with it shows where `rest` is parsed."""

    def __init__(self) -> None:
        self.was_found = False
        self._rest = bytearray()
        self._state = _State.STRUCTURE
        self._depth = 0
        self._string_at = 0
        self._is_value = False
        self._last_key = b""
        self._open_escape = b""

    @property
    def rest(self) -> bytes:
        """The body as it came, its `file` an empty text."""
        return bytes(self._rest)

    def feed(self, chunk: bytes) -> bytes:
        """What of the chunk is the text of `file`, its escapes resolved.

        Raises InvalidField for a second `file`, and ContentTooLarge where the rest grows too large.
        """
        texts: list[bytes] = []
        at = 0
        while at < len(chunk):
            if self._state is _State.FILE:
                text, at = self._file_text(chunk, at)
                texts.append(text)
            else:
                at = self._keep(chunk, at)
        return b"".join(texts)

    def _keep(self, chunk: bytes, at: int) -> int:
        """Keep what follows, up to where something new begins; where that is."""
        pattern = _STRUCTURE if self._state is _State.STRUCTURE else _IN_STRING
        if self._state is _State.ESCAPE:
            found, end = None, at + 1
            self._state = _State.STRING
        else:
            found = pattern.search(chunk, at)
            end = len(chunk) if found is None else found.end()
        self._rest += chunk[at:end]
        if len(self._rest) > MAX_REST_BYTES:
            raise ContentTooLarge(
                f"what the request has beside its file is over {MAX_REST_BYTES} bytes",
                max_bytes=MAX_REST_BYTES,
            )
        if found is not None:
            self._turn(found[0])
        return end

    def _turn(self, mark: bytes) -> None:
        if self._state is _State.STRING:
            if mark == b"\\":
                self._state = _State.ESCAPE
            else:
                self._end_string()
        elif mark == b'"':
            self._begin_string()
        elif mark == b":":
            self._is_value = True
        else:
            self._is_value = False
            self._depth += (mark in _OPENING) - (mark in _CLOSING)

    def _begin_string(self) -> None:
        if self._depth == 1 and self._is_value and self._last_key == _QUOTED_MEMBER:
            if self.was_found:
                raise InvalidField.of(MEMBER, "there twice", "one file a request")
            self.was_found = True
            self._state = _State.FILE
        else:
            self._string_at = len(self._rest) - 1
            self._state = _State.STRING

    def _end_string(self) -> None:
        self._state = _State.STRUCTURE
        if not self._is_value:
            self._last_key = bytes(self._rest[self._string_at :])

    def _file_text(self, chunk: bytes, at: int) -> tuple[bytes, int]:
        """The text of `file` from here on, and where it ends.

        No file holds a quote: a text with an escaped one ends there, and its backslash stays in it.
        """
        quote_at = chunk.find(b'"', at)
        end = len(chunk) if quote_at < 0 else quote_at
        text = self._open_escape + chunk[at:end]
        self._open_escape = b""
        if quote_at >= 0:
            self._state = _State.STRUCTURE
            self._rest += b'"'
            end += 1
        elif open_escape := _OPEN_ESCAPE.search(text, max(0, len(text) - _LONGEST_OPEN_ESCAPE)):
            self._open_escape = open_escape[0]
            text = text[: open_escape.start()]
        return _resolved(text), end


def _resolved(text: bytes) -> bytes:
    """The text with its escapes resolved; as it is where they cannot be, as no file's text is.

    All at once: there may be one every two bytes, and to search for each takes up to 45 times as
    long.
    """
    if b"\\" not in text:
        return text
    try:
        resolved = json.loads(f'"{text.decode("utf-8", _AS_THEY_ARE)}"', strict=False)
        assert isinstance(resolved, str), "it stood in quotes"
        return resolved.encode("utf-8", _AS_THEY_ARE)
    except ValueError:
        return text
