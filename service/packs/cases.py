"""Cases: what a rule is shown to say, beside the rule in `cases.yaml`.

    - name: what it holds
      input: {a part of a document, laid over policies/schema/base.yaml}
      parameters: {what is not the rule's default}
      expect: {outcome: violation, findings: [{subject, outcome?, path?, message?, vendor?, jurisdiction?}]}

`findings` is complete: each that the rule gives and no other. `message` names a part of it; a finding's `outcome` is the
case's, unless it says otherwise.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from service.foundation.errors import Fault, Invalid
from service.packs import parameters
from service.packs.metadata import faults_of
from service.packs.source import Library, Rule

BASE = "schema/base.yaml"
Outcome = Literal["pass", "violation", "unknown", "not_applicable", "error"]


class ExpectedFinding(BaseModel):
    """What one finding must be; what is left out may be anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    subject: str
    outcome: Outcome | None = None
    path: list[str] | None = None
    message: str | None = None
    vendor: str | None = None
    jurisdiction: str | None = None


class _Expectation(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    outcome: Outcome
    findings: list[ExpectedFinding] = Field(default_factory=list)


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, StringConstraints(min_length=1)]
    input: dict[str, Any]
    parameters: dict[str, Any] = Field(default_factory=dict)
    expect: _Expectation


@dataclass(frozen=True, slots=True)
class Case:
    """One document (whole, with the rule's parameters) and what the rule must say of it."""

    rule: str
    name: str
    document: dict[str, Any]
    outcome: str
    findings: tuple[ExpectedFinding, ...]


class Found(Protocol):
    """As much of a decided finding as a case speaks of."""

    @property
    def outcome(self) -> str:
        """`violation`, `unknown` or `error`."""

    @property
    def subject(self) -> str:
        """What it is known by."""

    @property
    def message(self) -> str:
        """Its text."""

    @property
    def path(self) -> Sequence[str]:
        """From the asset to what is wrong."""

    @property
    def vendor(self) -> str | None:
        """The company at fault."""

    @property
    def jurisdiction(self) -> str | None:
        """The state at fault."""


def load_cases(directory: Path, library: Library, rule: Rule) -> tuple[Case, ...]:
    """The cases of a rule, in their order; `directory` is that of the policies.

    Raises:
        Invalid: there are none, or they are not what is asked for; each fault with its file.
    """
    path = rule.module.path.rpartition("/")[0] + "/cases.yaml"
    try:
        written = TypeAdapter(list[_Written]).validate_python(
            yaml.safe_load((directory / path).read_text(encoding="utf-8"))
        )
    except FileNotFoundError as error:
        raise Invalid(f"{rule.id} has no cases.", [Fault("", "no cases", "cases.yaml beside it", file=path)]) from error
    except yaml.YAMLError as error:
        raise Invalid(f"{path} cannot be read.", [Fault("", f"no YAML: {error}", file=path)]) from error
    except ValidationError as error:
        raise Invalid(f"{path} holds no cases.", faults_of(error, path)) from error
    base = yaml.safe_load((directory / BASE).read_text(encoding="utf-8"))
    return tuple(_case(one, f"{path}: {one.name}", base, library, rule) for one in written)


def differences(case: Case, outcome: str, findings: Sequence[Found]) -> list[str]:
    """In what a rule's answer is not what the case expects, one line each; empty where it is."""
    lines = [] if outcome == case.outcome else [f"outcome is {outcome}, expected {case.outcome}"]
    expected = {one.subject: one for one in case.findings}
    given = {one.subject: one for one in findings}
    lines += [f"unexpected finding {name!r}: {given[name].message}" for name in sorted(given.keys() - expected.keys())]
    lines += [f"no finding {name!r}" for name in sorted(expected.keys() - given.keys())]
    for name in sorted(given.keys() & expected.keys()):
        lines += _differs(expected[name], given[name], case.outcome)
    return lines


def _differs(wanted: ExpectedFinding, found: Found, outcome: str) -> list[str]:
    pairs = [("outcome", wanted.outcome or outcome, str(found.outcome))]
    if wanted.path is not None:
        pairs.append(("path", str(wanted.path), str(list(found.path))))
    pairs += [
        (key, value, str(getattr(found, key)))
        for key in ("vendor", "jurisdiction")
        if (value := getattr(wanted, key)) is not None
    ]
    lines = [f"{found.subject!r}: {key} is {is_}, expected {should}" for key, should, is_ in pairs if should != is_]
    if wanted.message is not None and wanted.message not in found.message:
        lines.append(f"{found.subject!r}: message is {found.message!r}, expected to hold {wanted.message!r}")
    return lines


def _case(written: _Written, where: str, base: Mapping[str, Any], library: Library, rule: Rule) -> Case:
    faults = []
    for name, value in written.parameters.items():
        if name not in rule.parameters:
            faults.append(Fault(f"/parameters/{name}", f"{rule.id} has no such parameter", file=where))
        elif fault := parameters.fault(rule.parameters[name], value, library.blocs):
            faults.append(Fault(fault.path, fault.message, fault.expected, file=where))
    ref = written.input.get("asset", {}).get("ref", "")
    if ref.partition(":")[0] not in rule.kinds:
        faults.append(
            Fault("/input/asset/ref", f"{ref!r} is not judged by {rule.id}", ", ".join(rule.kinds), file=where)
        )
    if faults:
        raise Invalid(f"A case of {rule.id} cannot be used.", faults)
    document = complete(base, written.input)
    values = {name: one.default for name, one in rule.parameters.items()} | written.parameters
    document["parameters"] = {rule.id: values}
    return Case(rule.id, written.name, document, written.expect.outcome, tuple(written.expect.findings))


def complete(base: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """A whole document out of a part of one; what is left out is worked out as base.yaml tells."""
    items = base["items"]
    document: dict[str, Any] = copy.deepcopy(dict(base["document"]))
    for key, value in part.items():
        mapping = isinstance(value, Mapping) and isinstance(document.get(key), Mapping)
        document[key] = {**document[key], **value} if mapping else value
    asset = document["asset"]
    ref = asset["ref"]
    asset.setdefault("kind", ref.partition(":")[0])
    asset.setdefault("name", ref.partition(":")[2])

    def filled(kind: str, entries: Sequence[Any]) -> list[dict[str, Any]]:
        return [{**copy.deepcopy(items[kind]), **entry} for entry in entries]

    classes = [{"data_class": one} if isinstance(one, str) else one for one in document["data"]["classes"]]
    document["data"]["classes"] = [{"path": [ref], **one} for one in filled("classes", classes)]
    document["places"] = [
        {"path": _way(ref, one["region"] or ref), **one} for one in filled("places", document["places"])
    ]
    document["control"] = [_control(base, ref, one, filled) for one in filled("control", document["control"])]
    document["licences"] = [_licence(asset, one, items["licences"]) for one in filled("licences", document["licences"])]
    document["interfaces"] = filled("interfaces", document["interfaces"])
    document["openness"] = None if document["openness"] is None else filled("openness", [document["openness"]])[0]
    document["weights"] = [{"path": _way(ref, one["ref"]), **one} for one in filled("weights", document["weights"])]
    document["localisation"] = filled("localisation", document["localisation"])
    document["accelerators"] = filled("accelerators", document["accelerators"])
    document["seen"] = [{"path": _way(ref, one["region"]), **one} for one in filled("seen", document["seen"])]
    document["languages"] = [
        {"path": _way(ref, one["ref"]), **one} for one in filled("languages", document["languages"])
    ]
    document["holders"] = [_holder(ref, one) for one in filled("holders", document["holders"])]
    others = document["subprocessors"]
    chains = [_control(base, ref, one, filled) for one in filled("control", others.get("chains", ()))]
    document["subprocessors"] = {"undisclosed": [], **others, "chains": chains}
    document["parts"] = [_part(ref, one, filled) for one in filled("parts", document["parts"])]
    if document["concentration"] is not None:
        document["concentration"] = {**items["concentration"], **document["concentration"]}
    nearest = filled("nearest", document["consumers"]["nearest"])
    document["consumers"]["nearest"] = [{"path": _way(one["ref"], ref), **one} for one in nearest]
    return document


def _part(ref: str, entry: dict[str, Any], filled: Any) -> dict[str, Any]:
    others = [{**one, "ways": filled("ways", one["ways"])} for one in filled("alternatives", entry["alternatives"])]
    return {"path": _way(ref, entry["ref"]), **entry, "alternatives": others, "ways": filled("ways", entry["ways"])}


_SEATS = (("headquarters", "country"), ("headquarters_blocs", "blocs"))


def _way(start: str, end: str) -> list[str]:
    return [start] if start == end else [start, end]


def _control(base: Mapping[str, Any], ref: str, entry: dict[str, Any], filled: Any) -> dict[str, Any]:
    entry = {"path": _way(ref, entry["of"]), **entry}
    below = entry["path"]
    links = []
    for link in filled("links", entry["links"]):
        path = link.get("path", [*(below if link["role"] == "owner" else entry["path"]), link["vendor"]])
        below = path
        regimes = [base["regimes"][one] if isinstance(one, str) else one for one in link["regimes"]]
        depth = len(path) - len(entry["path"]) - 1
        links.append({"name": link["vendor"], "depth": depth, **link, "path": path, "regimes": regimes})
    return {**entry, "links": links}


def _holder(ref: str, entry: dict[str, Any]) -> dict[str, Any]:
    """A person's or fund's country is all there is of him; what nobody states is held by nobody known, of the asset."""
    if not entry["holder"]:
        return {"vendor": ref, "name": f"holders of {ref} that nobody states", "path": [ref], **entry}
    seat = {key: entry[key] or entry[of] for key, of in _SEATS}
    return {"name": entry["vendor"], "path": [ref, entry["vendor"]], **entry, **seat}


def _licence(asset: Mapping[str, Any], fact: dict[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    path = fact.get("path", _way(asset["ref"], fact["ref"]))
    depth = len(path) - 1
    first = "uses" if asset["kind"] == "system" else "derived_from"
    through = [first, *["derived_from"] * depth][:depth]
    kind, _, name = fact["ref"].partition(":")
    worked_out = {"kind": kind, "depth": depth, "through": through, "released_name": name}
    return {**worked_out, **fact, "path": path, "conditions": {**item["conditions"], **fact["conditions"]}}
