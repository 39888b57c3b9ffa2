"""The file of bearer tokens: whom it names, what each may have, and whose a token is.

The file holds SHA-256 hashes. A token is 32 random bytes, which nobody can try out: a slow hash, as
passwords need, would protect no better, and cost a call milliseconds. When the file is read is not
decided here.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from inkstream_server.bounded_yaml import BadYaml, read_yaml
from inkstream_server.errors import Fault, OcrError, TokenWrong
from inkstream_server.scheduling.accounts import Allowance

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"

_PREFIX: Final = "ink_"  # so that scanners of repositories and logs can find one that was leaked
_SECRET_BYTES: Final = 32
_MAX_PRINCIPALS: Final = 1024


class TokensUnusable(OcrError):
    """The file of tokens cannot be read, or does not say what it must."""

    reason = "TOKENS_UNUSABLE"
    fault = Fault.SETUP


class AllowanceConfig(BaseModel, frozen=True, extra="forbid"):
    """What one principal may have in flight at once. None: what is configured for all."""

    # Calls, of all methods.
    max_requests: int | None = Field(default=None, ge=1)
    # Pages that are being read, of all its documents.
    max_pages: int | None = Field(default=None, ge=1)
    # Bytes of documents, those still coming in too.
    max_bytes: int | None = Field(default=None, ge=1)

    def allowance(self, default: Allowance) -> Allowance:
        return Allowance(
            max_requests=self.max_requests or default.max_requests,
            max_pages=self.max_pages or default.max_pages,
            max_bytes=self.max_bytes or default.max_bytes,
        )


def _one_or_several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


_Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Principal(AllowanceConfig, frozen=True):
    """One entry. Several hashes: tokens that are good side by side while one replaces another."""

    name: str = Field(pattern=NAME_PATTERN)
    sha256: Annotated[
        tuple[_Hash, ...], BeforeValidator(_one_or_several), Field(min_length=1, max_length=8)
    ] = Field(repr=False)


# None: an empty file, as one is that is just being written; [] is for nobody.
_ENTRIES: Final = TypeAdapter(Annotated[tuple[Principal, ...], Field(max_length=_MAX_PRINCIPALS)])


class Principals:
    """All that one state of the file says."""

    def __init__(self, entries: tuple[Principal, ...]) -> None:
        self._by_name = {entry.name: entry for entry in entries}
        self._hashes = [
            (bytes.fromhex(text), entry.name) for entry in entries for text in entry.sha256
        ]

    @classmethod
    def read(cls, file: Path) -> Self:
        """Raises TokensUnusable, which tells nothing of what the file holds but keys and names."""
        try:
            entries = _ENTRIES.validate_python(read_yaml(file))
        except OSError as error:
            raise TokensUnusable(f"cannot read {file}: {error.strerror}") from None
        except BadYaml:  # which would quote it
            raise TokensUnusable(f"{file} is no YAML that can be read") from None
        except ValidationError as error:
            raise TokensUnusable(f"{file}: {_findings(error)}") from None
        _check_unique(file, entries)
        return cls(entries)

    def name_of(self, token: str) -> str:
        """Whose the token is. It takes as long for any that is nobody's. Raises TokenWrong."""
        hashed = hash_of(token)
        found = ""
        for known, name in self._hashes:
            if hmac.compare_digest(known, hashed):
                found = name  # and on: how long it takes tells nothing of where
        if not found:
            raise TokenWrong("the bearer token is none that this server knows")
        return found

    def allowance_of(self, name: str, default: Allowance) -> Allowance:
        """The `default` where nothing is said, as of one who is no longer in the file."""
        entry = self._by_name.get(name)
        return default if entry is None else entry.allowance(default)

    def __len__(self) -> int:
        return len(self._by_name)


def new_token() -> str:
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def entry_of(name: str, token: str) -> str:
    """The entry that makes the token the principal's, as it is written in the file."""
    return f'- name: {name}\n  sha256: "{hash_of(token).hex()}"\n'


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _findings(error: ValidationError) -> str:
    """What is wrong and where, and no value: who errs may have written a token there."""
    found = error.errors(include_input=False, include_context=False, include_url=False)
    return "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'the whole'}: {each['msg']}" for each in found
    )


def _check_unique(file: Path, entries: tuple[Principal, ...]) -> None:
    names = Counter(entry.name for entry in entries)
    hashes = Counter(text for entry in entries for text in entry.sha256)
    if twice := [name for name, count in names.items() if count > 1]:
        raise TokensUnusable(f"{file}: {twice[0]} is there twice")
    if any(count > 1 for count in hashes.values()):
        raise TokensUnusable(f"{file}: one hash is there twice")
