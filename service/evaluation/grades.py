"""How well the facts are known that a rule reads: the grades of each section of the input, and the weakest of them. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from service.evaluation.policy_input import Control, LicenceFact, Place, PolicyInput, WeightFact
from service.inventory.facts import Grade, Kind
from service.inventory.kinds import ATTRIBUTES

_WEAKNESS: Final = {Grade.VERIFIED: 0, Grade.INFERRED: 1, Grade.DECLARED: 2, Grade.UNRESOLVED: 3}


def weakest(document: PolicyInput, reads: Sequence[str], known: dict[str, Grade | None]) -> Grade:
    """The weakest grade of what `reads` names, `declared` where that is nothing; `known` remembers one document's."""
    grades = []
    for name in reads:
        if name not in known:
            known[name] = max(map(Grade, _grades(document, name)), key=_WEAKNESS.__getitem__, default=None)
        if (grade := known[name]) is not None:
            grades.append(grade)
    return max(grades, key=_WEAKNESS.__getitem__, default=Grade.DECLARED)


def _grades(document: PolicyInput, name: str) -> Iterator[str]:
    """The grades of the facts in one section of the input, `unresolved` wherever knowledge stops.

    Raises:
        ValueError: a rule's METADATA names a section that the input does not have.
    """
    section, _, attribute = name.partition(".")
    if section == "attributes":
        stem = attribute.partition(".")[0]
        # A rule that judges several kinds may read what only one of them has.
        if stem in ATTRIBUTES[Kind(document["asset"]["kind"])].model_fields:
            yield _attribute(document, stem)
    elif section in _SECTIONS:
        yield from _SECTIONS[section](document)
    else:
        raise ValueError(f"input version 1 has no section {name!r}")


def _attribute(document: PolicyInput, name: str) -> str:
    if name not in document["asset"]["attributes"]:
        return Grade.UNRESOLVED
    evidence = document["asset"]["evidence"].get(name)
    return evidence["grade"] if evidence else Grade.DECLARED


def _data(document: PolicyInput) -> Iterator[str]:
    yield from (fact["grade"] for fact in document["data"]["classes"])
    yield from (Grade.UNRESOLVED for _ in document["data"]["undeclared"])


def _consumers(document: PolicyInput) -> Iterator[str]:
    # Who rests on an asset is known from manifests, and what those do not say of themselves is not known.
    if document["consumers"]["total"]:
        yield Grade.UNRESOLVED if document["consumers"]["undeclared"] else Grade.DECLARED


def _subjects(document: PolicyInput) -> Iterator[str]:
    yield from (Grade.DECLARED for _ in document["subjects"]["jurisdictions"])
    yield from (Grade.UNRESOLVED for _ in document["subjects"]["undeclared"])


def _subprocessors(document: PolicyInput) -> Iterator[str]:
    yield from _controlled(document["subprocessors"]["chains"])
    yield from (Grade.UNRESOLVED for _ in document["subprocessors"]["undisclosed"])


def _openness(document: PolicyInput) -> Iterator[str]:
    fact = document["openness"]
    if fact is not None:
        yield Grade.UNRESOLVED if fact["unclear"] else fact["grade"]
    elif document["asset"]["kind"] == Kind.MODEL:
        yield Grade.UNRESOLVED


def _controlled(chains: Sequence[Control]) -> Iterator[str]:
    for chain in chains:
        yield from (link["grade"] for link in chain["links"])
        if chain["status"] != "complete":
            yield Grade.UNRESOLVED


def _known(facts: Sequence[Place] | Sequence[LicenceFact] | Sequence[WeightFact], status: str) -> Iterator[str]:
    for fact in facts:
        yield fact["grade"] if fact["status"] == status else Grade.UNRESOLVED


def _parts(document: PolicyInput) -> Iterator[str]:
    for part in document["parts"]:
        yield Grade.DECLARED
        if not all(way["complete"] for way in part["ways"]):
            yield Grade.UNRESOLVED


def _concentration(document: PolicyInput) -> Iterator[str]:
    counted = document["concentration"]
    if counted is not None:
        yield Grade.UNRESOLVED if counted["open"] or counted["uncounted"] else Grade.DECLARED


# `localisation` is the catalogue's alone, looked up by what `subjects` says.
_SECTIONS: Final[Mapping[str, Callable[[PolicyInput], Iterator[str]]]] = {
    "data": _data,
    "places": lambda d: _known(d["places"], "known"),
    "control": lambda d: _controlled(d["control"]),
    "licences": lambda d: _known(d["licences"], "resolved"),
    "weights": lambda d: _known(d["weights"], "known"),
    "consumers": _consumers,
    "parts": _parts,
    "concentration": _concentration,
    "subjects": _subjects,
    "localisation": lambda d: (Grade.INFERRED for _ in d["localisation"]),
    "seen": lambda d: (fact["grade"] for fact in d["seen"]),
    "holders": lambda d: (fact["grade"] if fact["share"] is not None else Grade.UNRESOLVED for fact in d["holders"]),
    "subprocessors": _subprocessors,
    "languages": lambda d: (f["grade"] if f["languages"] is not None else Grade.UNRESOLVED for f in d["languages"]),
    "interfaces": lambda d: (f["grade"] if f["status"] != "unknown" else Grade.UNRESOLVED for f in d["interfaces"]),
    "openness": _openness,
    "accelerators": lambda d: (f["grade"] if f["status"] == "known" else Grade.UNRESOLVED for f in d["accelerators"]),
}
SECTIONS: Final = frozenset(_SECTIONS)
