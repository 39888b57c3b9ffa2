import pytest
from pydantic import ValidationError

from inkstream_server.document.limits import DocumentLimits
from inkstream_server.errors import InvalidField


def test_dpi_zero_leaves_the_choice_to_the_server() -> None:
    assert DocumentLimits().requested_dpi(0) is None


@pytest.mark.parametrize("dpi", [36, 144, 600])
def test_a_dpi_within_the_bounds_is_taken(dpi: int) -> None:
    assert DocumentLimits(min_dpi=36).requested_dpi(dpi) == dpi


@pytest.mark.parametrize("dpi", [-1, 35, 601])
def test_a_dpi_outside_the_bounds_is_refused_with_the_bounds(dpi: int) -> None:
    with pytest.raises(InvalidField, match="36 to 600") as caught:
        DocumentLimits(min_dpi=36).requested_dpi(dpi)

    assert caught.value.facts["field"] == "pages.dpi"


def test_a_default_dpi_that_no_request_could_name_stops_the_start() -> None:
    with pytest.raises(ValidationError, match="min_dpi <= default_dpi <= max_dpi"):
        DocumentLimits(default_dpi=700)


def test_unknown_keys_and_bad_values_stop_the_start() -> None:
    with pytest.raises(ValidationError, match="max_pixels"):
        DocumentLimits.model_validate({"max_pixels": 1})
    with pytest.raises(ValidationError, match="max_image_pixels"):
        DocumentLimits(max_image_pixels=0)
