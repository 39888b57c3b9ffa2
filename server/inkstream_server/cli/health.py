"""`inkstream health`: asks a server how it is, for probes that can only run a command.

The exit status is the answer. What the statuses mean is the server's business (`front.health`).
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Final

from inkstream_server.cli.connecting import add_tls_options
from inkstream_server.cli.numbers import seconds

if TYPE_CHECKING:
    import grpc

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

_SERVER: Final = "localhost:50051"  # inkstream.DEFAULT_TARGET, whose import would load gRPC
_ASK_AGAIN_S: Final = 0.5
_DESCRIPTION: Final = """\
Ask a server by grpc.health.v1 how it is. The exit status is 0 where it answers SERVING, else 1. The
service "liveness" is SERVING for as long as the process answers, the others while calls are taken.
"""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "health", help="ask a running server how it is", description=_DESCRIPTION
    )
    parser.add_argument(
        "--server", default=_SERVER, metavar="HOST:PORT", help="default: %(default)s"
    )
    parser.add_argument("--service", default="", metavar="NAME", help="default: the whole server")
    parser.add_argument(
        "--timeout", type=seconds, default=5.0, metavar="SECONDS", help="default: %(default)s"
    )
    parser.add_argument(
        "--wait",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="ask again until it is SERVING, at most so long; default: ask once",
    )
    group = parser.add_argument_group("access to the server")
    add_tls_options(group)
    group.add_argument(
        "--tls-server-name", metavar="NAME", help="in the certificate, where it is not the host's"
    )
    parser.set_defaults(func=_run)


def _run(arguments: argparse.Namespace) -> int:
    give_up_at = time.monotonic() + arguments.wait
    with _channel(arguments) as channel:
        while True:
            answer = _ask(channel, arguments.service, arguments.timeout)
            if answer == "SERVING" or time.monotonic() + _ASK_AGAIN_S > give_up_at:
                break
            time.sleep(_ASK_AGAIN_S)
    sys.stdout.write(f"{answer}\n")
    return 0 if answer == "SERVING" else 1


def _channel(arguments: argparse.Namespace) -> grpc.Channel:
    import grpc  # heavy: only when a server is asked

    # A server that starts is looked for anew at every question, not after gRPC's growing pauses.
    options = [("grpc.max_reconnect_backoff_ms", 500)]
    if arguments.tls_server_name is not None:
        options.append(("grpc.ssl_target_name_override", arguments.tls_server_name))
    files = (arguments.tls_ca, arguments.tls_key, arguments.tls_certificate)
    if not arguments.tls and not any(files):
        return grpc.insecure_channel(arguments.server, options)
    credentials = grpc.ssl_channel_credentials(*(file and file.read_bytes() for file in files))
    return grpc.secure_channel(arguments.server, credentials, options)


def _ask(channel: grpc.Channel, service: str, timeout_s: float) -> str:
    """The status by its name, or, where there is no answer, that of the call and why."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    request = health_pb2.HealthCheckRequest(service=service)
    try:
        answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=timeout_s)
    except grpc.RpcError as error:
        return _failure(error)
    name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return name


def _failure(error: grpc.RpcError) -> str:
    import grpc

    assert isinstance(error, grpc.Call)
    return f"{error.code().name}: {error.details()}"
