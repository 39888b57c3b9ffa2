"""The client of Inkstream, a gRPC OCR inference server.

    from inkstream import Client

    with Client("localhost:50051") as client:
        for page in client.recognize_document("report.pdf"):
            print(page.text)

The messages themselves are in `inkstream.v1`.
"""

from inkstream.access import Tls
from inkstream.aio import AsyncClient
from inkstream.client import Client
from inkstream.connection import DEFAULT_MAX_MESSAGE_BYTES, DEFAULT_TARGET
from inkstream.documents import AsyncDocument, Document
from inkstream.errors import InkstreamError, MessageTooLarge
from inkstream.geometry import Box, Point, Polygon
from inkstream.options import Options, PageOrder
from inkstream.pipelines import create_pipeline
from inkstream.results import (
    Detection,
    DocumentEnd,
    DocumentEvent,
    DocumentStart,
    Failure,
    Frame,
    LineText,
    Page,
    PageTiming,
    StreamEvent,
    TextLine,
    Word,
)
from inkstream.server import Model, ServerInfo, Settings
from inkstream.sources import Source
from inkstream.streams import AsyncDocumentStream, DocumentStream
from inkstream.uploads import InputDocument

__all__ = [
    "DEFAULT_MAX_MESSAGE_BYTES",
    "DEFAULT_TARGET",
    "AsyncClient",
    "AsyncDocument",
    "AsyncDocumentStream",
    "Box",
    "Client",
    "Detection",
    "Document",
    "DocumentEnd",
    "DocumentEvent",
    "DocumentStart",
    "DocumentStream",
    "Failure",
    "Frame",
    "InkstreamError",
    "InputDocument",
    "LineText",
    "MessageTooLarge",
    "Model",
    "Options",
    "Page",
    "PageOrder",
    "PageTiming",
    "Point",
    "Polygon",
    "ServerInfo",
    "Settings",
    "Source",
    "StreamEvent",
    "TextLine",
    "Tls",
    "Word",
    "create_pipeline",
]
