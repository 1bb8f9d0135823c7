"""In plain words, the facts that a rule was told: what its judgement rests on, how well each is known, and whence. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.evaluation.policy_input import PolicyInput

AT_MOST: Final = 50
# Not said again in words: where a fact comes from and how well it is known stand beside it.
_ASIDE: Final = frozenset({"path", "grade", "ref", "blocs", "headquarters_blocs", "through"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a section of the input (see `policy_input`).

    `says` puts it in words; `of` is the asset that it is about, at the end of `path`; `source` is known for attributes of
    the judged asset itself, else the manifest of `of` or the catalogue says it. `grade` None: not graded.
    """

    section: str
    says: str
    of: str
    path: tuple[str, ...]
    grade: str | None
    source: str | None = None


def facts(document: PolicyInput, reads: Sequence[str], path: Sequence[str] = ()) -> list[Fact]:
    """The facts of the sections that a rule reads, those on the way to a finding (`path`) first; at most `AT_MOST`."""
    found = [fact for section in reads for fact in _section(document, section)]
    way = tuple(path)
    ordered = sorted(found, key=lambda fact: not _near(fact, way))
    return ordered[:AT_MOST]


def _near(fact: Fact, way: tuple[str, ...]) -> bool:
    """Whether a fact lies on a finding's way, or the way on the fact's."""
    shorter = min(len(fact.path), len(way))
    return fact.path[:shorter] == way[:shorter] and (len(fact.path) > 1 or len(way) == 1)


def _section(document: PolicyInput, section: str) -> Iterator[Fact]:
    asset = document["asset"]
    name, _, attribute = section.partition(".")
    if name == "attributes":
        evidence = asset["evidence"].get(attribute)
        value = asset["attributes"].get(attribute)
        says = f"{attribute} is not stated" if value is None else f"{attribute}: {_words(value)}"
        grade = evidence["grade"] if evidence else "unresolved"
        yield Fact(section, says, asset["ref"], (asset["ref"],), grade, evidence["source"] if evidence else None)
        return
    value = dict(document)[name]
    for entry in value if isinstance(value, list) else [value]:
        yield from _told(name, entry, asset["ref"])


def _told(section: str, entry: Any, ref: str) -> Iterator[Fact]:
    """A fact, and the facts within it that have a way of their own (the links of a chain, the classes of data)."""
    if not isinstance(entry, Mapping):
        return
    path = tuple(entry.get("path") or (ref,))
    inner = [
        one
        for value in entry.values()
        if isinstance(value, list)
        for one in value
        if isinstance(one, Mapping) and "path" in one
    ]
    flat = {key: value for key, value in entry.items() if key not in _ASIDE and not _nested(value)}
    if said := _words(flat):
        yield Fact(section, said, str(entry.get("ref") or path[-1]), path, entry.get("grade"))
    for one in inner:
        yield from _told(section, one, ref)


def _nested(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, Mapping) and "path" in one for one in value)


def _words(value: Any) -> str:
    """A value as people write it: what is not known is left out."""
    if isinstance(value, Mapping):
        parts = [f"{key.replace('_', ' ')} {words}" for key, one in value.items() if (words := _words(one))]
        return ", ".join(parts)
    if isinstance(value, list | tuple):
        return " and ".join(words for one in value if (words := _words(one)))
    if value is None:
        return ""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
