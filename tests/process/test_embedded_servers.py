"""What a program that had a server inside it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = """
from inkstream_server.app.embedded import EmbeddedServer, embedded_config

if __name__ == "__main__":
    server = EmbeddedServer(embedded_config(None, [("inference.engine", "fake")]))
    server.start()
    print(server.target)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of a path short enough for a socket within it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


@pytest.mark.parametrize(
    "end", ["", "    server.stop()\n    server.stop()\n", "    raise SystemExit"]
)
def test_a_program_leaves_no_folder_however_it_ends(folder: Path, end: str) -> None:
    program = folder / "program.py"
    program.write_text(PROGRAM + end)

    ran = subprocess.run(
        [sys.executable, str(program)],
        env=os.environ | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert str(folder) in ran.stdout
    assert list(folder.iterdir()) == [program]
