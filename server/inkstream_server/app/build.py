"""Builds a server's parts from its configuration and wires them. Nothing is started here."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass

from inkstream_server.app.batching import BatchPolicies
from inkstream_server.app.http_parts import HttpShared, endpoints, url_sources
from inkstream_server.app.loads import ModelLoads
from inkstream_server.app.plan import ServerPlan, plan_server
from inkstream_server.app.pools import ServerPools
from inkstream_server.app.readers import build_readers
from inkstream_server.app.reloading import Reloader
from inkstream_server.app.security import Security, build_security, entrance, http_guard
from inkstream_server.app.served import served_models
from inkstream_server.app.tracing import open_tracing
from inkstream_server.app.tuning import Tuner
from inkstream_server.app.widths import ModelWidths
from inkstream_server.config import ServerConfig
from inkstream_server.front.calls import Calls
from inkstream_server.front.grpc_server import GrpcServer, Services
from inkstream_server.front.http_server import HttpServer, Watching
from inkstream_server.front.model_service import ModelService, ServerFacts
from inkstream_server.front.ocr_service import OcrService
from inkstream_server.front.requests import RequestReader
from inkstream_server.front.stream_call import StreamTools
from inkstream_server.front.url_fetch import UrlFetcher
from inkstream_server.pipeline.dispatcher import Dispatcher, Queueing
from inkstream_server.pipeline.page_work import PageWork
from inkstream_server.pipeline.settings import SettingsBook
from inkstream_server.scheduling.accounts import Accounts
from inkstream_server.scheduling.admission import Admission
from inkstream_server.scheduling.backlog import Backlog
from inkstream_server.scheduling.budget import Budget
from inkstream_server.scheduling.learning import DrainRate
from inkstream_server.telemetry.metrics import Metrics
from inkstream_server.telemetry.tracing import Tracing
from inkstream_server.workers.model_tasks import LoadedModel


@dataclass(frozen=True, slots=True)
class Parts:
    """A server that is built and not started."""

    grpc: GrpcServer
    http: HttpServer
    urls: UrlFetcher
    cpu: Dispatcher
    models: Dispatcher
    calls: Calls
    admission: Admission
    security: Security
    # Filled when the workers are warm.
    loaded: list[LoadedModel]
    # Asked before the workers start; the others are told what it says.
    tuner: Tuner
    policies: BatchPolicies
    loads: ModelLoads
    reloader: Reloader
    metrics: Metrics
    tracing: Tracing | None

    def tell_models(self) -> None:
        """Have the metrics tell which models are served, and how."""
        for each in self.loaded:
            kind = (each.name, each.module.value, each.engine, each.device, each.precision)
            self.metrics.server.model.labels(*kind).set(1)


def build(config: ServerConfig) -> Parts:
    """Raises OcrError where a model, an engine or a device is missing."""
    server_plan = plan_server(config)
    metrics = Metrics()
    policies = BatchPolicies(config.batching, server_plan.models)
    loads = ModelLoads(server_plan.models, policies)
    pools = ServerPools(config, server_plan, _queueing(config, policies, loads), metrics)
    book = SettingsBook(config.pipeline, served_models(server_plan.models))
    security = build_security(config, metrics.renewals)
    admission = _admission(config, server_plan, security.accounts)
    loaded: list[LoadedModel] = []
    widths = ModelWidths(config.inference.width_step, loaded, server_plan.models)
    work = PageWork(loads.of, admission.drain, server_plan.workers.model_workers)
    readers = build_readers(config, pools, admission, work, widths.of)
    tracing = open_tracing(config.telemetry, _version())
    calls = Calls(metrics, max_unread_s=config.server.max_unread_s, tracing=tracing)
    fetcher = UrlFetcher(config.urls, metrics.urls)
    incoming = Budget(config.uploads.incoming_bytes)
    metrics.room.watch_uploads("incoming", incoming)
    metrics.room.watch_documents(lambda: admission.document_count, config.server.max_documents)
    metrics.server.build.labels(_version()).set(1)
    urls = url_sources(config, fetcher, readers.intake, incoming)
    tools = StreamTools(
        RequestReader(book, config.limits), readers.intake, readers.documents, urls, config.uploads,
        config.limits.max_document_bytes, metrics,
    )  # fmt: skip
    services = Services(
        OcrService(tools, readers.lines, calls), ModelService(_facts(config, book), loaded, calls)
    )
    shared = HttpShared(book, readers, urls, incoming, calls)
    model_names = [model.files.name for model in server_plan.models]
    answering = endpoints(config, shared, metrics.registry, model_names)
    grpc = GrpcServer(config.server, services, entrance(security, calls))
    return Parts(
        grpc=grpc,
        http=HttpServer(
            config.server,
            answering,
            Watching(metrics.registry, lambda: grpc.is_serving),
            http_guard(config, security, calls, answering.open_paths),
            security.tls,
        ),
        security=security,
        urls=fetcher,
        cpu=pools.workers.cpu,
        models=pools.workers.models,
        calls=calls,
        admission=admission,
        loaded=loaded,
        tuner=Tuner(config, server_plan),
        policies=policies,
        loads=loads,
        reloader=Reloader(config, server_plan, readers.gate, metrics.workers),
        metrics=metrics,
        tracing=tracing,
    )


def _queueing(config: ServerConfig, policies: BatchPolicies, loads: ModelLoads) -> Queueing:
    return Queueing(policies.of, loads.of, config.batching.batch_share, policies.size_of)


def _version() -> str:
    return importlib.metadata.version("inkstream")


def _admission(config: ServerConfig, server_plan: ServerPlan, accounts: Accounts) -> Admission:
    return Admission(
        config.server.max_documents,
        Backlog(config.batching.batch_share),
        DrainRate(initial=float(server_plan.workers.model_workers)),
        accounts,
    )


def _facts(config: ServerConfig, book: SettingsBook) -> ServerFacts:
    return ServerFacts(
        version=_version(),
        defaults=book.defaults,
        limits=config.limits,
        max_message_bytes=config.server.max_message_bytes,
    )
