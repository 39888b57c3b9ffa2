"""The format of `inference.yml`: what stands beside a model about its use, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml

from inkstream_server.errors import ModelDamaged
from inkstream_server.models.entry import Description
from inkstream_server.models.files import Module

_BY_POST_PROCESS: Final = {
    "DBPostProcess": Module.TEXT_DETECTION,
    "CTCLabelDecode": Module.TEXT_RECOGNITION,
}
# In the order of the model's classes, which the stages rely on.
_BY_DEGREES: Final = {
    ("0", "180"): Module.TEXTLINE_ORIENTATION,
    ("0", "90", "180", "270"): Module.DOC_ORIENTATION,
}
_BY_NAME: Final = {"UVDoc": Module.DOC_UNWARPING}  # its file has nothing but the name


@dataclass(frozen=True, slots=True)
class InferenceYml:
    """What the file says; nothing, where there is no file. `module` None: it does not tell.

    `steps` are the names of the pre-processing's steps, with their arguments; `labels` what a
    classifier's classes are called.
    """

    name: str = ""
    module: Module | None = None
    characters: tuple[str, ...] = ()
    steps: Mapping[str, object] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


class _Malformed(Exception):
    """Where in the tree it is wrong; becomes ModelDamaged, which also names the file."""


def read_inference_yml(path: Path) -> InferenceYml:
    """ModelDamaged, naming the file and the place in it, when it makes no sense."""
    if not path.exists():
        return InferenceYml()
    try:
        return _description(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, _Malformed) as error:
        cause = " ".join(str(error).split())
        raise ModelDamaged(f"{path} cannot be understood: {cause}", file=str(path)) from error


def inference_yml_text(name: str, description: Description, characters: tuple[str, ...]) -> str:
    """The same text for the same arguments, so that it can be hashed."""
    post_process = dict(description.post_process)
    if characters:
        post_process["character_dict"] = list(characters)
    tree = {
        "Global": {"model_name": name},
        "PreProcess": {"transform_ops": [dict(op) for op in description.transform_ops]},
        "PostProcess": post_process,
    }
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def _description(tree: object) -> InferenceYml:
    root = _mapping(tree, "the file")
    post_process = _mapping(root.get("PostProcess"), "PostProcess")
    topk = _mapping(post_process.get("Topk"), "PostProcess.Topk")
    name = str(_mapping(root.get("Global"), "Global").get("model_name") or "")
    labels = _texts(topk.get("label_list"), "PostProcess.Topk.label_list")
    return InferenceYml(
        name=name,
        module=_module(name, post_process.get("name"), labels),
        characters=_texts(post_process.get("character_dict"), "PostProcess.character_dict"),
        steps=_steps(_mapping(root.get("PreProcess"), "PreProcess").get("transform_ops")),
        labels=labels,
    )


def _steps(value: object) -> Mapping[str, object]:
    """Each of them is a mapping of one name to its arguments, or the bare name."""
    where = "PreProcess.transform_ops"
    steps = [
        {step: None} if isinstance(step, str) else _mapping(step, f"{where}[{at}]")
        for at, step in enumerate(_list(value, where))
    ]
    return {str(name): arguments for step in steps for name, arguments in step.items()}


def _module(name: str, post_process: object, labels: tuple[str, ...]) -> Module | None:
    """By what the model's outputs are; the name is anybody's choice, and the last resort."""
    if isinstance(post_process, str) and post_process in _BY_POST_PROCESS:
        return _BY_POST_PROCESS[post_process]
    degrees = tuple(label.removesuffix("_degree") for label in labels)
    return _BY_DEGREES.get(degrees) or _BY_NAME.get(name)


def _texts(value: object, where: str) -> tuple[str, ...]:
    return tuple(_text(item, f"{where}[{index}]") for index, item in enumerate(_list(value, where)))


def _text(value: object, where: str) -> str:
    """Digits are taken without quotes; `~` or `no` without them would be something else."""
    if isinstance(value, str) and value:
        return value
    if type(value) is int:
        return str(value)
    raise _Malformed(f"{where} is {value!r}; it must be a text (in quotes)")


def _list(value: object, where: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _Malformed(f"{where} must be a list")
    return value


def _mapping(value: object, where: str) -> Mapping[object, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Malformed(f"{where} must be a mapping")
    return value


class _Dumper(yaml.SafeDumper):
    """Writes a part that occurs twice twice: people read this file."""

    def ignore_aliases(self, data: object) -> bool:
        return True
