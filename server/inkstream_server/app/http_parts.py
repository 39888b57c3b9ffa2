"""Builds what answers POST /ocr, and what fetches URLs, from a server's configuration."""

from __future__ import annotations

from inkstream_server.app.readers import Readers
from inkstream_server.config import ServerConfig
from inkstream_server.front.http_body import BodyLimits
from inkstream_server.front.http_ocr import OcrTools
from inkstream_server.front.url_fetch import UrlFetcher
from inkstream_server.front.url_sources import UrlSources
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


def ocr_tools(
    config: ServerConfig, book: SettingsBook, readers: Readers, urls: UrlSources, incoming: Budget
) -> OcrTools:
    return OcrTools(
        book=book,
        intake=readers.intake,
        reader=readers.documents,
        urls=urls,
        limits=BodyLimits(
            max_file_bytes=min(config.server.max_message_bytes, config.limits.max_document_bytes),
            max_idle_s=config.uploads.max_idle_s,
            min_bytes_per_s=config.http.min_bytes_per_s,
        ),
        incoming=incoming,
        config=config.http,
    )
