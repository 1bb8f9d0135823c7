"""Terraform and OpenTofu: what `show -json` says of a plan (or a state), as it would be after `apply`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.foundation.errors import Fault
from service.gate.reading.names_of_ai import speaks_of_ai
from service.gate.reading.parts import File, Ignored, Missing, Options, Place, Proposed, Reading, Type
from service.gate.reading.text import lines_of, parsed, refusal, refuse
from service.gate.reading.workload import is_of_marks, refused_mark
from service.inventory.facts import Kind, RelationType
from service.scans import marks
from service.scans.bom_facts import declared
from service.scans.connectors.terraform_state import manifests
from service.scans.connectors.terraform_state_assets import Found, Making, Unread
from service.scans.connectors.terraform_state_document import understand
from service.scans.draft import Draft
from service.scans.failures import SourceFailure

_EXPECTED: Final = "what `terraform show -json PLAN` writes"
_ASKED: Final = {
    Kind.GPU_HOST: (("tenancy", "who else uses its accelerators", "tenancy", "dedicated"),),
    Kind.DATASET: (
        ("data_classes", "which data it holds", "data-classes", "personal"),
        ("licence", "its licence", "licence", "CDLA-Permissive-2.0"),
    ),
    Kind.MODEL: (("licence", "its licence", "licence", "Apache-2.0"),),
    Kind.AI_SERVICE: (),
    Kind.SYSTEM: (
        ("data_classes", "what it is and which data it handles: its type is not read", "data-classes", "personal"),
    ),
}
_PLACED: Final = {Kind.GPU_HOST: RelationType.LOCATED_IN, Kind.DATASET: RelationType.STORED_IN}


def read(file: File, _options: Options) -> Reading:
    """The resources of a plan.

    Raises:
        Invalid: it is no such document, Terraform did not finish it, or a resource in it cannot be understood.
    """
    if file.content.startswith(b"PK\x03\x04"):
        raise refusal(file.name, "this is a plan in Terraform's own form", _EXPECTED)
    document, text = parsed(file)
    try:
        outcomes = list(manifests(document, file=file.name))
    except SourceFailure as failure:
        raise refusal(file.name, failure.detail.rstrip("."), _EXPECTED, line=1) from failure
    lines = lines_of(text, ["address"])
    faults: list[Fault] = []
    if _errored(document):
        faults.append(
            Fault("/errored", "Terraform did not get to the end of this plan", "a whole plan", None, file.name, 1)
        )
    proposed: list[Proposed] = []
    missing: list[Missing] = []
    ignored: list[Ignored] = []
    for one in outcomes:
        address = one[0] if isinstance(one, tuple) else one.address
        place = Place(file.name, lines.get(address, 1))
        if isinstance(one, Found):
            proposed.append(
                Proposed(declared(one.draft.manifest(), f"terraform:{file.name}"[:500]), place, whole=False)
            )
            missing += _asked(one.draft, place)
            for note in one.notes:
                if is_of_marks(note):
                    faults.append(refused_mark(place, note))
                else:
                    ignored.append(Ignored(address, note, place))
        elif isinstance(one, Unread) and address != "plan":
            faults.append(Fault("", f"{address}: {one.reason}", _EXPECTED, None, file.name, place.line))
        elif isinstance(one, tuple) and speaks_of_ai(one[0]):
            # Nobody knows what it is, but for its name: then it is an open question, not of no concern.
            for draft, troubles, at in _unread(document, one[0], file, lines):
                proposed.append(Proposed(declared(draft.manifest(), f"terraform:{file.name}"[:500]), at, whole=False))
                missing += _asked(draft, at)
                faults += [refused_mark(at, trouble) for trouble in troubles]
        else:
            # A plan of a part (`-target`) brings that part alone.
            ignored.append(Ignored(address, one.reason if isinstance(one, Unread) else one[1], place))
    refuse(faults)
    return Reading(Type.TERRAFORM_PLAN, tuple(proposed), tuple(missing), tuple(ignored))


def _unread(
    document: Any, type_: str, file: File, lines: Mapping[str, int]
) -> Iterator[tuple[Draft, list[str], Place]]:
    """A system for each resource of a type that is not read: something that runs, of which only its marks tell."""
    making = Making(understand(document), file.name, None)
    for resource in making.document.resources:
        if resource.type == type_:
            draft, troubles = making.draft(Kind.SYSTEM, resource, "", resource.address)
            yield draft, troubles, Place(file.name, lines.get(resource.address, 1))


def _errored(document: Any) -> bool:
    return isinstance(document, dict) and bool(document.get("errored"))


def _asked(draft: Draft, place: Place) -> list[Missing]:
    kind = Kind(draft.kind)
    found = [
        Missing(draft.ref, what, _tag(mark, example), place)
        for attribute, what, mark, example in _ASKED[kind]
        if attribute not in draft.attributes
    ]
    relation = _PLACED.get(kind)
    if relation and not any(type_ == relation for type_, _ in draft.relations):
        mark = relation.value.replace("_", "-")
        found.append(Missing(draft.ref, "where it lies", _tag(mark, "cloud_region:aws/CODE"), place))
    return found


def _tag(mark: str, value: str) -> str:
    return f'tags = {{ "{marks.PREFIX}{mark}" = "{value}" }}'
