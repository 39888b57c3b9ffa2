"""What TLS costs: small pictures through the fake engine, one connection, plain and TLS in turn.

    python benchmarks/tls_cost.py --rounds 8

Two servers run side by side, one round goes to each in turn, and the ratio is that of the medians:
what else the machine does then hits both alike.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from inkstream import AsyncClient, Tls
from served import WITHOUT_ORIENTATION, running_server

_FAKE = ("--engine", "fake", "--model-workers", "1", "--cpu-workers", "1", *WITHOUT_ORIENTATION)
Targets = dict[str, tuple[str, Tls | bool]]


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = _certificate(Path(folder))
        files = (f"--set=tls.certificate={certificate}", f"--set=tls.key={key}")
        with running_server(*_FAKE) as plain, running_server(*_FAKE, *files) as secured:
            targets: Targets = {
                "plain": (plain.target, False),
                "TLS": (secured.target, Tls(certificate)),
            }
            rates = asyncio.run(_measure(targets, arguments))
    for name, found in rates.items():
        shown = ", ".join(f"{rate:.0f}" for rate in found)
        print(f"{name:6} {statistics.median(found):7.0f} calls/s in the median of {shown}")
    ratio = statistics.median(rates["TLS"]) / statistics.median(rates["plain"])
    print(f"TLS / plain: {ratio:.3f}")


async def _measure(targets: Targets, arguments: argparse.Namespace) -> dict[str, list[float]]:
    content = _picture()
    rates: dict[str, list[float]] = {name: [] for name in targets}
    for number in range(arguments.rounds + 1):  # the first is not counted
        for name, (target, tls) in targets.items():
            async with AsyncClient(target, tls=tls) as client:
                await client.recognize(content)
                rate = await _rate(client, content, arguments)
            if number:
                rates[name].append(rate)
    return rates


async def _rate(client: AsyncClient, content: bytes, arguments: argparse.Namespace) -> float:
    left = iter(range(arguments.calls))

    async def caller() -> None:
        for _ in left:
            await client.recognize(content)

    started_at = time.monotonic()
    await asyncio.gather(*(caller() for _ in range(arguments.concurrency)))
    return float(arguments.calls / (time.monotonic() - started_at))


def _picture() -> bytes:
    _, encoded = cv2.imencode(".png", np.full((64, 256, 3), 255, np.uint8))
    return encoded.tobytes()


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "server.pem", folder / "server.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-days", "1"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--calls", type=int, default=200, help="a round; default: %(default)s")
    parser.add_argument("--concurrency", type=int, default=8)
    return parser.parse_args()


if __name__ == "__main__":
    main()
