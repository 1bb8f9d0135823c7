"""Pydantic's errors as faults that a person can act on: where, what is wrong, what would be right."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from service.foundation.errors import Fault
from service.inventory.values import shown

ELSEWHERE: Final = "put what has no place here under labels or annotations"

_WORDS: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "finite_number": "a finite number",
    "string_unicode": "text without half surrogates",
}
_BOUNDS: Final = {
    "greater_than_equal": ("ge", "at least {}"),
    "greater_than": ("gt", "more than {}"),
    "less_than_equal": ("le", "at most {}"),
    "string_too_long": ("max_length", "at most {} characters"),
    "too_long": ("max_length", "at most {} entries"),
}


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901) of `parts`, printable whatever they are."""
    text = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely meant."""
    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def unknown_key(word: str, known: Iterable[str], *, of: str, path: str) -> Fault:
    """The fault of a key that `of` does not have."""
    guess = nearest(word, known)
    expected = f"did you mean {guess!r}? Otherwise {ELSEWHERE}" if guess else ELSEWHERE
    return Fault(path, f"{of} has no {shown(word)}", expected)


def faults(error: ValidationError, model: type[BaseModel], *, of: str, at: Sequence[str | int] = ()) -> list[Fault]:
    """Every error of `error`, which `model` raised; `of` names the whole (`a model`), `at` is where the whole lies."""
    return [_fault(dict(one), model, of, tuple(at)) for one in error.errors(include_url=False)]


def _fault(error: Mapping[str, Any], model: type[BaseModel], of: str, at: tuple[str | int, ...]) -> Fault:
    kind, loc, given = error["type"], tuple(error["loc"]), error["input"]
    context = error.get("ctx", {})
    place = loc[:-1] if loc and loc[-1] == "[key]" else loc
    path = pointer(*at, *place)
    if kind == "refused":
        return Fault(path, context["message"], context["expected"])
    if kind == "missing":
        return Fault(path, f"{shown(loc[-1])} is missing")
    if kind == "extra_forbidden":
        whole = of if len(loc) == 1 else f"an entry of {loc[0]!r}"
        return unknown_key(str(loc[-1]), _keys(model, loc[:-1]), of=whole, path=path)
    if kind in {"literal_error", "enum"}:
        return Fault(path, f"{shown(given)} is not known here", f"one of {context['expected']}")
    if kind in _BOUNDS:
        key, text = _BOUNDS[kind]
        return Fault(path, f"{shown(given)} is out of bounds", text.format(context[key]))
    wanted = _WORDS.get(kind, error["msg"])
    if kind == "string_type" and isinstance(given, int | float):
        wanted = "text; put it in quotes"
    return Fault(path, f"{shown(given)} is {_sort(given)}", wanted)


def _sort(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a mapping"


def _keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """The keys that the model at `loc` below `model` knows."""
    here: Any = model
    for part in loc:
        here = _inside(here, part)
    return [field.alias or name for name, field in here.model_fields.items()]


def _inside(model: Any, part: str | int) -> Any:
    """What stands under `part` of a model, or under any part of a list or mapping, free of `Annotated` and `| None`."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        model = next(f.annotation for name, f in model.model_fields.items() if part in (name, f.alias))
    else:
        model = get_args(model)[-1]
    while get_origin(model) in (Annotated, Union, UnionType):
        model = get_args(model)[0]
    return model
