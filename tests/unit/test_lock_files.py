"""What is installed in images is what was tested: their lock files are parts of the whole one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
_PIN = re.compile(r"^([\w.-]+)==\S.*?$(?:\n    --hash=\S+.*$)+", re.MULTILINE)
_NAME = re.compile(r"[\w.-]+")


def pins(name: str) -> dict[str, str]:
    """Each pinned package with its version, markers and hashes as they stand."""
    text = (TOP / "requirements" / name).read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for pin in _PIN.finditer(text):
        found[pin[1]] = found.get(pin[1], "") + pin[0]
    return found


def versions(pin: str) -> set[str]:
    return set(re.findall(r"==([\w.]+)(?= ;| \\)", pin))


def hashes(pin: str) -> set[str]:
    return set(re.findall(r"--hash=(\S+)", pin))


@pytest.mark.parametrize("name", ["server.lock", "build.lock"])
def test_an_image_installs_what_the_tests_ran_with(name: str) -> None:
    whole, part = pins("dev.lock"), pins(name)

    assert part
    for package, pin in part.items():
        assert package in whole, f"run `make lock`: {package} is in {name} alone"
        assert versions(pin) <= versions(whole[package]), f"run `make lock`: {package}"
        assert hashes(pin) <= hashes(whole[package]), f"run `make lock`: {package}"


def test_an_image_has_all_that_a_server_needs() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["server"], *extras["openvino"]]
    names = {match[0].lower() for each in asked if (match := _NAME.match(each))}

    assert names - pins("server.lock").keys() == set(), "run `make lock`"
