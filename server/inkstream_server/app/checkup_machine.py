"""Looks at the machine: versions, processor, memory, files, ports, clock. Starts nothing."""

from __future__ import annotations

import errno
import importlib.metadata
import os
import platform
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from inkstream_server import errors
from inkstream_server.app.checkup import Finding, fail, ok, warn
from inkstream_server.config import ServerConfig
from inkstream_server.engines.devices import parse_devices
from inkstream_server.errors import OcrError
from inkstream_server.front.http_connections import connection_limit
from inkstream_server.front.listening import UNIX, address_of
from inkstream_server.workers.plan import core_count, plan, processor_name

_PACKAGES: Final = (
    "grpcio", "protobuf", "numpy", "opencv-python-headless", "pymupdf", "pydantic", "aiohttp",
    "openvino", "onnxruntime", "paddlepaddle", "paddlepaddle-gpu",
)  # fmt: skip
_PROCESSORS: Final = Path("/proc/cpuinfo")
_MEMORY: Final = Path("/proc/meminfo")
_MEMORY_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")
_FEATURES: Final = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
# Every server has them besides its shared memory: one model worker with the default models, one
# CPU worker, the front.
_MODEL_WORKER_BYTES: Final = 700 << 20
_CPU_WORKER_BYTES: Final = 200 << 20
_FRONT_BYTES: Final = 200 << 20


def versions(config: ServerConfig) -> Iterator[Finding]:
    del config
    inkstream = _version("inkstream") or "(not installed)"
    yield ok(
        "versions", f"inkstream {inkstream}, Python {platform.python_version()}, {_platform()}"
    )
    found = {name: _version(name) for name in _PACKAGES}
    there = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    yield ok("packages", there)


def processor(config: ServerConfig) -> Iterator[Finding]:
    del config
    features = [name for name in _FEATURES if name in _processor_flags()]
    name = processor_name() or platform.machine()
    told = f"{name}; {', '.join(features) or 'none of ' + ', '.join(_FEATURES)}"
    if platform.machine() == "x86_64" and "avx2" not in features:
        yield warn("processor", told, "without AVX2 models run many times slower")
    else:
        yield ok("processor", told)
    cores, there = core_count(), os.cpu_count()
    yield ok("cores", f"{cores} of {there} may be used, by affinity and the container's quota")


def memory(config: ServerConfig) -> Iterator[Finding]:
    sizes = config.memory
    shared_bytes = sizes.documents_bytes + sizes.pages_bytes + sizes.tensors_bytes
    try:
        os.close(os.memfd_create("inkstream"))
    except OSError as error:
        advice = "the kernel, or the container's rules, must allow memfd_create"
        yield fail("shared memory", f"cannot be had: {error.strerror}", advice)
    else:
        yield ok("shared memory", f"{_mib(shared_bytes)} at most, by memory.*")
    usual_bytes, total_bytes = _usual_bytes(config), _memory_bytes()
    told = f"{_mib(total_bytes)} for this process; about {_mib(usual_bytes + shared_bytes)} wanted"
    if total_bytes < usual_bytes:
        yield fail("memory", told, "lower workers.model_workers, or give it more")
    elif total_bytes < usual_bytes + shared_bytes:
        yield warn("memory", told, "lower workers.model_workers or memory.pages_bytes")
    else:
        yield ok("memory", told)


def open_files(config: ServerConfig) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    told = f"{_limit(soft)} may be open (hard limit {_limit(hard)})"
    wanted = config.server.max_http_connections
    if config.server.http_port is not None and connection_limit(wanted) < wanted:
        advice = f"HTTP takes no more than half of them: raise ulimit -n to {2 * wanted}"
        yield warn("files", told, advice)
    else:
        yield ok("files", told)


def ports(config: ServerConfig) -> Iterator[Finding]:
    server = config.server
    if server.host.startswith(UNIX):
        yield ok("ports", f"gRPC listens on {server.host} alone")
        return
    for subject, port, key in (
        ("gRPC port", server.port, "server.port"),
        ("HTTP port", server.http_port, "server.http_port"),
    ):
        if port:
            yield _port(subject, server.host, port, key)


def clock(config: ServerConfig) -> Iterator[Finding]:
    """A clock that is far behind makes every certificate one of the future."""
    del config
    told = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if time.time() < Path(errors.__file__).stat().st_mtime:
        yield warn("clock", f"{told} is before this package was installed", "set the clock")
    else:
        yield ok("clock", told)


def _port(subject: str, host: str, port: int, key: str) -> Finding:
    address = address_of(host, port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
            tried.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            advice = f"a server that runs already? else choose another with {key}"
            return warn(subject, f"something listens on {address}", advice)
        return fail(subject, f"cannot listen on {address}: {error.strerror}", f"change {key}")
    return ok(subject, f"{address} is free")


def _usual_bytes(config: ServerConfig) -> int:
    try:
        workers = plan(core_count(), config.workers, parse_devices(config.inference.device))
    except OcrError:  # told where the device is looked at
        return _FRONT_BYTES
    return (
        _FRONT_BYTES
        + workers.model_workers * _MODEL_WORKER_BYTES
        + workers.cpu_workers * _CPU_WORKER_BYTES
    )


def _memory_bytes() -> int:
    """What there is, for this container or for the machine."""
    lines = _MEMORY.read_text(encoding="ascii").splitlines()
    total = next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemTotal:"))
    try:
        return min(total, int(_MEMORY_LIMIT.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no cgroup, or "max": no limit
        return total


def _processor_flags() -> frozenset[str]:
    try:
        lines = _PROCESSORS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    flags = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
    return frozenset(next(flags, "").split())


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _platform() -> str:
    """The kernel and the C library; no name of the machine."""
    libc = " ".join(platform.libc_ver())
    return f"{platform.system()} {platform.release()} {platform.machine()}, {libc or 'no glibc'}"


def _limit(count: int) -> str:
    return "any number" if count == resource.RLIM_INFINITY else f"{count:,}"


def _mib(size_bytes: int) -> str:
    return f"{size_bytes >> 20:,} MiB"
