"""The format of `inference.yml`: what stands beside a model about its use, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from inkstream_server.bounded_yaml import BadYaml, read_yaml
from inkstream_server.errors import ModelDamaged, ModelNotSupported
from inkstream_server.models.entry import Description
from inkstream_server.models.files import Module
from inkstream_server.models.recipe import Recipe
from inkstream_server.models.recipe_reading import read_recipe, steps_of
from inkstream_server.models.yml_values import NOTHING, Malformed, NotDone, Place

_BY_POST_PROCESS: Final = {
    "DBPostProcess": Module.TEXT_DETECTION,
    "CTCLabelDecode": Module.TEXT_RECOGNITION,
}
# Of lines in the order of the model's classes, which their stage relies on; of pages in any order.
_LINE_DEGREES: Final = ("0", "180")
_PAGE_DEGREES: Final = frozenset({"0", "90", "180", "270"})
_BY_NAME: Final = {"UVDoc": Module.DOC_UNWARPING}  # its file has nothing but the name


@dataclass(frozen=True, slots=True)
class InferenceYml:
    """What the file says; nothing, where there is no file. `module` None: it does not tell.

    `labels` are what a classifier's classes are called.
    """

    path: Path
    name: str = ""
    module: Module | None = None
    characters: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    root: Place = NOTHING

    @property
    def steps(self) -> Mapping[str, object]:
        """The names of the pre-processing's steps, with their arguments."""
        try:
            return {name: step.value for name, step in steps_of(self.root).items()}
        except Malformed as error:
            raise _damaged(self.path, error) from error

    def recipe(self, module: Module) -> Recipe:
        """How a model of this module wants its pictures.

        ModelDamaged, or ModelNotSupported, naming the file, the place in it and the value.
        """
        try:
            return read_recipe(self.root, module)
        except Malformed as error:
            raise _damaged(self.path, error) from error
        except NotDone as error:
            raise ModelNotSupported(
                f"{self.path} asks for what is not implemented: {error}", file=str(self.path)
            ) from error


def read_inference_yml(path: Path) -> InferenceYml:
    """ModelDamaged, naming the file and the place in it, when it makes no sense."""
    if not path.exists():
        return InferenceYml(path)
    try:
        return _description(path, read_yaml(path))
    except (OSError, BadYaml, Malformed) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> ModelDamaged:
    cause = " ".join(str(error).split())
    return ModelDamaged(f"{path} cannot be understood: {cause}", file=str(path))


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


def _description(path: Path, tree: object) -> InferenceYml:
    root = Place("", tree)
    after = root["PostProcess"]
    named = root["Global"]["model_name"]
    name = named.text() if named.value else ""
    labels = after["Topk"]["label_list"].texts()
    return InferenceYml(
        path=path,
        name=name,
        module=_module(name, after["name"].value, labels),
        characters=after["character_dict"].texts(),
        labels=labels,
        root=root,
    )


def _module(name: str, post_process: object, labels: tuple[str, ...]) -> Module | None:
    """By what the model's outputs are; the name is anybody's choice, and the last resort."""
    if isinstance(post_process, str) and post_process in _BY_POST_PROCESS:
        return _BY_POST_PROCESS[post_process]
    degrees = tuple(label.removesuffix("_degree") for label in labels)
    if degrees == _LINE_DEGREES:
        return Module.TEXTLINE_ORIENTATION
    if len(degrees) == len(_PAGE_DEGREES) and set(degrees) == _PAGE_DEGREES:
        return Module.DOC_ORIENTATION
    return _BY_NAME.get(name)


class _Dumper(yaml.SafeDumper):
    """Writes a part that occurs twice twice: people read this file."""

    def ignore_aliases(self, data: object) -> bool:
        return True
