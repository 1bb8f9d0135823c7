"""The gate as a decision document of OPA: what may be its `input`, and what is found under its paths. Pure.

`input` is one of these, told apart by what it holds:

- `{"candidate": [manifest, …]}`, as `POST /gate` takes it;
- `{"file": {"name": …, "content": …}}`, a file of any type that the gate reads, as text;
- an object of Kubernetes, or any other document that the gate reads in JSON;
- a list of such objects, or of `{"path", "contents"}` as `conftest --combine` puts files together.

A review of an API server is the affair of `admission.py`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.foundation import canonical
from service.foundation.errors import Fault, Invalid
from service.gate.reading.parts import File, Type

NAME: Final = "input.json"
KEYS: Final = frozenset(
    {"allow", "deny", "decision_id", "ignored", "missing", "reasons", "undecided", "verdict", "warn"}
)
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_FORMS: Final = "candidate, file, an object of Kubernetes, a list of them, or an AdmissionReview"


@dataclass(frozen=True, slots=True)
class Given:
    """What is to be judged: files, and their type where the form of the input tells it."""

    files: tuple[File, ...]
    type: Type | None = None


class _Undefined:
    """What OPA answers nothing for."""


UNDEFINED: Final = _Undefined()


def given(document: Any) -> Given:
    """What an `input` asks about.

    Raises:
        Invalid: it has none of the forms above.
    """
    if isinstance(document, list):
        return _several(document)
    if not isinstance(document, Mapping) or not document:
        raise _wrong("/input", "is no document that can be judged", _FORMS)
    if set(document) == {"candidate"}:
        if not isinstance(document["candidate"], list):
            raise _wrong("/input/candidate", "is not a list", "a list of manifests")
        return Given((File(NAME, canonical.encode(document["candidate"])),), Type.ALLOD)
    if set(document) == {"file"}:
        return Given((_file(document["file"]),))
    return Given((File(NAME, canonical.encode(document)),))


def result(decision: Mapping[str, Any]) -> dict[str, Any]:
    """The decision document. `decision` has the keys that `POST /gate` answers."""
    reasons: Sequence[Mapping[str, Any]] = decision["reasons"]
    return {
        "allow": decision["verdict"] in {"allow", "warn"},
        "verdict": decision["verdict"],
        "undecided": decision["undecided"],
        "deny": [_message(one) for one in reasons if one["enforcement"] == "block"],
        "warn": [_message(one) for one in reasons if one["enforcement"] == "warn"],
        "reasons": list(reasons),
        "missing": list(decision["missing"]),
        "ignored": list(decision["ignored"]),
        "decision_id": decision["id"],
    }


def at(document: Any, path: Sequence[str]) -> Any:
    """What stands under `path`, `UNDEFINED` where nothing does; a number steps into a list."""
    for step in path:
        if isinstance(document, Mapping) and step in document:
            document = document[step]
        elif isinstance(document, list) and _NUMBER.fullmatch(step) and int(step) < len(document):
            document = document[int(step)]
        else:
            return UNDEFINED
    return document


def _several(documents: Sequence[Any]) -> Given:
    if not documents:
        raise _wrong("/input", "is an empty list", "at least one document")
    files: list[File] = []
    for index, one in enumerate(documents):
        if isinstance(one, Mapping) and set(one) == {"path", "contents"}:
            if not isinstance(one["path"], str):
                raise _wrong(f"/input/{index}/path", "is not a text", "the path of the file")
            contents = one["contents"] if isinstance(one["contents"], list) else [one["contents"]]
            files += [File(one["path"], canonical.encode(part)) for part in contents]
        elif isinstance(one, Mapping) and one:
            files.append(File(NAME, canonical.encode(one)))
        else:
            raise _wrong(f"/input/{index}", "is no document that can be judged", "an object")
    return Given(tuple(files))


def _file(value: Any) -> File:
    if not isinstance(value, Mapping) or set(value) != {"name", "content"}:
        raise _wrong("/input/file", "is not a file", "a mapping of name and content")
    for key in ("name", "content"):
        if not isinstance(value[key], str):
            raise _wrong(f"/input/file/{key}", "is not a text", "a text")
    return File(value["name"], value["content"].encode("utf-8", "surrogatepass"))


def _message(reason: Mapping[str, Any]) -> str:
    return f"{reason['rule']}: {reason['asset']}: {reason['message']} {reason['remedy']}"


def _wrong(path: str, message: str, expected: str) -> Invalid:
    return Invalid(f"The input cannot be judged: {path} {message}.", [Fault(path, message, expected)])
