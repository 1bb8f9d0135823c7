"""Gathering: from a slice of the graph to one input document for each asset.

Everything that needs a walk is resolved here, once, so that a rule reads and never searches.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.evaluation.effective_control import Controls
from service.evaluation.effective_licences import licences, weights
from service.evaluation.effective_places import places
from service.evaluation.effective_reach import consumers, data
from service.evaluation.landscape import Landscape, kind_of
from service.evaluation.policy_input import VERSION, AssetFact, Dangling, Evidence, PolicyInput
from service.foundation import canonical
from service.inventory.edges import DEPENDENCY
from service.inventory.reference import DatedCatalogue
from service.inventory.views import Slice
from service.packs.source import Assignment, Slot

_DANGLING_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class SlotInput:
    """A slot's parameters for one kind of asset, and which packs bind each of its rules."""

    parameters: dict[str, dict[str, Any]]
    packs: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One asset's document, ready to be judged: once in each slot, with that slot's parameters.

    `body` is the canonical form of both, which is kept and from which `digest` is made.
    """

    ref: str
    kind: str
    document: PolicyInput
    slots: tuple[SlotInput, ...]
    body: bytes
    digest: str

    def documents(self, slot: SlotInput) -> PolicyInput:
        """The document as the rules of `slot` see it."""
        return {**self.document, "parameters": slot.parameters}


def prepare(
    part: Slice, refs: Sequence[str], catalogue: DatedCatalogue, as_of: date, assignment: Assignment
) -> list[Prepared]:
    """A document for each of `refs`, in their order; all must be in the slice or in the catalogue."""
    land = Landscape(part, catalogue, as_of)
    controls = Controls(land)
    slots: dict[str, tuple[SlotInput, ...]] = {}
    prepared = []
    for ref in refs:
        kind = kind_of(ref)
        if kind not in slots:
            rules = [rule.id for rule in assignment.bundle.rules if kind in rule.kinds]
            slots[kind] = tuple(slot_input(slot, rules) for slot in assignment.slots)
        document = _document(land, controls, ref)
        prepared.append(seal(document, slots[kind]))
    return prepared


def seal(document: PolicyInput, slots: tuple[SlotInput, ...]) -> Prepared:
    """A document with the parameters it is judged under, and the digest of both."""
    body = canonical.encode(
        {"document": document, "slots": [{"parameters": s.parameters, "packs": s.packs} for s in slots]}
    )
    asset = document["asset"]
    return Prepared(asset["ref"], asset["kind"], document, slots, body, canonical.digest_bytes(body))


def unseal(body: bytes) -> Prepared:
    """The prepared document that `body` was made from."""
    kept = canonical.decode(body)
    slots = tuple(
        SlotInput(s["parameters"], {rule: tuple(packs) for rule, packs in s["packs"].items()}) for s in kept["slots"]
    )
    return seal(kept["document"], slots)


def slot_input(slot: Slot, rules: Iterable[str]) -> SlotInput:
    """What of a slot concerns these rules: a parameter of another rule is none of the document's business."""
    wanted = sorted(rule for rule in rules if rule in slot.packs)
    return SlotInput(
        {rule: slot.parameters.get(rule, {}) for rule in wanted}, {rule: tuple(slot.packs[rule]) for rule in wanted}
    )


def _document(land: Landscape, controls: Controls, ref: str) -> PolicyInput:
    where = places(land, ref)
    return {
        "version": VERSION,
        "as_of": land.as_of.isoformat(),
        "workspace": land.part.workspace,
        "asset": _asset(land, ref),
        "data": data(land, ref),
        "places": where,
        "control": controls.of(ref, where),
        "licences": licences(land, ref),
        "weights": weights(land, ref),
        "consumers": consumers(land, ref),
        "dangling": _dangling(land, ref),
        "parameters": {},
    }


def _asset(land: Landscape, ref: str) -> AssetFact:
    asset = land.asset(ref)
    attributes = land.attributes(ref) or {}
    evidence: dict[str, Evidence] = {}
    for name in attributes:
        stated = asset.evidence.get(name) if asset and name in asset.attributes else None
        evidence[name] = {
            "grade": land.grade(ref, name),
            "source": stated["source"] if stated else "reference catalogue",
            # When a candidate was stated is now, and "now" has no place in a document that must be the same tomorrow.
            "at": stated.get("at", "") if stated else "",
        }
    return {
        "ref": ref,
        "kind": kind_of(ref),
        "name": ref.partition(":")[2],
        "title": asset.title if asset else None,
        "labels": asset.labels if asset else {},
        "attributes": attributes,
        "evidence": evidence,
    }


def _dangling(land: Landscape, ref: str) -> list[Dangling]:
    """Ties to what nobody registered, of the asset and of all that it rests on."""
    found: set[tuple[str, str, str]] = set()
    seen = {ref}
    todo = [ref]
    while todo:
        for edge in land.up(todo.pop(), DEPENDENCY):
            if not land.is_known(edge.target):
                found.add((edge.source, edge.type, edge.target))
            if edge.target not in seen:
                seen.add(edge.target)
                todo.append(edge.target)
    ordered = sorted(found)[:_DANGLING_AT_MOST]
    return [{"source": source, "type": type_, "target": target} for source, type_, target in ordered]
