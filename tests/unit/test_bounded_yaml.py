from pathlib import Path

import pytest

from inkstream_server.bounded_yaml import BadYaml, read_yaml

LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{at}: &a{at} [{','.join([f'*a{at - 1}'] * 10)}]\n" for at in range(1, 9)
)


def read(folder: Path, text: str) -> object:
    path = folder / "any.yml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path)


def test_an_alias_is_what_it_stands_for(tmp_path: Path) -> None:
    shapes = [[1, 3, 32, 32], [8, 3, 736, 736]]

    tree = read(
        tmp_path, f"paddle: &id001 {{x: {shapes}}}\ntensorrt: *id001\nname: &n any\nagain: *n"
    )

    assert tree == {
        "paddle": {"x": shapes},
        "tensorrt": {"x": shapes},
        "name": "any",
        "again": "any",
    }


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "") is None


def test_a_dictionary_of_every_chinese_character_is_read(tmp_path: Path) -> None:
    characters = [chr(code) for code in range(0x4E00, 0x4E00 + 90_000) if chr(code).isalpha()]

    assert read(tmp_path, "\n".join(f"- {each}" for each in characters)) == characters


def test_as_many_levels_as_are_allowed_are_read(tmp_path: Path) -> None:
    tree = read(tmp_path, "[" * 32 + "]" * 32)

    for _ in range(31):
        assert isinstance(tree, list)
        (tree,) = tree
    assert tree == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 33 + "]" * 33, r"deeper than 32 levels \(line 1\)"),
        ("[" * 100_000 + "]" * 100_000, "deeper than 32 levels"),
        ("a:\n" + "\n".join(" " * at + "- " for at in range(40)), r"deeper .* \(line 33\)"),
        (LAUGHS, r"more than 262144 values, aliases written out \(line 6\)"),
        ("[" + "a," * 300_000 + "]", "more than 262144 values"),
        ("a: &a [*a]", r"\*a stands for nothing, or for what holds it \(line 1\)"),
        ("- &a [1]\n- &a {b: *a}", r"\*a stands for .* \(line 2\)"),
        ("- *a", r"\*a stands for nothing"),
        ("name: " + "1:" * 1024 + "1", r"more than 1024 characters in one value"),
        ("name: !!bool maybe", r"tagged tag:yaml.org,2002:bool"),
        ("name: !!set {a}", r"tagged tag:yaml.org,2002:set"),
        ("name: 2026-02-31", "day is out of range"),
        ("name: 0b_", "invalid literal"),
        ("name: " + "1:" * 500 + "1.0", "too large"),
        ("? [1]\n: 2", "unhashable"),
        ("a: [", "while parsing"),
        ("#" * (4 << 20) + "\n", "more than 4194304 bytes"),
    ],
)
def test_what_would_take_too_much_or_makes_no_sense_is_refused(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(BadYaml, match=told):
        read(tmp_path, text)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "any.yml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(BadYaml, match="utf-8"):
        read_yaml(tmp_path / "any.yml")
