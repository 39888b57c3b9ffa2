"""Writes what clients keep of protos/, and docs/api.md, or checks that they are up to date.

What clients keep are the Python stubs, and every client's copy of the service config; the Go stubs
are `generate_go.py`'s. The tools are those of the environment that runs this, so their versions,
pinned in the lock file, are part of the result. It owns every `*_pb2*` file in the stubs' folder,
and nothing else there. What the page says is `api_document`'s business.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from api_document import api_document

PROTOS = Path(__file__).resolve().parent
PACKAGE = Path("inkstream/v1")
STUBS = PROTOS.parent / "client/python"
SERVICE_CONFIG = PROTOS / "service_config.json"
# A package and a module of Go hold nothing that lies outside of them.
CONFIG_COPIES = (
    STUBS / "inkstream/service_config.json",
    PROTOS.parent / "client/go/service_config.json",
)
DOCUMENT = PROTOS.parent / "docs/api.md"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where something is stale")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh = read_stubs(Path(folder))
        document = api_document(read_contract(Path(folder) / "contract.binpb"))
    stale = {STUBS / PACKAGE / name for name, _ in fresh.items() ^ read_stubs(STUBS).items()}
    stale |= {copy for copy in CONFIG_COPIES if not is_fresh(copy)}
    if not DOCUMENT.is_file() or DOCUMENT.read_text(encoding="utf-8") != document:
        stale.add(DOCUMENT)
    if arguments.check:
        return report(sorted(stale))
    write_stubs(fresh)
    for copy in CONFIG_COPIES:
        copy.write_bytes(SERVICE_CONFIG.read_bytes())
    DOCUMENT.write_text(document, encoding="utf-8")
    return 0


def generate(folder: Path) -> None:
    """Writes messages for every file and services for those that have one, both with types."""
    protos = sorted((PROTOS / PACKAGE).glob("*.proto"))
    run_protoc(folder, ("python", "mypy"), protos)
    services = [proto for proto in protos if "\nservice " in proto.read_text()]
    run_protoc(folder, ("grpc_python", "mypy_grpc"), services)


def run_protoc(folder: Path, kinds: tuple[str, str], protos: list[Path]) -> None:
    code, types = kinds
    plugin = Path(sys.executable).parent / f"protoc-gen-{types}"
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PROTOS}"]
    command += [f"--plugin=protoc-gen-{types}={plugin}"]
    command += [f"--{code}_out={folder}", f"--{types}_out=quiet:{folder}"]
    command += [str(proto.relative_to(PROTOS)) for proto in protos]
    subprocess.run(command, check=True)


def read_contract(file: Path) -> FileDescriptorSet:
    """Every file of the contract with its comments; it is put into `file` on the way."""
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PROTOS}"]
    command += ["--include_source_info", f"--descriptor_set_out={file}"]
    protos = sorted((PROTOS / PACKAGE).glob("*.proto"))
    command += [str(proto.relative_to(PROTOS)) for proto in protos]
    subprocess.run(command, check=True)
    return FileDescriptorSet.FromString(file.read_bytes())


def read_stubs(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / PACKAGE).glob("*_pb2*.py*")}


def write_stubs(fresh: dict[str, str]) -> None:
    for name in read_stubs(STUBS).keys() - fresh.keys():
        (STUBS / PACKAGE / name).unlink()
    for name, text in fresh.items():
        (STUBS / PACKAGE / name).write_text(text)


def is_fresh(copy: Path) -> bool:
    return copy.is_file() and copy.read_bytes() == SERVICE_CONFIG.read_bytes()


def report(stale: list[Path]) -> int:
    for path in stale:
        sys.stderr.write(f"{path} is stale: run `make generate`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
