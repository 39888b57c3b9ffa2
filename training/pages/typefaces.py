"""Which of the machine's fonts can draw a language, by families so that no large one prevails."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from functools import cache, lru_cache
from pathlib import Path
from random import Random
from typing import Final

from PIL import ImageFont

_FONTCONFIG_NAMES: Final = {"zh_CN": "zh-cn", "zh_TW": "zh-tw", "pt_BR": "pt-br"}
_SHAPED: Final = frozenset({"ar", "fa", "he", "hi", "bn", "ta", "te", "kn", "th"})
"""Languages whose letters change or change places beside each other: the slower layout."""

_NO_LETTERS: Final = ("Symbol", "Emoji", "Math", "Dingbats", "D050000L", "Music", "LastResort")
_SUFFIXES: Final = frozenset({".ttf", ".otf", ".ttc"})
_MONOSPACED: Final = ("Mono", "Inconsolata")


@lru_cache(maxsize=400)
def font(path: Path, size_px: int, language: str) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if language in _SHAPED else ImageFont.Layout.BASIC
    return ImageFont.truetype(str(path), size_px, layout_engine=engine)


def choose(rng: Random, language: str, *, monospaced: bool = False) -> Path:
    """Any font of any family that has the language's letters."""
    families = _families(language)
    chosen = [name for name in families if monospaced and any(m in name for m in _MONOSPACED)]
    return rng.choice(families[rng.choice(chosen or list(families))])


@cache
def plain() -> Path:
    """One for figures and signs, which not every script's font has."""
    return next(path for path in _families("en")["DejaVuSans"] if path.stem == "DejaVuSans")


@cache
def _families(language: str) -> dict[str, list[Path]]:
    name = _FONTCONFIG_NAMES.get(language, language)
    listing = subprocess.run(
        ["fc-list", f":lang={name}", "file"], check=True, capture_output=True, text=True
    )
    families: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(Path(line.partition(":")[0]) for line in listing.stdout.splitlines()):
        is_of_letters = not any(word in path.stem for word in _NO_LETTERS)
        if is_of_letters and path.suffix.lower() in _SUFFIXES:
            families[path.stem.partition("-")[0]].append(path)
    if not families:
        raise LookupError(f"no font here draws {language}; the packages are in training/README.md")
    return dict(families)
