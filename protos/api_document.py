"""Writes the contract as a page for people, from the comments in the protos and from nothing else.

Where the descriptors come from, and where the page goes, is `generate`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

PACKAGE: Final = "inkstream.v1"
_OPENING: Final = """\
# The gRPC interface

Written from the comments in [protos/inkstream/v1](../protos/inkstream/v1) by `make generate`:
change those. Over HTTP the server speaks PaddleX's language: [http.md](http.md).
"""

# Numbers of the descriptors' own fields, of which the paths of comments are made.
_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6
_FIELDS, _METHODS, _VALUES, _ONEOFS = 2, 2, 2, 8


class Comments:
    """What is written above each thing in a file."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self._texts = {
            tuple(location.path): location.leading_comments
            for location in file.source_code_info.location
        }

    def lines(self, *path: int) -> list[str]:
        text = self._texts.get(path, "")
        return [line.removeprefix(" ").rstrip() for line in text.strip("\n").splitlines()]

    def prose(self, *path: int) -> str:
        """Paragraphs as they stand; lines that are set in become blocks of plain text."""
        text = "\n".join(map(_escaped, self.lines(*path)))
        return re.sub(r"^(?: {2,}\S.*\n?)+", _fenced, text, flags=re.MULTILINE).strip()

    def cell(self, *path: int) -> str:
        """The same for a table, on one line."""
        text = "\n".join(map(_escaped, self.lines(*path)))
        paragraphs = (" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
        return "<br>".join(paragraphs).replace("|", "\\|")


def api_document(contract: FileDescriptorSet) -> str:
    """The page, in Markdown: services first, then their messages in the order of the files."""
    files = [file for file in contract.file if file.package == PACKAGE]
    files.sort(key=_method_count, reverse=True)  # stable: the largest service is why one comes
    parts = [_OPENING]
    parts += [part for file in files for part in _services(file)]
    parts += ["## Messages\n"]
    parts += [part for file in files for part in _messages(file)]
    parts += ["## Enums\n"]
    parts += [part for file in files for part in _enums(file)]
    return "\n".join(parts)


def _method_count(file: FileDescriptorProto) -> int:
    return sum(len(service.method) for service in file.service)


def _services(file: FileDescriptorProto) -> Iterator[str]:
    comments = Comments(file)
    for number, service in enumerate(file.service):
        yield f"## {service.name}\n\n{comments.prose(_SERVICES, number)}\n"
        yield from _methods(service, comments, number)


def _methods(
    service: ServiceDescriptorProto, comments: Comments, service_number: int
) -> Iterator[str]:
    for number, method in enumerate(service.method):
        text = comments.prose(_SERVICES, service_number, _METHODS, number)
        yield f"### {service.name}.{method.name}\n\n{_signature(method)}\n\n{text}\n"


def _signature(method: MethodDescriptorProto) -> str:
    asked = _streamed(method.input_type, is_stream=method.client_streaming)
    answered = _streamed(method.output_type, is_stream=method.server_streaming)
    return f"Takes {asked}, answers {answered}."


def _streamed(type_name: str, *, is_stream: bool) -> str:
    return f"a stream of {_linked(type_name)}" if is_stream else _linked(type_name)


def _messages(file: FileDescriptorProto) -> Iterator[str]:
    comments = Comments(file)
    for number, message in enumerate(file.message_type):
        if message.nested_type or message.enum_type:
            raise ValueError(
                f"{message.name}: what is nested in a message has no place on the page"
            )
        path = (_MESSAGES, number)
        yield f"### {message.name}\n\n{comments.prose(*path)}\n"
        if message.field:
            rows = _field_rows(message, comments, path)
            yield _table(("field", "type", "number", "meaning"), rows)


def _field_rows(
    message: DescriptorProto, comments: Comments, path: tuple[int, ...]
) -> Iterator[Sequence[str]]:
    told_oneofs = set()
    for number, field in enumerate(message.field):
        if _is_in_oneof(field) and field.oneof_index not in told_oneofs:
            told_oneofs.add(field.oneof_index)
            choice = message.oneof_decl[field.oneof_index].name
            yield f"`{choice}`", "oneof", "", comments.cell(*path, _ONEOFS, field.oneof_index)
        name = f"`{field.name}`"
        if _is_in_oneof(field):
            name = f"↳ {name}"
        yield name, _type(field), str(field.number), comments.cell(*path, _FIELDS, number)


def _is_in_oneof(field: FieldDescriptorProto) -> bool:
    """Of one that has other members: what is `optional` is a oneof of its own on the wire."""
    return field.HasField("oneof_index") and not field.proto3_optional


def _type(field: FieldDescriptorProto) -> str:
    scalar = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    name = _linked(field.type_name) if field.type_name else scalar
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"repeated {name}"
    return f"optional {name}" if field.proto3_optional else name


def _enums(file: FileDescriptorProto) -> Iterator[str]:
    comments = Comments(file)
    for number, enum in enumerate(file.enum_type):
        path = (_ENUMS, number)
        yield f"### {enum.name}\n\n{comments.prose(*path)}\n"
        yield _table(("value", "number", "meaning"), _value_rows(enum, comments, path))


def _value_rows(
    enum: EnumDescriptorProto, comments: Comments, path: tuple[int, ...]
) -> Iterator[Sequence[str]]:
    for number, value in enumerate(enum.value):
        yield f"`{value.name}`", str(value.number), comments.cell(*path, _VALUES, number)


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _linked(type_name: str) -> str:
    """A type of ours with a link to it, others by their whole name."""
    name = type_name.removeprefix(f".{PACKAGE}.")
    return f"`{name[1:]}`" if name.startswith(".") else f"[{name}](#{name.lower()})"


def _escaped(line: str) -> str:
    """Without what Markdown would take for more than a character. Set-in lines are shown as is."""
    return line if line.startswith("  ") else re.sub(r"([*<])", r"\\\1", line)


def _fenced(lines: re.Match[str]) -> str:
    return f"```text\n{lines[0].rstrip()}\n```\n"
