"""The page that is written from the protos' comments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from api_document import api_document

CONTRACT = Path(__file__).resolve().parents[3] / "protos"
SMALL = """\
// About the file, which no page tells.
syntax = "proto3";
package inkstream.v1;

// Reads * and <tags>.
//
//   CODE   set in,
//          and going on
//
// The end.
service Reader {
  // Reads all.
  rpc Read(ReadRequest) returns (stream ReadResponse);
}
// Asks.
message ReadRequest {
  // Exactly one is set.
  oneof kind {
    // The file:
    // a | b.
    bytes content = 1;
    // Its
    //
    // place.
    string uri = 2;
  }
  // How sharp.
  optional int32 dpi = 3;
}
// Answers.
message ReadResponse {
  // All.
  repeated ReadRequest echoes = 1;
}
// Which.
enum Order {
  // None.
  ORDER_UNSPECIFIED = 0;
}
"""


def descriptors(folder: Path, names: list[str], target: Path) -> FileDescriptorSet:
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={folder}"]
    command += ["--include_source_info", f"--descriptor_set_out={target}"]
    subprocess.run([*command, *names], check=True, timeout=60.0)
    return FileDescriptorSet.FromString(target.read_bytes())


def page_of(text: str, folder: Path) -> str:
    (folder / "small.proto").write_text(text)
    return api_document(descriptors(folder, ["small.proto"], folder / "small.binpb"))


def test_what_the_comments_say_stands_with_what_they_are_about(tmp_path: Path) -> None:
    page = page_of(SMALL, tmp_path)

    assert "About the file" not in page
    assert (
        page.partition("## Reader")[2]
        == """\


Reads \\* and \\<tags>.

```text
  CODE   set in,
         and going on
```

The end.

### Reader.Read

Takes [ReadRequest](#readrequest), answers a stream of [ReadResponse](#readresponse).

Reads all.

## Messages

### ReadRequest

Asks.

| field | type | number | meaning |
| --- | --- | --- | --- |
| `kind` | oneof |  | Exactly one is set. |
| ↳ `content` | bytes | 1 | The file: a \\| b. |
| ↳ `uri` | string | 2 | Its<br>place. |
| `dpi` | optional int32 | 3 | How sharp. |

### ReadResponse

Answers.

| field | type | number | meaning |
| --- | --- | --- | --- |
| `echoes` | repeated [ReadRequest](#readrequest) | 1 | All. |

## Enums

### Order

Which.

| value | number | meaning |
| --- | --- | --- |
| `ORDER_UNSPECIFIED` | 0 | None. |
"""
    )


def test_a_nested_message_is_refused_rather_than_left_out(tmp_path: Path) -> None:
    nested = SMALL.replace("// All.", "message Inner {}\n  // All.")

    with pytest.raises(ValueError, match="ReadResponse: what is nested"):
        page_of(nested, tmp_path)


def test_everything_in_the_contract_is_on_its_page(tmp_path: Path) -> None:
    names = sorted(str(path.relative_to(CONTRACT)) for path in CONTRACT.rglob("*.proto"))
    contract = descriptors(CONTRACT, names, tmp_path / "contract.binpb")

    page = api_document(contract)

    for file in contract.file:
        for service in file.service:
            assert all(f"### {service.name}.{each.name}\n" in page for each in service.method)
        for message in file.message_type:
            assert f"### {message.name}\n" in page
            assert all(f"`{field.name}` |" in page for field in message.field)
        for enum in file.enum_type:
            assert all(f"| `{value.name}` | {value.number} |" in page for value in enum.value)
    rows = [row for row in page.splitlines() if row.startswith("| ") and "---" not in row]
    assert rows
    assert not [row for row in rows if row.endswith("|  |")], "each has its comment"
