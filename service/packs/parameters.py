"""Parameters: what a pack and a workspace may set of a rule, each with a type that says what is right. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from service.foundation.errors import Fault
from service.inventory import licence_terms, values

DATA_CLASSES: Final = ("public", "internal", "personal", "special_category", "health", "financial", "classified")
CRITICALITIES: Final = ("low", "medium", "high", "critical")
WEIGHTS: Final = ("open", "gated", "closed")
INTERFACES: Final = ("open", "de_facto", "proprietary")
GRADES: Final = ("verified", "inferred", "declared")
OBLIGATIONS: Final = tuple(sorted(licence_terms.OBLIGATIONS))
_LONGEST = 36_500  # days: a hundred years
_WHOLE = 10_000  # basis points


class ParameterType(StrEnum):
    """What sort of value a parameter takes."""

    PLACES = "places"
    DATA_CLASSES = "data_classes"
    CRITICALITIES = "criticalities"
    OBLIGATIONS = "obligations"
    WEIGHTS = "weights"
    BASIS_POINTS = "basis_points"
    DAYS = "days"
    COUNTRIES = "countries"  # may be empty: nobody said
    INTERFACES = "interfaces"
    OPENNESS_CLASS = "openness_class"
    GRADES = "grades"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing of a rule that can be set. `default` holds where neither pack nor workspace says otherwise."""

    name: str
    type: ParameterType
    default: Any
    description: str


_WORDS: Final[Mapping[ParameterType, tuple[str, ...]]] = {
    ParameterType.DATA_CLASSES: DATA_CLASSES,
    ParameterType.CRITICALITIES: CRITICALITIES,
    ParameterType.OBLIGATIONS: OBLIGATIONS,
    ParameterType.WEIGHTS: WEIGHTS,
    ParameterType.INTERFACES: INTERFACES,
    ParameterType.GRADES: GRADES,
}
_RANGES: Final[Mapping[ParameterType, tuple[int, int, str]]] = {
    ParameterType.BASIS_POINTS: (1, _WHOLE, "basis points, a whole number from 1 to 10000 (5000 is one half)"),
    ParameterType.DAYS: (1, _LONGEST, f"days, a whole number from 1 to {_LONGEST}"),
    ParameterType.OPENNESS_CLASS: (1, 3, "a class of the Model Openness Framework: 3, 2, or 1, which is best"),
}


def expectation(type_: ParameterType, blocs: Collection[str]) -> str:
    """What a value of this type looks like, for people."""
    if type_ in _RANGES:
        return _RANGES[type_][2]
    if type_ in _WORDS:
        return f"a list of one or more of {', '.join(_WORDS[type_])}"
    if type_ is ParameterType.COUNTRIES:
        return "a list of ISO 3166-1 country codes (FR), empty where nobody said"
    shown = ", ".join(sorted(blocs))
    return f"a list of blocs ({shown}), ISO 3166-1 country codes (FR) and ISO 3166-2 subdivisions (US-VA)"


def normalised(value: Any) -> Any:
    """A checked value in the one form that equal values have: lists sorted, each entry once."""
    return sorted(set(value)) if isinstance(value, list) else value


def fault(parameter: Parameter, value: Any, blocs: Collection[str], at: str = "/parameters") -> Fault | None:
    """What is wrong with `value`, None where nothing is; `at` is the JSON pointer of what holds the parameter."""
    wrong = _wrong_number(value, *_RANGES[parameter.type][:2]) if parameter.type in _RANGES else ""
    if parameter.type is ParameterType.COUNTRIES:
        wrong = "" if value == [] else _wrong_list(value, values.countries().__contains__)
    elif parameter.type not in _RANGES:
        words = _WORDS.get(parameter.type)
        wrong = _wrong_list(value, (lambda word: _is_place(word, blocs)) if words is None else words.__contains__)
    return Fault(f"{at}/{parameter.name}", wrong, expectation(parameter.type, blocs)) if wrong else None


def _wrong_number(value: Any, least: int, most: int) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"{values.shown(value)} is no whole number"
    return "" if least <= value <= most else f"{value} is out of range"


def _wrong_list(value: Any, holds: Callable[[str], bool]) -> str:
    if not isinstance(value, list):
        return f"{values.shown(value)} is no list"
    if not value:
        # "Nothing is allowed" or "nothing is restricted" is more often a slip than a policy.
        return "the list is empty"
    strange = [item for item in value if not isinstance(item, str) or not holds(item)]
    return f"{values.shown(strange[0])} is not known" if strange else ""


def _is_place(word: str, blocs: Collection[str]) -> bool:
    return word in blocs or word in values.countries() or word in values.subdivisions()
