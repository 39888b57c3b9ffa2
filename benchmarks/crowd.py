"""A crowd that comes in one instant, and then stays: is everyone served rightly or told when.

    python benchmarks/crowd.py [--clients 600] [--seconds 30] [PICTURE ...]

First every client, each on a connection of its own, sends one picture at the same moment and does
not try again. Then all of them send one picture after the other for `--seconds`, and who is refused
comes back after as long as the refusal says. Every call must end in what its picture reads as
alone, or in RESOURCE_EXHAUSTED with a RetryInfo; the memory of all the server's processes must not
grow by more than `--growth` MiB. Where the server tells with each answer how long it had predicted
it to take, that is compared with what it took.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import random
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc
from grpc import aio

from inkstream import AsyncClient, InkstreamError
from inkstream.decoding import decode_page
from inkstream.errors import from_rpc_error
from inkstream.v1 import ocr_pb2, ocr_pb2_grpc, source_pb2
from process_tree import MemoryWatch, look
from promises import Promises, percentile
from reading import Expectations, Work, reading_of
from samples import small_pictures
from served import running_server, until_idle

PREDICTION_KEY: Final = "inkstream-predicted-ms"
_CLOSE_ENOUGH: Final = 0.3
_CALL_LIMIT_S: Final = 600.0


def main() -> int:
    arguments = parse_arguments()
    contents = [path.read_bytes() for path in arguments.pictures] or small_pictures(12)
    works = [Work(f"picture {number}", content) for number, content in enumerate(contents)]
    return asyncio.run(measure(works, arguments))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--clients", type=int, default=600)
    parser.add_argument("--connections", type=int, help="that they share; else one for each")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the crowd stays")
    parser.add_argument("--growth", type=float, default=200.0, help="MiB promised")
    parser.add_argument(
        "--predicted", type=float, default=0.0, help="share of good predictions promised, 0 to 1"
    )
    parser.add_argument("--serve-flags", nargs=argparse.REMAINDER, default=[])
    return parser.parse_args()


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that was answered: how long it took, as its client saw it and as the server did."""

    waited_s: float
    served_s: float
    predicted_s: float | None

    @property
    def error_share(self) -> float | None:
        """By how much of the prediction the server took longer, or shorter (negative)."""
        return self.served_s / self.predicted_s - 1 if self.predicted_s else None


@dataclass(slots=True)
class Crowd:
    """What became of the calls of one scene."""

    expectations: Expectations
    admitted: list[Admitted] = field(default_factory=list)
    retry_after_s: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    async def call(self, stub: ocr_pb2_grpc.OcrServiceAsyncStub, work: Work) -> float | None:
        """Read once. None where it was answered, else the seconds to stay away."""
        request = ocr_pb2.RecognizeRequest(source=source_pb2.Source(content=work.content))
        sent_at = time.monotonic()
        call = stub.Recognize(request, timeout=_CALL_LIMIT_S)
        try:
            page = decode_page((await call).page)
        except aio.AioRpcError as error:
            return self._note_refusal(work, from_rpc_error(error))
        waited_s = time.monotonic() - sent_at
        predicted_s = predicted(await call.initial_metadata())
        self.admitted.append(Admitted(waited_s, page.timing.total_s, predicted_s))
        self.expectations.note(work, [reading_of(page)])
        return None

    def _note_refusal(self, work: Work, error: InkstreamError) -> float:
        is_proper = error.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        if is_proper and error.retry_after_s is not None:
            self.retry_after_s.append(error.retry_after_s)
            return error.retry_after_s
        self.lost.append(f"{work.name}: {error}")
        return 1.0


def predicted(metadata: aio.Metadata) -> float | None:
    value = dict(metadata).get(PREDICTION_KEY)
    return float(value) / 1000 if value is not None else None


async def measure(works: Sequence[Work], arguments: argparse.Namespace) -> int:
    promises = Promises()
    with running_server(*arguments.serve_flags) as server:
        async with AsyncClient(server.target) as client:
            expectations = await Expectations.read_alone(client, works)
        idle_mib = look(server.process.pid, time.monotonic()).total_mib
        async with AsyncExitStack() as open_channels:
            stubs = await connect(server.target, arguments, open_channels)
            async with MemoryWatch(server.process.pid, every_s=0.5) as watch:
                for name, scene in (("in one instant", at_once), ("for a while", for_a_while)):
                    crowd = Crowd(expectations)
                    seconds = await scene(crowd, stubs, arguments.seconds)
                    show(f"{len(stubs)} clients {name}", crowd, seconds)
                    promises.none(f"calls lost {name}", crowd.lost)
                    check_predictions(promises, crowd.admitted, arguments.predicted)
                    await until_idle(server)
    promises.none("wrong answers", expectations.wrong)
    promises.at_most("memory growth", watch.peak_mib - idle_mib, arguments.growth, " MiB")
    return promises.exit_status


async def connect(
    target: str, arguments: argparse.Namespace, open_channels: AsyncExitStack
) -> list[ocr_pb2_grpc.OcrServiceAsyncStub]:
    """A stub for each client. Without a pool of its own a channel shares others' connections."""
    count = arguments.connections or arguments.clients
    channels = [
        await open_channels.enter_async_context(
            aio.insecure_channel(target, [("grpc.use_local_subchannel_pool", 1)])
        )
        for _ in range(count)
    ]
    await asyncio.gather(*(channel.channel_ready() for channel in channels))
    stubs = [ocr_pb2_grpc.OcrServiceStub(channel) for channel in channels]
    return list(itertools.islice(itertools.cycle(stubs), arguments.clients))


async def at_once(
    crowd: Crowd, stubs: Sequence[ocr_pb2_grpc.OcrServiceAsyncStub], seconds: float
) -> float:
    """One call of each client, all begun before any is answered; how long until the last ended."""
    del seconds
    started_at = time.monotonic()
    works = itertools.cycle(crowd.expectations.alone)
    await asyncio.gather(*(crowd.call(stub, next(works)) for stub in stubs))
    return time.monotonic() - started_at


async def for_a_while(
    crowd: Crowd, stubs: Sequence[ocr_pb2_grpc.OcrServiceAsyncStub], seconds: float
) -> float:
    """Call after call of each client; how long until the last one ended."""
    started_at = time.monotonic()
    works = list(crowd.expectations.alone)

    async def stay(stub: ocr_pb2_grpc.OcrServiceAsyncStub, drawing: random.Random) -> None:
        while time.monotonic() - started_at < seconds:
            retry_after_s = await crowd.call(stub, drawing.choice(works))
            await asyncio.sleep(retry_after_s or 0.0)

    await asyncio.gather(*(stay(stub, random.Random(n)) for n, stub in enumerate(stubs)))
    return time.monotonic() - started_at


def show(name: str, crowd: Crowd, seconds: float) -> None:
    print(f"\n{name}: {seconds:.1f} s")
    rate = len(crowd.admitted) / seconds
    print(f"answered {len(crowd.admitted)} ({rate:.2f} a second), refused", end=" ")
    print(f"{len(crowd.retry_after_s)}, lost {len(crowd.lost)}")
    for label, values in (
        ("answered after", [each.waited_s for each in crowd.admitted]),
        ("told to come back after", crowd.retry_after_s),
    ):
        if values:
            p50, p95 = percentile(values, 0.5), percentile(values, 0.95)
            print(f"{label:<24} p50 {p50:.2f} s, p95 {p95:.2f} s, max {max(values):.2f} s")


def check_predictions(promises: Promises, admitted: Sequence[Admitted], promised: float) -> None:
    """Say how near the server's predictions came to what it took from admission to result."""
    errors = [each.error_share for each in admitted if each.error_share is not None]
    if not errors:
        print("the server predicted nothing that could be compared")
        return
    near = sum(abs(error) <= _CLOSE_ENOUGH for error in errors) / len(errors)
    shown = ", ".join(
        f"p{share * 100:.0f} {1 + percentile(errors, share):.2f}" for share in (0.05, 0.5, 0.95)
    )
    print(f"took / predicted: {shown} of {len(errors)}")
    promises.at_least(f"predictions within {_CLOSE_ENOUGH:.0%}", near, promised)


if __name__ == "__main__":
    sys.exit(main())
