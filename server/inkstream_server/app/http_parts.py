"""Builds what fetches URLs from a server's configuration."""

from __future__ import annotations

from inkstream_server.config import ServerConfig
from inkstream_server.front.url_fetch import UrlFetcher
from inkstream_server.front.url_sources import UrlSources
from inkstream_server.pipeline.intake import Intake


def url_sources(config: ServerConfig, fetcher: UrlFetcher, intake: Intake) -> UrlSources:
    return UrlSources(
        fetcher,
        intake,
        max_bytes=min(config.urls.max_bytes, config.limits.max_document_bytes),
        max_lines_bytes=min(config.urls.max_bytes, config.server.max_message_bytes),
    )
