"""Rules, packs, and what is in force of them: the values that the rest of the service judges by. No files are read here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import Any, Literal

from service.engine.protocol import Bundle, Module, RuleEntry
from service.foundation.errors import Fault, Invalid
from service.packs import metadata
from service.packs.parameters import Parameter

POINTS = ("ci", "admission", "api", "scan")
_RULE_PATH = re.compile(r"rules/(?P<theme>[a-z][a-z0-9_]*)/(?P<name>[a-z][a-z0-9_]*)/(?P=name)\.rego")

Word = Literal["block", "warn", "inform"]
Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule and how it describes itself. `controls` are `{framework, id, title}` that it really checks."""

    id: str
    name: str
    theme: str
    package: str
    kinds: tuple[str, ...]
    title: str
    description: str
    severity: str
    remedy: str
    controls: tuple[Mapping[str, str], ...]
    reads: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    introduced: str
    module: Module

    @property
    def entry(self) -> RuleEntry:
        """Where an engine finds it."""
        return RuleEntry(self.id, self.package, self.kinds)


@lru_cache(maxsize=4096)
def rule_of(module: Module) -> Rule:
    """The rule that a module holds. Read once: a gate asks for the same modules with every request.

    Raises:
        Invalid: the module does not describe itself as a rule must, or does not lie where a rule lies.
    """
    place = _RULE_PATH.fullmatch(module.path)
    if place is None:
        fault = Fault("", "not the place of a rule", "rules/<theme>/<name>/<name>.rego", file=module.path)
        raise Invalid(f"{module.path} is not where a rule lies.", [fault])
    said = metadata.read(module)
    custom = said.custom
    return Rule(
        id=custom.id,
        name=place["name"],
        theme=place["theme"],
        package=f"allod.rules.{place['theme']}.{place['name']}",
        kinds=tuple(kind.value for kind in custom.kinds),
        title=said.title,
        description=said.description,
        severity=custom.severity,
        remedy=custom.remedy,
        controls=tuple(control.model_dump() for control in custom.controls),
        reads=tuple(custom.reads),
        parameters=said.parameters(),
        introduced=custom.introduced,
        module=module,
    )


@dataclass(frozen=True, slots=True)
class Pack:
    """Rules with parameters, an owner, and what each outcome does at each enforcement point.

    `enforcement` is `{point: {"violation" | "unknown": "block" | "warn" | "inform"}}`, complete. `labels` choose the assets
    that the pack judges: those that carry, for each key, one of its values; without labels it judges all.
    """

    id: str
    title: str
    description: str
    version: str
    owner: str
    effective_on: date
    parameters: Parameters
    rules: tuple[str, ...]
    enforcement: Mapping[str, Mapping[str, str]]
    active: bool = True
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def chooses(self, labels: Mapping[str, str]) -> bool:
        """Whether the pack judges an asset with these labels. One that lacks a key is not chosen."""
        return all(labels.get(key) in values for key, values in self.labels.items())


@dataclass(frozen=True, slots=True)
class Slot:
    """Rules and the parameters they are judged with. `packs` names, by rule id, whose parameters those are."""

    parameters: Mapping[str, dict[str, Any]]
    packs: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Assignment:
    """What is in force: a bundle, its slots, and the packs as the workspace changed them."""

    bundle: Bundle
    slots: tuple[Slot, ...] = ()
    packs: Mapping[str, Pack] = field(default_factory=dict)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        """The bundle's rules by id, as their own modules describe them."""
        modules = {module.path: module for module in self.bundle.modules}
        found = (rule_of(modules[path_of(entry.package)]) for entry in self.bundle.rules)
        return {rule.id: rule for rule in found}

    @cached_property
    def _choosing(self) -> tuple[Pack, ...]:
        return tuple(pack for pack in self.packs.values() if pack.labels)

    def left_out(self, labels: Mapping[str, str]) -> frozenset[str]:
        """Ids of the packs that do not judge an asset with these labels."""
        return frozenset(pack.id for pack in self._choosing if not pack.chooses(labels))

    @classmethod
    def of_bundle(cls, bundle: Bundle) -> "Assignment":
        """A bundle alone, for judging once more what was judged before."""
        return cls(bundle)

    def enforcement(self, pack: str, point: str, outcome: str, on: date) -> Word:
        """What `outcome` (`violation`, `unknown`, `error`) does at `point` on the day `on`; see `enforcement`."""
        return enforcement(self.packs[pack], point, outcome, on)

    def blocks_from(self, pack: str, point: str, outcome: str, on: date) -> date | None:
        """The day from which `outcome` blocks at `point` where on the day `on` it only warns yet; see `blocks_from`."""
        return blocks_from(self.packs[pack], point, outcome, on)


def enforcement(pack: Pack, point: str, outcome: str, on: date) -> Word:
    """`block`, `warn` or `inform`.

    An error always blocks, and so does what no pack speaks of. Before `effective_on` what would block only warns.
    """
    if outcome == "error":
        return "block"
    word = _word(pack, point, outcome)
    if word == "block":
        return "warn" if on < pack.effective_on else "block"
    return "warn" if word == "warn" else "inform"


def blocks_from(pack: Pack, point: str, outcome: str, on: date) -> date | None:
    """The pack's `effective_on` where nothing but this day to come keeps `outcome` from blocking at `point`, else None."""
    waits = outcome != "error" and on < pack.effective_on and _word(pack, point, outcome) == "block"
    return pack.effective_on if waits else None


def _word(pack: Pack, point: str, outcome: str) -> str:
    return pack.enforcement.get(point, {}).get(outcome, "block")


def path_of(package: str) -> str:
    """The path, relative to `policies/`, of the rule with this package."""
    _, _, theme, name = package.split(".")
    return f"rules/{theme}/{name}/{name}.rego"
