"""Decides whether a document is let in. It refuses at the door; it never makes anyone wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from inkstream_server.errors import OcrError, QueueFull, ShuttingDown, StartingUp


class Admission:
    """Counts the documents inside. Closed until it is opened."""

    def __init__(self, max_documents: int) -> None:
        self._max_documents = max_documents
        # Not the exception itself: one that is raised again and again keeps every call's frames.
        self._refusal: tuple[type[OcrError], str] | None = (
            StartingUp,
            "the server is starting; its workers warm up",
        )
        self.document_count = 0

    @property
    def is_open(self) -> bool:
        return self._refusal is None

    def open(self) -> None:
        """Let documents in from now on."""
        self._refusal = None

    def pause(self) -> None:
        """Let nobody in until it is opened again: there is no worker who could read anything."""
        self._refusal = StartingUp, "no worker is ready; they are being replaced"

    def close(self) -> None:
        """Let nobody in any more; who is inside stays."""
        self._refusal = ShuttingDown, "the server is shutting down"

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Be inside for the block. Raises QueueFull, StartingUp or ShuttingDown."""
        if self._refusal is not None:
            kind, message = self._refusal
            raise kind(message)
        if self.document_count >= self._max_documents:
            raise QueueFull(
                f"{self.document_count} documents are being read or wait; no more are taken now",
                documents=self.document_count,
                max_documents=self._max_documents,
            )
        self.document_count += 1
        try:
            yield
        finally:
            self.document_count -= 1
