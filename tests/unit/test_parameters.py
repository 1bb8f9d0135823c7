"""What a parameter of each type may be, and what a refusal says would be right."""

from typing import Any

import pytest

from service.packs.parameters import Parameter, ParameterType, fault


def told(type_: ParameterType, value: Any) -> str | None:
    found = fault(Parameter("it", type_, None, ""), value, {"EU"})
    return None if found is None else f"{found.message}; {found.expected}"


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (ParameterType.COUNTRIES, []),
        (ParameterType.COUNTRIES, ["DE", "CH"]),
        (ParameterType.INTERFACES, ["open", "de_facto"]),
        (ParameterType.OPENNESS_CLASS, 1),
        (ParameterType.OPENNESS_CLASS, 3),
    ],
)
def test_what_fits_is_taken(type_: ParameterType, value: Any) -> None:
    assert told(type_, value) is None


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (ParameterType.COUNTRIES, ["EU"], "'EU' is not known; a list of ISO 3166-1 country codes"),
        (ParameterType.COUNTRIES, ["US-CA"], "'US-CA' is not known"),
        (ParameterType.COUNTRIES, "DE", "'DE' is no list"),
        (ParameterType.PLACES, [], "the list is empty; a list of blocs (EU)"),
        (ParameterType.INTERFACES, [], "the list is empty; a list of one or more of open"),
        (ParameterType.OPENNESS_CLASS, 0, "0 is out of range; a class of the Model Openness Framework"),
        (ParameterType.OPENNESS_CLASS, 4, "4 is out of range"),
    ],
)
def test_what_does_not_fit_is_told_with_what_would(type_: ParameterType, value: Any, expected: str) -> None:
    assert expected in (told(type_, value) or "")
