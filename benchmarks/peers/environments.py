"""Makes the environments of the peers, each its own, by plain pip; once, then they are reused."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

DEFAULT_FOLDER: Final = Path.home() / ".cache/inkstream/peers"
PADDLEX: Final = ("paddlex[ocr,serving]==3.7.2", "paddlepaddle==3.3.1")
RAPIDOCR: Final = ("rapidocr==3.10.*", "openvino>=2025.2")


def environment(folder: Path, requirements: tuple[str, ...]) -> Path:
    """The folder of the environment's commands. Made anew where other packages are asked for."""
    name = requirements[0].partition("=")[0].partition("[")[0]
    home = folder / name
    mark, wanted = home / ".ready", "\n".join(requirements)
    if not (mark.exists() and mark.read_text(encoding="utf-8") == wanted):
        print(f"making {home} (some minutes): {', '.join(requirements)}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        venv.create(home, with_pip=True)
        pip = [str(home / "bin/python"), "-m", "pip", "install", "--quiet"]
        subprocess.run(
            [*pip, "--disable-pip-version-check", *requirements], check=True, stdout=sys.stderr
        )
        mark.write_text(wanted, encoding="utf-8")
    return home / "bin"
