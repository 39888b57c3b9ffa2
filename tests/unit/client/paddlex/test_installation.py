"""What someone is told who has the light client alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

WITHOUT = "import sys; sys.modules[{!r}] = None; import inkstream; inkstream.create_pipeline({})"


@pytest.mark.parametrize(
    ("missing", "arguments", "advice"),
    [
        ("numpy", "'OCR', server='localhost:1'", "pip install '.[paddlex]' in a clone"),
        ("PIL", "'OCR', server='localhost:1'", "pip install '.[paddlex]' in a clone"),
        ("pydantic", "'OCR'", "pip install '.[server,openvino]' in a clone"),
        ("inkstream_server", "'OCR'", "or pass server='HOST:PORT'"),
    ],
)
def test_what_is_missing_is_told_with_what_to_type(
    missing: str, arguments: str, advice: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing, arguments)],
        check=False,
        capture_output=True,
        text=True,
    )

    told = ended.stderr.splitlines()[-1]
    assert told.startswith("ModuleNotFoundError: ")
    assert missing in told
    assert advice in told


def test_the_light_client_needs_none_of_it() -> None:
    missing = ("numpy", "PIL", "cv2", "yaml", "pydantic", "inkstream_server")
    block = "; ".join(f"sys.modules[{name!r}] = None" for name in missing)

    subprocess.run([sys.executable, "-c", f"import sys; {block}; import inkstream"], check=True)
