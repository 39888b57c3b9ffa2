"""Builds what answers over HTTP, and what fetches URLs, from a server's configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from inkstream_server.app.readers import Readers
from inkstream_server.config import ServerConfig
from inkstream_server.front.calls import Calls
from inkstream_server.front.http_body import BodyLimits
from inkstream_server.front.http_ocr import OcrEndpoint, OcrTools
from inkstream_server.front.http_server import Endpoints, Viewer
from inkstream_server.front.live_endpoint import LiveEndpoint
from inkstream_server.front.pages_endpoint import PagesEndpoint, PagesTools
from inkstream_server.front.url_fetch import UrlFetcher
from inkstream_server.front.url_sources import UrlSources
from inkstream_server.front.viewer_files import ViewerFiles
from inkstream_server.pipeline.intake import Intake
from inkstream_server.pipeline.settings import SettingsBook
from inkstream_server.scheduling.budget import Budget


def url_sources(
    config: ServerConfig, fetcher: UrlFetcher, intake: Intake, incoming: Budget
) -> UrlSources:
    return UrlSources(
        fetcher,
        intake,
        incoming,
        max_bytes=min(config.urls.max_bytes, config.limits.max_document_bytes),
        max_lines_bytes=min(config.urls.max_bytes, config.server.max_message_bytes),
    )


@dataclass(frozen=True, slots=True)
class HttpShared:
    """What HTTP's endpoints share with gRPC's services, and with each other."""

    book: SettingsBook
    readers: Readers
    urls: UrlSources
    incoming: Budget
    calls: Calls


def endpoints(
    config: ServerConfig,
    shared: HttpShared,
    registry: CollectorRegistry,
    model_names: Sequence[str],
) -> Endpoints:
    viewer = (
        Viewer(ViewerFiles(), LiveEndpoint(registry, model_names)) if config.http.page else None
    )
    return Endpoints(
        OcrEndpoint(_ocr_tools(config, shared), shared.calls),
        PagesEndpoint(_pages_tools(config, shared), shared.calls),
        viewer,
    )


def _ocr_tools(config: ServerConfig, shared: HttpShared) -> OcrTools:
    return OcrTools(
        book=shared.book,
        intake=shared.readers.intake,
        reader=shared.readers.documents,
        urls=shared.urls,
        limits=_body_limits(config),
        incoming=shared.incoming,
        config=config.http,
    )


def _pages_tools(config: ServerConfig, shared: HttpShared) -> PagesTools:
    return PagesTools(
        book=shared.book,
        intake=shared.readers.intake,
        reader=shared.readers.documents,
        limits=config.limits,
        body=_body_limits(config),
        incoming=shared.incoming,
    )


def _body_limits(config: ServerConfig) -> BodyLimits:
    return BodyLimits(
        max_file_bytes=min(config.server.max_message_bytes, config.limits.max_document_bytes),
        max_idle_s=config.uploads.max_idle_s,
        min_bytes_per_s=config.http.min_bytes_per_s,
    )
