"""What is read from `policies/`: rules, packs and library modules, and the values that the rest of the service sees of them.

policies/lib/<topic>/<topic>.rego
policies/rules/<theme>/<name>/<name>.rego     with METADATA, see `metadata.py`
policies/packs/<pack>/pack.yaml
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from service.engine.protocol import Bundle, Module
from service.foundation.errors import Fault, Invalid
from service.packs import metadata, parameters
from service.packs.assignment import POINTS, Assignment, Pack, Rule, Slot, Word, enforcement, path_of, rule_of
from service.packs.parameters import Parameter

__all__ = [
    "POINTS",
    "Assignment",
    "Library",
    "Pack",
    "Rule",
    "Slot",
    "Word",
    "enforcement",
    "load_library",
    "path_of",
    "rule_of",
]


@dataclass(frozen=True)
class Library:
    """All that ships: rules and packs by id, library modules, and the blocs that places may be named by."""

    rules: Mapping[str, Rule]
    packs: Mapping[str, Pack]
    modules: tuple[Module, ...]
    blocs: frozenset[str] = frozenset()
    _bundles: dict[tuple[str, ...], Bundle] = field(default_factory=dict, compare=False, repr=False)
    # By the digest of a workspace's settings, what is in force under them: `queries` fills it.
    assignments: dict[str, Assignment] = field(default_factory=dict, compare=False, repr=False)

    def bundle(self, rules: Iterable[str]) -> Bundle:
        """The library's modules and those of these rules; equal rules give the very same object."""
        wanted = tuple(sorted(set(rules)))
        if wanted not in self._bundles:
            chosen = [self.rules[rule] for rule in wanted]
            modules = (*self.modules, *(rule.module for rule in chosen))
            self._bundles[wanted] = Bundle(modules, tuple(rule.entry for rule in chosen))
        return self._bundles[wanted]


class _Enforcement(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    violation: Word
    unknown: Word


class _PackFile(BaseModel):
    """`pack.yaml`, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=80)]
    title: Annotated[str, StringConstraints(min_length=1)]
    description: Annotated[str, StringConstraints(min_length=1)]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    owner: Annotated[str, StringConstraints(min_length=1)]
    effective_on: date
    parameters: dict[str, Any]
    rules: Annotated[list[str], Field(min_length=1)]
    enforcement: dict[Literal["ci", "admission", "api", "scan"], _Enforcement]
    active: bool = True


def load_library(directory: Path) -> Library:
    """Everything below `directory`, checked. The caller keeps it: it does not change while a process runs.

    Raises:
        Invalid: something is not what the contract asks for; all faults at once, each with its file.
    """
    rules: dict[str, Rule] = {}
    packs: dict[str, Pack] = {}
    faults: list[Fault] = []
    for module in _modules(directory, "rules"):
        try:
            rule = rule_of(module)
        except Invalid as error:
            faults += error.faults
            continue
        if rule.id in rules:
            first = rules[rule.id].module.path
            faults.append(
                Fault("/custom/id", f"{rule.id} is the id of {first} too", "an id of its own", file=module.path)
            )
        rules[rule.id] = rule
    blocs = _blocs(directory)
    for file in sorted(directory.glob("packs/*/pack.yaml")):
        try:
            pack = _pack(file, file.relative_to(directory).as_posix())
        except Invalid as error:
            faults += error.faults
            continue
        faults += _unbound(pack, rules, blocs)
        packs[pack.id] = pack
    if faults:
        raise Invalid(f"The policies in {directory} cannot be used.", faults)
    return Library(rules, packs, tuple(_modules(directory, "lib")), blocs)


def _modules(directory: Path, folder: str) -> list[Module]:
    files = sorted((directory / folder).rglob("*.rego"))
    return [Module(file.relative_to(directory).as_posix(), file.read_text(encoding="utf-8")) for file in files]


def _blocs(directory: Path) -> frozenset[str]:
    file = directory / "data" / "blocs.yaml"
    if not file.exists():
        return frozenset()
    return frozenset(entry["key"] for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["entries"])


def _pack(file: Path, path: str) -> Pack:
    try:
        said = _PackFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise Invalid(f"{path} cannot be read.", [Fault("", f"no YAML: {error}", file=path)]) from error
    except ValidationError as error:
        raise Invalid(f"{path} is no pack.", metadata.faults_of(error, path)) from error
    faults = []
    if said.id != file.parent.name:
        faults.append(
            Fault("/id", f"{said.id!r} lies in the folder {file.parent.name!r}", "the folder's name", file=path)
        )
    missing = [point for point in POINTS if point not in said.enforcement]
    faults += [Fault("/enforcement", f"nothing is said of {point}", "all four points", file=path) for point in missing]
    if faults:
        raise Invalid(f"{path} is no pack.", faults)
    words: dict[str, dict[str, str]] = {point: one.model_dump() for point, one in said.enforcement.items()}
    return Pack(
        id=said.id,
        title=said.title,
        description=said.description,
        version=said.version,
        owner=said.owner,
        effective_on=said.effective_on,
        parameters=said.parameters,
        rules=tuple(said.rules),
        enforcement=words,
        active=said.active,
    )


def _unbound(pack: Pack, rules: Mapping[str, Rule], blocs: frozenset[str]) -> list[Fault]:
    """What a pack names and no rule has, and what it says wrongly of a parameter."""
    file = f"packs/{pack.id}/pack.yaml"
    bound = [rules[rule_id] for rule_id in pack.rules if rule_id in rules]
    missing = sorted(set(pack.rules) - rules.keys())
    faults = [Fault("/rules", f"there is no rule {rule_id}", "ids of rules", file=file) for rule_id in missing]
    declared: dict[str, Parameter] = {}
    for rule in bound:
        for name, one in rule.parameters.items():
            first = declared.setdefault(name, one)
            if (first.type, first.default) != (one.type, one.default):
                # One name in a pack is one thing to set, so it must be one thing.
                faults.append(Fault(f"/parameters/{name}", f"{rule.id} means something else by it", file=file))
    for name, value in pack.parameters.items():
        if name not in declared:
            faults.append(Fault(f"/parameters/{name}", "no rule of the pack has this parameter", file=file))
        elif fault := parameters.fault(declared[name], value, blocs):
            faults.append(Fault(fault.path, fault.message, fault.expected, file=file))
    return faults
