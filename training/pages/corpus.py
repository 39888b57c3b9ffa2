"""Sentences of many scripts to draw, out of the machine's manual pages and message catalogues.

None of them is shipped or kept: Debian's packages bring them, and a drawn page shows a few.
"""

from __future__ import annotations

import gettext
import gzip
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

MANUALS: Final = Path("/usr/share/man")
MESSAGES: Final = Path("/usr/share/locale")
SENTENCES_PER_LANGUAGE: Final = 4000

LANGUAGES: Final = {
    **{"en": 24.0, "zh_CN": 22.0, "ja": 6.0, "ko": 5.0, "zh_TW": 3.0},
    **{"de": 3.0, "fr": 3.0, "es": 3.0, "it": 2.0, "pt_BR": 2.0, "pl": 2.0, "cs": 2.0, "vi": 2.0},
    **{"tr": 2.0, "ru": 4.0, "el": 2.0, "ar": 3.0, "fa": 1.0, "he": 1.5, "hi": 2.0, "bn": 1.0},
    **{"ta": 1.0, "te": 1.0, "kn": 0.7, "th": 2.0, "ka": 0.5, "hy": 0.3},
}
"""How often each is drawn, in parts of about a hundred."""

UNSPACED: Final = frozenset({"zh_CN", "zh_TW", "ja", "th"})
RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he"})

_ROFF: Final = re.compile(r"\\f[BIRP]|\\\(..|\\&|\\\*\[[^]]*\]|\\[|^c/]")
_MARKUP: Final = re.compile(r"<[^>]*>|%[-\d.]*[a-zA-Z]|[_\t]|\\.")


@cache
def sentences(language: str) -> tuple[str, ...]:
    """The same ones, in the same order, on machines with the same packages."""
    found = list(dict.fromkeys(_all_sentences(language)))
    step = max(1, len(found) // SENTENCES_PER_LANGUAGE)
    return tuple(found[::step][:SENTENCES_PER_LANGUAGE])


def _all_sentences(language: str) -> Iterator[str]:
    for text in [*_manual_lines(language), *_messages(language)]:
        cleaned = " ".join(_MARKUP.sub(" ", text).split())
        if (len(cleaned) >= 2 and not cleaned.isascii()) or (language == "en" and len(cleaned) > 8):
            yield cleaned


def _manual_lines(language: str) -> Iterator[str]:
    root = MANUALS if language == "en" else MANUALS / language
    for section in ("man1", "man5", "man7", "man8"):
        for path in sorted((root / section).glob("*.gz"))[:250]:
            text = gzip.decompress(path.read_bytes()).decode("utf-8", "ignore")
            for line in text.splitlines():
                if len(line) > 20 and not line.startswith((".", "'")):
                    yield _ROFF.sub("", line)


def _messages(language: str) -> Iterator[str]:
    for path in sorted((MESSAGES / language / "LC_MESSAGES").glob("*.mo")):
        with path.open("rb") as file:
            try:
                catalogue = gettext.GNUTranslations(file)
            except (OSError, UnicodeDecodeError):  # one in an encoding of old
                continue
        messages: dict[object, str] = catalogue._catalog  # type: ignore[attr-defined]  # no other way to all of them
        yield from (text for text in messages.values() if "Project-Id" not in text)
