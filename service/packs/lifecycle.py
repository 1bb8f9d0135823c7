"""How a workspace's own settings are laid over a pack, and what is in force then. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.foundation.errors import Fault, Invalid
from service.inventory import manifest_faults
from service.inventory.values import Label, LabelKey
from service.packs import parameters
from service.packs.parameters import Parameter
from service.packs.source import POINTS, Assignment, Library, Pack, Slot

OUTCOMES = ("violation", "unknown")  # an error is nobody's to set: it always blocks
WORDS = ("block", "warn", "inform")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a workspace changed about one pack; what is absent keeps the pack's value.

    `labels` are `{key: values}`: the pack judges only assets that carry, for each key, one of the values; empty: all assets.
    """

    active: bool = True
    parameters: Mapping[str, Any] = field(default_factory=dict)
    enforcement: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    effective_on: date | None = None


class _Labels(BaseModel):
    """Labels as a setting may name them."""

    model_config = ConfigDict(frozen=True)
    labels: Annotated[dict[LabelKey, Annotated[list[Label], Field(max_length=100)]], Field(max_length=100)]


def as_shipped(pack: Pack) -> Setting:
    """What holds where a workspace changed nothing."""
    return Setting(active=pack.active)


def declared(library: Library, pack: Pack) -> dict[str, Parameter]:
    """The parameters that the rules of a pack have, by name."""
    found: dict[str, Parameter] = {}
    for rule_id in pack.rules:
        found |= library.rules[rule_id].parameters
    return dict(sorted(found.items()))


def effective(library: Library, pack: Pack, setting: Setting) -> Pack:
    """The pack as the workspace has it, every parameter of its rules filled in.

    Raises:
        Invalid: the setting names what the pack does not have, or gives it what it cannot be; all faults at once.
    """
    known = declared(library, pack)
    faults = [
        *_wrong_parameters(known, setting.parameters, library),
        *_wrong_enforcement(setting.enforcement),
        *_wrong_labels(setting.labels),
    ]
    if faults:
        raise Invalid(f"The setting of pack {pack.id} cannot be used.", faults)
    filled = {name: one.default for name, one in known.items()} | dict(pack.parameters) | dict(setting.parameters)
    return replace(
        pack,
        parameters={name: parameters.normalised(value) for name, value in sorted(filled.items())},
        enforcement={
            point: {**words, **setting.enforcement.get(point, {})} for point, words in pack.enforcement.items()
        },
        labels={key: tuple(sorted(set(values))) for key, values in sorted(setting.labels.items())},
        effective_on=setting.effective_on or pack.effective_on,
    )


def assign(library: Library, packs: Iterable[Pack]) -> Assignment:
    """What judges where these (effective) packs are in force.

    Packs that bind a rule with equal parameters share its slot; where they differ, the rule stands in several.
    """
    bound: dict[str, list[tuple[dict[str, Any], list[str]]]] = {}
    in_order = sorted(packs, key=lambda pack: pack.id)
    for pack in in_order:
        for rule_id in pack.rules:
            values = {name: pack.parameters[name] for name in sorted(library.rules[rule_id].parameters)}
            groups = bound.setdefault(rule_id, [])
            names = next((names for given, names in groups if given == values), None)
            if names is None:
                groups.append((values, [pack.id]))
            else:
                names.append(pack.id)
    slots = []
    for number in range(max(map(len, bound.values()), default=0)):
        here = {rule: groups[number] for rule, groups in sorted(bound.items()) if len(groups) > number}
        given = {rule: values for rule, (values, _) in here.items()}
        slots.append(Slot(given, {rule: tuple(names) for rule, (_, names) in here.items()}))
    return Assignment(library.bundle(bound), tuple(slots), {pack.id: pack for pack in in_order})


def _wrong_parameters(known: Mapping[str, Parameter], given: Mapping[str, Any], library: Library) -> list[Fault]:
    faults = []
    for name, value in given.items():
        if name in known:
            found = parameters.fault(known[name], value, library.blocs)
            faults += [found] if found else []
        else:
            expected = f"one of {', '.join(known)}" if known else "no parameters"
            faults.append(Fault(f"/parameters/{name}", "the pack has no such parameter", expected))
    return faults


def _wrong_enforcement(given: Mapping[str, Mapping[str, str]]) -> list[Fault]:
    faults = []
    for point, words in given.items():
        if point not in POINTS:
            faults.append(
                Fault(f"/enforcement/{point}", "there is no such enforcement point", f"one of {', '.join(POINTS)}")
            )
            continue
        for outcome, word in words.items():
            at = f"/enforcement/{point}/{outcome}"
            if outcome not in OUTCOMES:
                faults.append(Fault(at, "this outcome cannot be set", f"one of {', '.join(OUTCOMES)}"))
            elif word not in WORDS:
                faults.append(Fault(at, f"{word!r} does nothing", f"one of {', '.join(WORDS)}"))
    return faults


def _wrong_labels(given: Mapping[str, Sequence[str]]) -> list[Fault]:
    try:
        _Labels(labels={key: list(values) for key, values in given.items()})
    except ValidationError as error:
        return manifest_faults.faults(error, _Labels, of="a setting")
    # No asset carries one of no values: that would switch the pack off without saying so.
    empty = [manifest_faults.pointer("labels", key) for key, values in given.items() if not values]
    return [Fault(path, "the list is empty", "one or more values, or leave the key out") for path in empty]
