"""Says which of the models that are loaded stands at each place of the production line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from inkstream_server.models.files import ModelFiles, Module
from inkstream_server.pipeline.settings import ServedModels
from inkstream_server.workers.model_tasks import ModelToLoad


def served_models(models: Sequence[ModelToLoad]) -> ServedModels:
    files: dict[Module, list[ModelFiles]] = {}
    for model in models:
        files.setdefault(model.files.module, []).append(model.files)

    def name_of(module: Module) -> str | None:
        return files[module][0].name if module in files else None

    recogniser, *others = files[Module.TEXT_RECOGNITION]
    served = ServedModels(
        text_detection=files[Module.TEXT_DETECTION][0].name,
        text_recognition=recogniser.name,
        doc_orientation=name_of(Module.DOC_ORIENTATION),
        doc_unwarping=name_of(Module.DOC_UNWARPING),
        textline_orientation=name_of(Module.TEXTLINE_ORIENTATION),
        other_text_recognition=tuple(each.name for each in others),
        max_candidates=files[Module.TEXT_DETECTION][0].recipe.detection.max_candidates,
    )
    if Module.DOC_ORIENTATION in files:
        view = files[Module.DOC_ORIENTATION][0].recipe.doc_orientation.view
        served = replace(served, page_view=view)
    if Module.TEXTLINE_ORIENTATION in files:
        return replace(served, line_family=files[Module.TEXTLINE_ORIENTATION][0].line_family)
    return served
