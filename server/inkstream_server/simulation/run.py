"""Builds a simulated server from a scenario, lets the traffic come, and tells what happened."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from inkstream_server.pipeline.bounds import window_page_count, working_page_count
from inkstream_server.pipeline.page_work import PageWork
from inkstream_server.scheduling.admission import Admission
from inkstream_server.scheduling.backlog import Backlog
from inkstream_server.scheduling.batcher import Batch, Batcher, Load
from inkstream_server.scheduling.learning import DrainRate
from inkstream_server.scheduling.policy import ONE_BY_ONE
from inkstream_server.simulation.clock import Clock, Steps
from inkstream_server.simulation.cores import Cores, Turns
from inkstream_server.simulation.costs import DETECTION, RECOGNITION, BatchTimes
from inkstream_server.simulation.front import Front
from inkstream_server.simulation.gate import Gate
from inkstream_server.simulation.pool import Order, Pool
from inkstream_server.simulation.reading import Bounds, Parts, Reader
from inkstream_server.simulation.records import Meter, Records
from inkstream_server.simulation.scenario import Machine, Runs, Scenario, Server
from inkstream_server.simulation.summary import BusyShares, Summary, summarise
from inkstream_server.simulation.traffic import Caller, start
from inkstream_server.simulation.workers import CpuStep, ModelKey, ModelWorkers, cpu_worker
from inkstream_server.stages.line_widths import LineWidths
from inkstream_server.workers.model_tasks import ModelBucket


def simulate(scenario: Scenario, times: BatchTimes) -> Summary:
    """Run a scenario with these batch times. The same scenario gives the same summary."""
    simulation = Simulation(scenario, times)
    simulation.run()
    return simulation.summary()


class Simulation:
    """A simulated machine with a server on it, and its traffic. To be run once."""

    def __init__(self, scenario: Scenario, times: BatchTimes) -> None:
        self._scenario = scenario
        machine, server = scenario.machine, scenario.server
        self._clock = Clock()
        self._cores = Cores(self._clock, machine.cores)
        self._front = Front(self._clock, self._cores, scenario.front)
        self._devices = [Turns(self._clock) for _ in range(machine.devices)]
        self.records = Records(self._clock)
        self._policies = {
            DETECTION: server.text_detection,
            RECOGNITION: server.text_recognition,
        }
        self._meters = {
            "cores": Meter(self._core_s),
            "front": Meter(lambda: self._front.busy_s),
            "devices": Meter(lambda: sum(device.busy_s for device in self._devices)),
        }
        reader = self._reader(machine, server, times)
        caller = Caller(self._clock, scenario.kinds, self.records, reader.read)
        for number, source in enumerate(scenario.traffic):
            start(source, f"source {number}", caller, f"{scenario.seed} {number}")

    def run(self) -> None:
        """Let all the time pass that the scenario has."""
        scenario = self._scenario
        self._clock.run_until(scenario.warm_up_s)
        self.records.start_counting()
        for meter in self._meters.values():
            meter.reset()
        self._clock.run_until(scenario.warm_up_s + scenario.duration_s)

    def summary(self) -> Summary:
        counted_s = self._scenario.duration_s
        max_counts = {model: policy.max_count for model, policy in self._policies.items()}
        return summarise(self.records, counted_s, max_counts, self._busy(counted_s))

    def _reader(self, machine: Machine, server: Server, times: BatchTimes) -> Reader:
        worker_count = machine.model_worker_count
        admission = Admission(
            server.max_documents,
            Backlog(server.batch_share),
            DrainRate(initial=float(worker_count)),
        )
        admission.open()

        @cache
        def load_of(bucket: ModelBucket) -> Load:
            return times.load(bucket, self._policies[bucket.model])

        parts = Parts(
            clock=self._clock,
            front=self._front,
            admission=admission,
            gate=Gate(self._clock, server.working_pages or working_page_count(worker_count)),
            work=PageWork(load_of, admission.drain, busy_page_count=worker_count),
            cpu=self._cpu_pool(machine, server),
            models=self._model_pool(machine, server, times, load_of),
            records=self.records,
        )
        bounds = Bounds(
            window_page_count=server.window_pages or window_page_count(worker_count),
            widths=LineWidths(server.width_step),
            batches_within_pages_only=server.batches_within_pages_only,
        )
        return Reader(parts, bounds)

    def _cpu_pool(self, machine: Machine, server: Server) -> Pool[CpuStep]:
        batcher: Batcher[CpuStep, Order] = Batcher(
            lambda step: ONE_BY_ONE, batch_share=server.batch_share
        )
        worker = cpu_worker(self._clock, self._cores, self._front, self.records)
        return Pool(
            self._clock,
            batcher,
            lambda step: Load(cost_s=step.work_s),
            [worker] * machine.cpu_workers,
        )

    def _model_pool(
        self,
        machine: Machine,
        server: Server,
        times: BatchTimes,
        load_of: Callable[[ModelBucket], Load],
    ) -> Pool[ModelKey]:
        batcher: Batcher[ModelKey, Order] = Batcher(
            lambda key: self._policies[key.bucket.model], batch_share=server.batch_share
        )
        workers = self._model_workers(machine, times)
        return Pool(self._clock, batcher, lambda key: load_of(key.bucket), workers)

    def _model_workers(
        self, machine: Machine, times: BatchTimes
    ) -> list[Callable[[Batch[ModelKey, Order]], Steps[None]]]:
        workers = ModelWorkers(
            self._clock, self._cores, machine.model_threads, times, self._front, self.records
        )
        if machine.runs_on is Runs.CORES:
            return [workers.on_cores()] * machine.model_workers
        return [
            workers.on_device(device)
            for device in self._devices
            for _ in range(machine.model_workers)
        ]

    def _busy(self, counted_s: float) -> BusyShares:
        machine, counts = self._scenario.machine, self.records.counts
        model_s = sum(count.busy_s for count in counts.batches.values())
        on_device = machine.runs_on is Runs.DEVICE
        return BusyShares(
            model_workers=model_s / (machine.model_worker_count * counted_s),
            devices=self._share("devices", machine.devices, counted_s) if on_device else None,
            cpu_workers=counts.cpu_step_s / (machine.cpu_workers * counted_s),
            front=self._share("front", 1, counted_s),
            cores=self._share("cores", machine.cores, counted_s),
        )

    def _share(self, meter: str, count: float, counted_s: float) -> float:
        return self._meters[meter].value / (count * counted_s)

    def _core_s(self) -> float:
        self._cores.settle()
        return self._cores.busy_s
