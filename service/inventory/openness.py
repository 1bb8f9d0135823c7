"""The openness class of a model by the Model Openness Framework: pure, from what its release holds to class and progress.

The method is that of the framework and of its reference tool (https://github.com/lfai/model_openness_tool): each component
is included, missing, invalid (its licence is not open) or unlicensed; the progress towards a class is the share of included
ones among the required ones of this class and those below it, and nothing while a class below is incomplete.

Two slips of the tool's code are not repeated: a technical report that is the first included component of class 3 is not
found (PHP takes place 0 for "no"), so that a research paper counts beside it (BLOOM: 33 % there, 17 % here); and a
component of an unknown name counts as datasets. No class depends on either.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from service.inventory import licences
from service.inventory.openness_framework import Framework, Part, framework
from service.inventory.openness_licences import Read, resolving, strictly
from service.inventory.reference import DatedCatalogue
from service.inventory.values import shown

DISTRIBUTION: Final = "distribution"
UNLICENSED: Final = "unlicensed"
_CLASSES: Final = (3, 2, 1)  # as they build on each other
_WHOLE: Final = 100.0


class Status(StrEnum):
    """What became of a component."""

    INCLUDED = "included"
    MISSING = "missing"
    INVALID = "invalid"
    UNLICENSED = "unlicensed"


@dataclass(frozen=True, slots=True)
class Released:
    """A component as somebody states it. `licence` None: not stated, so it inherits; empty or `unlicensed`: it has none."""

    name: str
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """What a model's release holds.

    `licences` are those that components inherit: under `code`, `data`, `document`, and `distribution` for what these
    leave open.
    """

    components: tuple[Released, ...]
    licences: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """A component of the framework with its status and why.

    `level` is the class that asks for it. `licence` is the text as stated, `inherited_from` the release's licence that it
    is, `expression` the SPDX expression that it was taken for.
    """

    name: str
    type: str
    level: int
    required: bool
    status: Status
    why: str
    licence: str | None = None
    inherited_from: str | None = None
    expression: str | None = None
    warning: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it; `class` is the level."""
        return {
            "name": self.name,
            "type": self.type,
            "class": self.level,
            "required": self.required,
            "status": self.status.value,
            "why": self.why,
            "licence": self.licence,
            "inherited_from": self.inherited_from,
            "expression": self.expression,
        }


@dataclass(frozen=True, slots=True)
class Openness:
    """Class 1 (best) to 3, 0 for none, and per cent towards each; every component of the framework, in its order."""

    level: int
    label: str
    progress: Mapping[int, float]
    components: tuple[Judged, ...]
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "class": self.level,
            "label": self.label,
            "progress": {str(level): self.progress[level] for level in sorted(self.progress)},
            "components": [one.as_dict() for one in self.components],
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class Assessment:
    """Both answers: by exact SPDX ids as the reference tool reads them, and by our licence resolver."""

    strict: Openness
    resolved: Openness

    def as_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {"strict": self.strict.as_dict(), "resolved": self.resolved.as_dict()}


def assess(release: Release, catalogue: DatedCatalogue | None = None) -> Assessment:
    """The openness of `release`; without a catalogue licences are resolved by the shipped one, as it is today."""
    asked = framework()
    return Assessment(
        strict=judge(release, asked, strictly(asked)),
        resolved=judge(release, asked, resolving(asked, catalogue or licences.shipped())),
    )


def judge(release: Release, asked: Framework, read: Read) -> Openness:
    """The openness of `release` with its licences read by `read`."""
    stated = _stated(release.components)
    judged = [_judged(part, stated, release.licences, read) for part in asked.components]
    components = _stood_in(judged, asked.components)
    progress: dict[int, float] = {}
    level = 0
    complete = True
    for asking in _CLASSES:
        share = _share(components, asking) if complete else 0.0
        progress[asking] = share
        complete = share == _WHOLE
        level = asking if complete else level
    known = {_key(part.name) for part in asked.components}
    warnings = [f"{one.name}: {one.warning}" for one in components if one.warning]
    strange = [one.name for key, one in stated.items() if key not in known]
    warnings += [f"{shown(name)} is no component of the framework and counts for nothing" for name in strange]
    if not stated:
        warnings.append("no component is stated: nothing is known of what is released")
    return Openness(level, asked.labels[level], progress, components, tuple(warnings))


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def _stated(components: Iterable[Released]) -> dict[str, Released]:
    """The components by name; where one is named again, the last licence that is stated holds."""
    stated: dict[str, Released] = {}
    for one in components:
        before = stated.get(_key(one.name))
        stated[_key(one.name)] = one if before is None or one.licence is not None else before
    return stated


def _judged(part: Part, stated: Mapping[str, Released], inherited: Mapping[str, str], read: Read) -> Judged:
    def answer(status: Status, why: str) -> Judged:
        return Judged(part.name, part.type.value, part.level, part.required, status, why)

    one = stated.get(_key(part.name))
    if one is None:
        return answer(Status.MISSING, "it is not released")
    licence, source = one.licence, None
    if licence is None:
        source = next((key for key in (part.type.value, DISTRIBUTION) if inherited.get(key)), None)
        if source is None:
            return answer(Status.UNLICENSED, "no licence is stated, neither for it nor for the release")
        licence = inherited[source]
    if licence in ("", UNLICENSED):
        return replace(answer(Status.UNLICENSED, "it is released without a licence"), inherited_from=source)
    opinion = read(licence)
    warning = None
    if opinion.open and part.type not in opinion.suits:
        warning = f"{opinion.expression} is open, but not made for {part.type.value}"
    return replace(
        answer(Status.INCLUDED if opinion.open else Status.INVALID, opinion.why),
        licence=licence,
        inherited_from=source,
        expression=opinion.expression,
        warning=warning,
    )


def _stood_in(judged: Iterable[Judged], parts: Iterable[Part]) -> tuple[Judged, ...]:
    """The components with each replacement in its place.

    Where a component is not included and the one that may stand for it is released, that one is asked for in its class,
    and it is not.
    """
    found = {one.name: one for one in judged}
    for part in parts:
        if part.replaced_by is None:
            continue
        one, other = found[part.name], found[part.replaced_by]
        if one.status is not Status.INCLUDED and other.status is not Status.MISSING:
            found[one.name] = replace(one, required=False, why=f"{one.why}; {other.name} stands for it")
            found[other.name] = replace(other, level=one.level)
    return tuple(found.values())


def _share(components: Iterable[Judged], asking: int) -> float:
    """Per cent of what class `asking` requires that is included."""
    required = [one for one in components if one.required and one.level >= asking]
    included = sum(one.status is Status.INCLUDED for one in required)
    return included / len(required) * _WHOLE
