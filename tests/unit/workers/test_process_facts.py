from __future__ import annotations

import os
import subprocess
import sys
import time

from inkstream_server.workers.process_facts import cpu_seconds, own_memory_bytes


def test_the_processor_time_of_a_process_is_what_all_its_threads_used() -> None:
    before_s, used_s = cpu_seconds(os.getpid()), time.process_time()
    after_s = cpu_seconds(os.getpid())

    assert before_s <= used_s <= after_s


def test_memory_counts_what_a_process_has_for_itself() -> None:
    """In a process of its own: here, a test that went before may give memory back meanwhile."""
    growing = "input(); block = b'1' * (64 << 20); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", "print(flush=True);" + growing],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        before = own_memory_bytes(process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        after = own_memory_bytes(process.pid)
        process.stdin.write(b"\n")

    assert after - before >= 0.9 * (64 << 20)


def test_a_process_that_is_gone_has_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()

    assert cpu_seconds(gone.pid) == 0.0
    assert own_memory_bytes(gone.pid) == 0
