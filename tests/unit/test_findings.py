import pytest
from pydantic import BaseModel, Field, ValidationError, model_validator

from inkstream_server.findings import findings


class Inner(BaseModel, extra="forbid"):
    count: int = Field(ge=1)


class Tree(BaseModel, extra="forbid"):
    inner: Inner = Inner(count=1)
    names: tuple[str, ...] = ("a",)

    @model_validator(mode="after")
    def _is_named(self) -> "Tree":
        if not self.names:
            raise ValueError("there must be a name")
        return self


def found_in(tree: object) -> str:
    with pytest.raises(ValidationError) as raised:
        Tree.model_validate(tree)
    return findings(raised.value)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"other": 1}, "other is no known key"),
        ({"inner": {}}, "inner.count is missing"),
        ({"inner": {"count": 0}}, "inner.count is 0: Input should be greater than or equal to 1"),
        ({"names": []}, "the whole: there must be a name"),
    ],
)
def test_each_finding_names_its_key_and_what_is_wrong_with_it(tree: object, words: str) -> None:
    assert found_in(tree) == words


def test_all_findings_stand_in_one_line() -> None:
    told = found_in({"other": 1, "inner": {"count": 0}})

    assert told.count("; ") == 1
    assert "\n" not in told


def test_a_key_is_told_with_where_it_came_from() -> None:
    with pytest.raises(ValidationError) as raised:
        Tree.model_validate({"other": 1})

    assert findings(raised.value, lambda key: f"file of {key}") == (
        "other is no known key (from file of other)"
    )
