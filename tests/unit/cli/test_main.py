import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

import pytest

from inkstream_server.cli.main import main

# Runs the command as an installation without the server's packages would.
LIGHT = """
import sys
for name in ("yaml", "numpy", "cv2", "pydantic", "aiohttp", "pymupdf", "openvino", "paddle"):
    sys.modules[name] = None
from inkstream_server.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def run_light(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LIGHT, *arguments], capture_output=True, text=True, check=False
    )


def test_the_version_is_the_distributions(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        expected = version("inkstream")
    except PackageNotFoundError:
        expected = "(not installed)"

    with pytest.raises(SystemExit) as exited:
        main(["--version"])

    assert exited.value.code == 0
    assert capsys.readouterr().out == f"inkstream {expected}\n"


@pytest.mark.parametrize("argv", [[], ["nonesuch"], ["models"], ["models", "pull", "--nonesuch"]])
def test_misuse_exits_with_2_and_says_how_to_use_it(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main(argv)

    assert exited.value.code == 2
    assert "usage: inkstream" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    out = capsys.readouterr().out
    assert all(
        command in out for command in ("serve", "read", "bench", "models", "simulate", "config")
    )


def test_a_light_installation_says_what_to_install() -> None:
    result = run_light("models", "pull", "--models-dir", "/nonexistent")

    assert result.returncode == 1
    assert result.stderr == (
        "inkstream: the Python package yaml is not installed: pip install '.[server,openvino]'\n"
    )


def test_a_light_installation_can_still_list_what_there_is() -> None:
    result = run_light("models", "list", "--models-dir", "/nonexistent")

    assert result.returncode == 0
    assert "PP-OCRv4_mobile_rec" in result.stdout


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    command = [sys.executable, "-c", LIGHT, "models", "list", "--models-dir", "/nonexistent"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()

        assert process.stderr.read() == b""

    assert process.returncode == 1
