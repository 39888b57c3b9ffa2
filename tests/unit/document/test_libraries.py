import subprocess
import sys

SCRIPT = """
import os, sys
from inkstream_server.document.libraries import silence_native_stderr
silence_native_stderr()
os.write(2, b"from C")
print("from Python", file=sys.stderr)
"""


def test_c_code_is_silenced_and_python_is_not() -> None:
    ended = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)

    assert ended.stderr == b"from Python\n"


def test_a_crash_still_leaves_its_trace() -> None:
    crash = SCRIPT + "import ctypes; ctypes.string_at(0)"

    ended = subprocess.run([sys.executable, "-c", crash], capture_output=True, check=False)

    assert ended.returncode < 0
    assert b"Segmentation fault" in ended.stderr
