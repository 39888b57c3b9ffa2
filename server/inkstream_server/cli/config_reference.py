"""Describes every setting as Markdown, from the models that check it and the remark above it."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Final, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from inkstream_server.config import ENVIRONMENT_PREFIX

_UNITS: Final = {
    "_bytes_per_s": "bytes a second",
    "_s": "seconds",
    "_bytes": "bytes",
    "_px": "pixels",
    "_pixels": "pixels",
    "_dpi": "dpi",
}
_TYPES: Final = {bool: "yes or no", int: "integer", float: "number", str: "text", Path: "path"}
_NONE: Final = re.compile(r"\bNone\b")
_SIGNS: Final = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
_HEAD: Final = "| setting | type | default | what it does |\n| --- | --- | --- | --- |\n"


BEGIN: Final = "<!-- what `inkstream config reference` prints -->\n"


@dataclass(frozen=True, slots=True)
class _Setting:
    key: str
    info: FieldInfo
    remark: str


def reference(model: type[BaseModel]) -> str:
    """One table a section, in the order of the model."""
    sections = [
        _section(name, info.annotation)
        for name, info in model.model_fields.items()
        if _is_section(info.annotation)
    ]
    own = [each for each in _settings(model, "") if "." not in each.key]
    top = f"## The whole\n\n{_table(own)}"
    return "\n".join([*sections, top])


def put_into(text: str, model: type[BaseModel]) -> str:
    """The text with the reference in place of what stands after its mark."""
    head, mark, _ = text.partition(BEGIN)
    return f"{head}{mark or BEGIN}\n{reference(model)}"


def _section(name: str, model: type[BaseModel]) -> str:
    about = _NONE.sub("null", inspect.cleandoc(model.__doc__ or ""))
    return f"## `{name}`\n\n{about}\n\n{_table(list(_settings(model, f'{name}.')))}"


def _table(settings: list[_Setting]) -> str:
    return _HEAD + "".join(f"{_row(each)}\n" for each in settings)


def _row(setting: _Setting) -> str:
    variable = ENVIRONMENT_PREFIX + setting.key.upper().replace(".", "__")
    cells = (
        f"`{setting.key}`<br>`{variable}`",
        _type(setting),
        _default(setting.info.get_default(call_default_factory=True)),
        setting.remark,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _settings(model: type[BaseModel], prefix: str) -> Iterator[_Setting]:
    remarks = _remarks(model)
    for name, info in model.model_fields.items():
        if _is_section(info.annotation):
            yield from _settings(info.annotation, f"{prefix}{name}.")
        else:
            remark = info.description or remarks.get(name, "")
            yield _Setting(prefix + name, info, _NONE.sub("null", remark))


def _is_section(annotation: object) -> TypeGuard[type[BaseModel]]:
    return inspect.isclass(annotation) and issubclass(annotation, BaseModel)


def _type(setting: _Setting) -> str:
    name = setting.key.rpartition(".")[2]
    unit = next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")
    kind = _words(setting.info.annotation)
    return ", ".join(part for part in (unit or kind, *_bounds(setting.info)) if part) + (
        " or null" if _may_be_null(setting.info.annotation) else ""
    )


def _words(annotation: object) -> str:
    kinds = [each for each in _alternatives(annotation) if each is not NoneType]
    return " or ".join(dict.fromkeys(map(_word, kinds)))


def _word(kind: object) -> str:
    if get_origin(kind) is Annotated:
        return _word(get_args(kind)[0])
    if get_origin(kind) is tuple or get_origin(kind) is list:
        return f"list of {_words(get_args(kind)[0])}"
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return " or ".join(f"`{member.value}`" for member in kind)
    return next((word for known, word in _TYPES.items() if kind is known), _name(kind))


def _name(kind: object) -> str:
    return kind.__name__ if inspect.isclass(kind) else str(kind)


def _alternatives(annotation: object) -> tuple[object, ...]:
    is_union = get_origin(annotation) in (Union, UnionType)
    return get_args(annotation) if is_union else (annotation,)


def _may_be_null(annotation: object) -> bool:
    return NoneType in _alternatives(annotation)


def _bounds(info: FieldInfo) -> list[str]:
    found = [
        f"{sign} {_number(bound)}"
        for each in info.metadata
        for name, sign in _SIGNS.items()
        if (bound := getattr(each, name, None)) is not None
    ]
    patterns = [getattr(each, "pattern", None) for each in info.metadata]
    return found + [f"`{pattern}`" for pattern in patterns if pattern]


def _default(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, (bool, NoneType, str, tuple, list)):
        return f"`{json.dumps(value, default=str)}`"
    return _number(value)


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


@cache
def _remarks(model: type[BaseModel]) -> Mapping[str, str]:
    """What stands above each field, or behind it, as a comment."""
    lines = textwrap.dedent(inspect.getsource(model)).splitlines()
    (definition,) = ast.parse("\n".join(lines)).body
    assert isinstance(definition, ast.ClassDef)
    fields = [node for node in definition.body if isinstance(node, ast.AnnAssign)]
    return {ast.unparse(field.target): _remark(lines, field) for field in fields}


def _remark(lines: list[str], field: ast.AnnAssign) -> str:
    above: list[str] = []
    for line in reversed(lines[: field.lineno - 1]):
        if not line.strip().startswith("#"):
            break
        above.insert(0, line.strip().lstrip("# "))
    return " ".join(above)
