import pytest

from inkstream_server.errors import ModelArchiveRefused
from inkstream_server.models.member_names import refuse_foul_names


@pytest.mark.parametrize(
    ("names", "violation"),
    [
        (["/etc/passwd"], "ABSOLUTE_PATH"),
        (["../up"], "PATH_LEAVES"),
        (["a/../../up"], "PATH_LEAVES"),
        (["a/.."], "PATH_LEAVES"),
        (["..\\up"], "FOUL_NAME"),
        (["C:up"], "FOUL_NAME"),
        (["a\0b"], "FOUL_NAME"),
        (["a\nb"], "FOUL_NAME"),
        ([""], "FOUL_NAME"),
        (["a/b", "a/b"], "DUPLICATE"),
        (["a/b", "./a//b"], "DUPLICATE"),
        (["a/b", "a/b/"], "DUPLICATE"),
        (["a/b", "A/b"], "CASE_CLASH"),
        (["straße", "STRASSE"], "CASE_CLASH"),
        (["caf\u00e9", "cafe\u0301"], "CASE_CLASH"),
    ],
)
def test_a_foul_name_is_refused_with_what_is_foul(names: list[str], violation: str) -> None:
    with pytest.raises(ModelArchiveRefused) as caught:
        refuse_foul_names(["good/file", *names], "x.tar")

    assert caught.value.facts["violation"] == violation
    assert caught.value.facts["file"] == names[-1]
    assert caught.value.message.startswith("x.tar is refused") and "\n" not in caught.value.message


def test_names_of_one_folder_pass() -> None:
    refuse_foul_names(["./", "./m/", "./m/a", "m/b", "m/..c", "m/a.b/a", "モデル/a"], "x.tar")


def test_a_long_name_is_shown_in_part() -> None:
    with pytest.raises(ModelArchiveRefused) as caught:
        refuse_foul_names(["/" + "x" * 10_000], "x.tar")

    assert len(caught.value.message) < 300
