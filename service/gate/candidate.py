"""Candidates: what would exist after a deployment, as a request's body states it. Nobody has stored it.

The body is one of
- `{"candidate": [manifest, …], "partial": [{"type": "kubernetes", "manifest": manifest}, …]}`: whole assets, and parts of
  assets as files of a type tell them; one of the lists may be left out;
- `{"files": [{"name": "k8s/desk.yaml", "content": "…"}, …]}`: files as text, which are read here;
- a file as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from service.foundation import canonical
from service.foundation.errors import Fault, Invalid
from service.gate.laying import Candidate
from service.gate.reading.parts import File, Options, Reading, Type
from service.gate.reading.read import read as read_files
from service.inventory import manifest
from service.inventory.facts import Observation

ASSETS_MAX: Final = 5_000
FILES_MAX: Final = 1_000
_STATED: Final = frozenset({"candidate", "partial"})
_TYPES: Final = ", ".join(type_.value for type_ in Type)


@dataclass(frozen=True, slots=True)
class Given:
    """What was given: candidates in their order, and the files that they were read from, if files were given."""

    candidates: list[Candidate]
    readings: list[Reading] = field(default_factory=list)


def read(
    body: bytes, workspace: str, *, name: str = "", type: Type | None = None, options: Options | None = None
) -> Given:
    """The candidates in a request's body. All of it belongs to `workspace`.

    Args:
        body: as the module's docstring tells.
        workspace: where the candidates would be.
        name: what a file that is the body is called; it may help to tell its type.
        type: the type of the files; detected for each where it is None.
        options: what files cannot say.

    Raises:
        Invalid: with every fault of every document, by its number or its file and line.
    """
    try:
        whole = canonical.decode(body)
    except ValueError:
        whole = None
    options = options or Options()
    if isinstance(whole, Mapping) and whole and whole.keys() <= _STATED:
        return Given(_stated(whole, workspace))
    if isinstance(whole, Mapping) and whole.keys() == {"files"}:
        return of_readings(read_files(_files(whole["files"]), type, options), workspace)
    return of_readings(read_files([File(name or "candidate", body)], type, options), workspace)


def of_readings(readings: Sequence[Reading], workspace: str) -> Given:
    """The candidates that files propose.

    Raises:
        Invalid: one is not well formed or belongs elsewhere.
    """
    faults: list[Fault] = []
    found = []
    for reading in readings:
        for one in reading.proposed:
            where = _At(one.place.file, one.place.line)
            observation = _observation(one.manifest, workspace, faults, where)
            if observation is not None:
                found.append(Candidate(observation, None if one.whole else reading.type))
    _raise(faults)
    return Given(_enough(found), list(readings))


@dataclass(frozen=True, slots=True)
class _At:
    """Where a manifest stands: a file and a line, or its number in a list."""

    file: str | None = None
    line: int | None = None
    number: int | None = None

    def placed(self, fault: Fault) -> Fault:
        return Fault(
            fault.path, fault.message, fault.expected, self.number, fault.file or self.file, fault.line or self.line
        )


def _stated(body: Mapping[str, Any], workspace: str) -> list[Candidate]:
    faults: list[Fault] = []
    found: list[Candidate] = []
    for number, document in enumerate(_list(body, "candidate"), start=1):
        observation = _observation(document, workspace, faults, _At(number=number))
        if observation is not None:
            found.append(Candidate(observation))
    # Numbers go on, so that one number names one document of the body.
    for number, entry in enumerate(_list(body, "partial"), start=len(body.get("candidate", [])) + 1):
        type_ = _type(entry)
        if type_ is None:
            fault = Fault("/partial", "is no part of an asset", f"type (one of {_TYPES}) and manifest", number)
            faults.append(fault)
            continue
        observation = _observation(entry["manifest"], workspace, faults, _At(number=number))
        if observation is not None:
            found.append(Candidate(observation, type_))
    _raise(faults)
    if not found:
        raise Invalid("The candidate is empty.", [Fault("/candidate", "no manifest in it", "at least one")])
    return _enough(found)


def _type(entry: Any) -> Type | None:
    if not isinstance(entry, Mapping) or entry.keys() != {"type", "manifest"} or entry["type"] not in frozenset(Type):
        return None
    return Type(entry["type"])


def _list(body: Mapping[str, Any], key: str) -> list[Any]:
    listed = body.get(key, [])
    if not isinstance(listed, list):
        raise Invalid("The candidate cannot be read.", [Fault(f"/{key}", "is not a list", "a list of manifests")])
    return listed


def _files(listed: Any) -> list[File]:
    whole = isinstance(listed, list) and bool(listed)
    if not whole or not all(isinstance(one, Mapping) and one.keys() == {"name", "content"} for one in listed):
        fault = Fault("/files", "is no list of files", "a list of objects, each with name and content")
        raise Invalid("The candidate cannot be read.", [fault])
    if len(listed) > FILES_MAX:
        fault = Fault("/files", f"{len(listed)} files", f"at most {FILES_MAX}; ask in parts")
        raise Invalid("The candidate is too large.", [fault])
    found = []
    for number, one in enumerate(listed):
        name, content = one["name"], one["content"]
        if not (isinstance(name, str) and name and isinstance(content, str)):
            raise Invalid("The candidate cannot be read.", [Fault(f"/files/{number}", "name and content are texts")])
        found.append(File(name, content.encode("utf-8", "surrogatepass")))
    return found


def _observation(document: Any, workspace: str, faults: list[Fault], where: _At) -> Observation | None:
    try:
        observation = manifest.observation(document, workspace=workspace)
    except Invalid as refusal:
        faults += map(where.placed, refusal.faults)
        return None
    if observation.workspace != workspace:
        message = f"{observation.ref} belongs to workspace {observation.workspace!r}"
        faults.append(where.placed(Fault("/workspace", message, f"{workspace!r}, or ask with ?workspace=")))
    return observation


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise Invalid(f"The candidate cannot be read: {faults[0]}.", faults)


def _enough(found: list[Candidate]) -> list[Candidate]:
    if len(found) > ASSETS_MAX:
        fault = Fault("/candidate", f"{len(found)} manifests", f"at most {ASSETS_MAX}; ask in parts")
        raise Invalid("The candidate is too large.", [fault])
    return found
