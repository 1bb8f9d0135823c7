"""Gathering: from a slice of the graph to one input document for each asset.

Everything that needs a walk is resolved here, once, so that a rule reads and never searches.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from service.evaluation.effective_accelerators import accelerators
from service.evaluation.effective_control import Controls
from service.evaluation.effective_holders import holders
from service.evaluation.effective_languages import languages
from service.evaluation.effective_licences import licences, weights
from service.evaluation.effective_parts import Parts
from service.evaluation.effective_places import places
from service.evaluation.effective_reach import carriers, consumers, data
from service.evaluation.effective_release import ai_act, interfaces, release
from service.evaluation.effective_seen import seen, seen_places
from service.evaluation.effective_subjects import localisation, subjects
from service.evaluation.effective_subprocessors import subprocessors
from service.evaluation.landscape import Landscape, kind_of
from service.evaluation.policy_input import VERSION, AssetFact, Concentration, Dangling, Evidence, PolicyInput
from service.evaluation.portfolio import Portfolio
from service.evaluation.prepared import Prepared, SlotInput, seal
from service.evaluation.standing import Standing
from service.inventory.edges import DEPENDENCY
from service.inventory.facts import Kind
from service.inventory.reference import DatedCatalogue
from service.inventory.views import Slice
from service.packs.source import Assignment, Slot

_DANGLING_AT_MOST = 100


def prepare(
    part: Slice,
    refs: Sequence[str],
    catalogue: DatedCatalogue,
    as_of: date,
    assignment: Assignment,
    standing: Standing | None = None,
    former: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Prepared]:
    """A document for each of `refs`, in their order; all must be in the slice or in the catalogue.

    `former` are labels that an asset is registered with: a pack that they choose judges it still, whatever labels a
    candidate for its place has. Nobody escapes a pack by leaving out a label.
    """
    standing = standing or Standing()
    land = Landscape(part, catalogue, as_of)
    controls = Controls(land)
    parts = Parts(land, controls, standing.outcomes)
    slots: dict[tuple[str, frozenset[str]], tuple[SlotInput, ...]] = {}
    prepared = []
    for ref in refs:
        document = _document(land, controls, parts, standing, ref)
        left_out = assignment.left_out(document["asset"]["labels"])
        if former and left_out and ref in former:
            left_out &= assignment.left_out(former[ref])
        alike = kind_of(ref), left_out
        if alike not in slots:
            slots[alike] = _slots(assignment, *alike)
        prepared.append(seal(document, slots[alike]))
    return prepared


def _slots(assignment: Assignment, kind: str, left_out: frozenset[str]) -> tuple[SlotInput, ...]:
    """The slots for assets of `kind` that the packs `left_out` do not judge."""
    rules = [rule.id for rule in assignment.bundle.rules if kind in rule.kinds]
    inputs = tuple(slot_input(slot, rules, left_out) for slot in assignment.slots)
    return tuple(one for one in inputs if one.packs) if left_out else inputs


def slot_input(slot: Slot, rules: Iterable[str], left_out: Collection[str] = ()) -> SlotInput:
    """What of a slot concerns these rules: a parameter of another rule is none of the document's business.

    Nor is one of a rule that only packs `left_out` bind.
    """
    packs = {rule: tuple(pack for pack in slot.packs.get(rule, ()) if pack not in left_out) for rule in rules}
    wanted = sorted(rule for rule, names in packs.items() if names)
    return SlotInput({rule: slot.parameters.get(rule, {}) for rule in wanted}, {rule: packs[rule] for rule in wanted})


def _document(land: Landscape, controls: Controls, parts: Parts, beyond: Standing, ref: str) -> PolicyInput:
    declared = places(land, ref)
    sightings = seen(land, ref, declared)
    where = declared + seen_places(land, sightings, declared)
    ways = carriers(land, ref)
    whose = subjects(land, ways)
    return {
        "version": VERSION,
        "as_of": land.as_of.isoformat(),
        "workspace": land.part.workspace,
        "asset": _asset(land, ref),
        "data": data(land, ways),
        "places": where,
        "control": controls.of(ref, where),
        "licences": licences(land, ref),
        "weights": weights(land, ref),
        "consumers": consumers(land, ref),
        "dangling": _dangling(land, ref),
        "subjects": whose,
        "localisation": localisation(land, whose),
        "seen": sightings,
        "holders": holders(land, ref),
        "subprocessors": subprocessors(land, controls, ref),
        "languages": languages(land, ref),
        "interfaces": interfaces(land, ref),
        "openness": release(land, ref),
        "ai_act": ai_act(land, ref),
        "accelerators": accelerators(land, ref, where),
        "parts": parts.of(ref),
        "concentration": _concentration(land, beyond.portfolio, ref),
        "parameters": {},
    }


def _concentration(land: Landscape, portfolio: Portfolio | None, ref: str) -> Concentration | None:
    if portfolio is None or kind_of(ref) != Kind.VENDOR:
        return None
    country = (land.attributes(ref) or {}).get("incorporated_in")
    return portfolio.of(ref, country, land.catalogue.blocs_of(country) if country else ())


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
