"""What is simulated: a machine, a server on it, and who sends what. All of it is input."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from inkstream_server.scheduling.policy import BatchPolicy
from inkstream_server.scheduling.priority import Priority
from inkstream_server.scheduling.shares import DEFAULT_BATCH_SHARE
from inkstream_server.simulation.choice import Choice
from inkstream_server.simulation.front import FrontCosts

Seconds = Annotated[float, Field(ge=0.0)]
Weight = Annotated[float, Field(gt=0.0)]


class Value(BaseModel):
    """Every part of a scenario: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Runs(Enum):
    """What a batch is computed on."""

    CORES = "cores"  # all of it on the machine's cores
    DEVICE = "device"  # the engine's part on a device of its own, one batch at a time


class Machine(Value):
    """Where the server runs."""

    # Not whole where something else has a part of them.
    cores: float = Field(gt=0.0)
    runs_on: Runs = Runs.CORES
    # How many accelerators there are; of no matter where batches run on the cores.
    devices: int = Field(default=1, ge=1, le=1024)
    # Processes that run models, for each device, or in all where there is none.
    model_workers: int = Field(default=1, ge=1, le=256)
    model_threads: int = Field(default=1, ge=1, le=256)
    cpu_workers: int = Field(default=2, ge=1, le=1024)

    @property
    def model_worker_count(self) -> int:
        return self.model_workers * (self.devices if self.runs_on is Runs.DEVICE else 1)


class Server(Value):
    """How the server is set up: keys as in its own configuration."""

    text_detection: BatchPolicy = BatchPolicy(max_count=1)
    text_recognition: BatchPolicy = BatchPolicy()
    # The recogniser that all lines are read by. None: the first that there are times of.
    text_rec_model: str | None = None
    # Only lines of one page share a batch: what a server does that batches within a request.
    batches_within_pages_only: bool = False
    # 1: exact. None: the few widths that a server takes where precision is not fp32.
    width_step: int | None = Field(default=1, ge=1, le=320)
    batch_share: float = Field(default=DEFAULT_BATCH_SHARE, ge=0.01, le=0.99)
    max_documents: int = Field(default=64, ge=1)
    window_pages: int | None = Field(default=None, ge=1)
    working_pages: int | None = Field(default=None, ge=1)


class StepCosts(Value):
    """Seconds of a CPU worker for each step of a page."""

    open: Seconds = 0.001
    measure: Seconds = 0.001
    draw: Seconds = 0.03
    find: Seconds = 0.01
    cut: Seconds = 0.002
    # For each line more.
    cut_line: Seconds = 0.0005


class Sheet(Value):
    """What pages are like. Widths are lines' own, at 48 pixels of height."""

    weight: Weight = 1.0
    detector_shape: tuple[int, int]
    lines: Choice
    line_width_px: Choice


class Kind(Value):
    """Documents that are alike. A picture is read by one call; a document's pages are streamed."""

    is_document: bool = False
    pages: Choice = 1
    sheets: Annotated[tuple[Sheet, ...], Field(min_length=1)]
    steps: StepCosts = StepCosts()
    priority: Priority = Priority.INTERACTIVE
    order: Literal["document", "completion"] = "document"
    # What callers allow; None: all the time.
    deadline_s: float | None = Field(default=None, gt=0.0)

    @model_validator(mode="after")
    def _pictures_have_one_page(self) -> Kind:
        if not self.is_document and self.pages != 1:
            raise ValueError("only documents have pages: set is_document")
        return self


class Poisson(Value):
    """Calls that know nothing of each other."""

    poisson_per_s: float = Field(gt=0.0)


class Constant(Value):
    """A call after every interval."""

    constant_per_s: float = Field(gt=0.0)


class Closed(Value):
    """Callers who send, wait for the answer, think, and send again; refused, they come back."""

    callers: int = Field(ge=1)
    think_s: Seconds = 0.0


class Source(Value):
    """A stream of documents. Calls come from its clients in turn."""

    arrivals: Poisson | Constant | Closed
    # Kinds by their weights.
    kinds: dict[str, Weight]
    clients: int = Field(default=1, ge=1)


class Scenario(Value):
    """All of it. What happens in the first `warm_up_s` is not counted."""

    machine: Machine
    server: Server = Server()
    front: FrontCosts = FrontCosts()
    kinds: dict[str, Kind]
    traffic: Annotated[tuple[Source, ...], Field(min_length=1)]
    # The file with the times of batches: what `inkstream tune --json` prints.
    costs: str | None = None
    seed: int = 1
    warm_up_s: Seconds = 5.0
    duration_s: float = Field(default=60.0, gt=0.0)

    @field_validator("kinds")
    @classmethod
    def _some_kind(cls, kinds: dict[str, Kind]) -> dict[str, Kind]:
        if not kinds:
            raise ValueError("there must be one at least")
        return kinds

    @model_validator(mode="after")
    def _kinds_are_known(self) -> Scenario:
        named = {name for source in self.traffic for name in source.kinds}
        if unknown := sorted(named - set(self.kinds)):
            raise ValueError(f"traffic has kinds that are not described: {', '.join(unknown)}")
        return self
