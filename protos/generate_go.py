"""Writes the Go stubs of protos/ into client/go, or checks that they are up to date.

protoc comes with the environment that runs this, its plugins from the Go module proxy in the
versions of client/go/tools.mod, by hash. It owns every `*.pb.go` file in the stubs' folder, and
nothing else.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PROTOS = Path(__file__).resolve().parent
GO = PROTOS.parent / "client/go"
MODULE = "inkstream.dev/go/inkstream"
PACKAGE = "inkstreamv1"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where the stubs are stale")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh = read_stubs(Path(folder))
    stale = sorted({name for name, _ in fresh.items() ^ read_stubs(GO).items()})
    if arguments.check:
        return report(stale)
    write_stubs(fresh)
    return 0


def generate(folder: Path) -> None:
    """The protos name no package of Go: what a client calls it is the client's business."""
    protos = [str(path.relative_to(PROTOS)) for path in sorted(PROTOS.glob("inkstream/v1/*.proto"))]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PROTOS}"]
    for plugin in ("go", "go-grpc"):
        command += [f"--plugin=protoc-gen-{plugin}={built(f'protoc-gen-{plugin}')}"]
        command += [f"--{plugin}_out={folder}", f"--{plugin}_opt=module={MODULE}"]
        command += [f"--{plugin}_opt=M{proto}={MODULE}/{PACKAGE}" for proto in protos]
    subprocess.run([*command, *protos], check=True)


def built(plugin: str) -> str:
    """Where Go keeps the plugin, built."""
    command = ["go", "tool", "-modfile=tools.mod", "-n", plugin]
    found = subprocess.run(command, cwd=GO, check=True, stdout=subprocess.PIPE, text=True)
    return found.stdout.strip()


def read_stubs(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / PACKAGE).glob("*.pb.go")}


def write_stubs(fresh: dict[str, str]) -> None:
    (GO / PACKAGE).mkdir(exist_ok=True)
    for name in read_stubs(GO).keys() - fresh.keys():
        (GO / PACKAGE / name).unlink()
    for name, text in fresh.items():
        (GO / PACKAGE / name).write_text(text)


def report(stale: list[str]) -> int:
    for name in stale:
        sys.stderr.write(f"{GO / PACKAGE / name} is stale: run `make generate-go`\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
