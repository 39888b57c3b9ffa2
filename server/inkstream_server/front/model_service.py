"""ModelService: tells what is served, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inkstream.v1 import models_pb2, models_pb2_grpc
from inkstream_server.document.limits import DocumentLimits
from inkstream_server.front import responses
from inkstream_server.front.calls import Calls, Context
from inkstream_server.models.files import Module
from inkstream_server.pipeline.settings import PageSettings
from inkstream_server.workers.model_tasks import LoadedModel


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a client can ask about the server as a whole."""

    version: str
    defaults: PageSettings
    limits: DocumentLimits
    max_message_bytes: int


class ModelService(models_pb2_grpc.ModelServiceServicer):
    def __init__(self, facts: ServerFacts, models: Sequence[LoadedModel], calls: Calls) -> None:
        """`models` is filled by its owner once the workers are warm."""
        self._facts = facts
        self._models = models
        self._calls = calls

    async def ListModels(  # noqa: N802 - the contract's name
        self, request: models_pb2.ListModelsRequest, context: Context
    ) -> models_pb2.ListModelsResponse:
        async with self._calls.answering("ListModels", context):
            models = [
                responses.model(each, is_default=self._is_default(each)) for each in self._models
            ]
            return models_pb2.ListModelsResponse(models=models)
        raise AssertionError("a failed call is aborted")

    def _is_default(self, model: LoadedModel) -> bool:
        """Of recognisers one is; of the other modules there is but one model."""
        is_recogniser = model.module is Module.TEXT_RECOGNITION
        return not is_recogniser or model.name == self._facts.defaults.text_rec_model

    async def GetServerInfo(  # noqa: N802 - as above
        self, request: models_pb2.GetServerInfoRequest, context: Context
    ) -> models_pb2.GetServerInfoResponse:
        facts = self._facts
        async with self._calls.answering("GetServerInfo", context):
            return models_pb2.GetServerInfoResponse(
                version=facts.version,
                defaults=responses.settings(facts.defaults),
                max_message_bytes=facts.max_message_bytes,
                max_document_pages=facts.limits.max_document_pages,
                max_image_pixels=facts.limits.max_image_pixels,
                max_document_bytes=facts.limits.max_document_bytes,
                max_lines=facts.limits.max_lines,
            )
        raise AssertionError("a failed call is aborted")
