"""What the resources of a document become, as drafts: hosts here; stores and services in files of their own.

Pure. A resource's identity is the one that its cloud knows it by, so that a scan of the cloud itself speaks of the same
asset; before it is made it has none, and is called by its address.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.inventory.facts import Grade, Kind, RelationType
from service.scans import marks
from service.scans.connectors.terraform_state_document import Document, Form, Resource
from service.scans.connectors.terraform_state_places import Where, where
from service.scans.draft import Draft
from service.scans.names import slug


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as an asset, and what of it could not be expressed."""

    address: str
    draft: Draft
    notes: tuple[str, ...]


@dataclass(slots=True)
class Making:
    """One document while its resources become assets. `file` tells apart what documents name alike."""

    document: Document
    file: str
    openstack: str | None = None
    by_type: dict[str, list[Resource]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for resource in self.document.resources:
            self.by_type.setdefault(resource.type, []).append(resource)

    @property
    def grade(self) -> Grade:
        """A state holds what Terraform last saw, so what is so now follows from it; a plan is what somebody wants."""
        return Grade.DECLARED if self.document.form is Form.PLAN else Grade.INFERRED

    @property
    def source(self) -> str:
        """As evidence names it."""
        return f"terraform:{self.document.form}"

    def where(self, resource: Resource) -> Where:
        """Where it lies."""
        return where(resource, self.openstack)

    def draft(self, kind: Kind, resource: Resource, identity: str, title: str) -> tuple[Draft, list[str]]:
        """An asset with its name, labels and marks, and what is wrong with those.

        What the resource itself says comes later: no tag overrules it.
        """
        written = tags(resource)
        name, trouble = marks.name_of(kind, identity or self._by_address(resource), written)
        made = Draft(kind, name, title or resource.address, labels=marks.labels(written))
        made.annotate("terraform/address", resource.address)
        made.annotate("terraform/file", self.file)
        troubles = marks.apply(made, written, source=f"{self.source} tags")
        return made, [trouble, *troubles] if trouble else troubles

    def state(self, draft: Draft, attribute: str, value: Any) -> None:
        """An attribute as this document knows it."""
        draft.state(attribute, value, grade=self.grade, source=self.source)

    def found(self, resource: Resource, draft: Draft, notes: list[str]) -> Found:
        """The finished asset."""
        return Found(resource.address, draft, tuple(notes))

    def _by_address(self, resource: Resource) -> str:
        digest = hashlib.sha256(resource.address.encode()).hexdigest()[:8]
        # Indexes hold any text, of which a name keeps letters alone.
        tail = f"-{digest}" if '"' in resource.address else ""
        return f"terraform/{slug(self.file)}/{slug(resource.address)[:80].rstrip('-.')}{tail}"


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be understood, and why."""

    address: str
    reason: str


# What a resource becomes; and of what becomes nothing, its address and why.
Outcome = Found | Unread | tuple[str, str]
Maker = Callable[[Making, Resource], Iterator[Outcome]]


def assets(making: Making, makers: Mapping[str, Maker]) -> Iterator[Outcome]:
    """Every resource that `makers` know; then, for each type that nobody knows, how many there are."""
    unknown: Counter[str] = Counter()
    for resource in making.document.resources:
        maker = makers.get(resource.type)
        if maker is None:
            unknown[resource.type] += 1
            continue
        try:
            yield from list(maker(making, resource))
        except Exception as error:  # noqa: BLE001 -- one resource that is written as no provider writes it
            yield Unread(resource.address, f"it is not written as its provider writes it ({type(error).__name__})")
    for address, reason in making.document.odd:
        yield Unread(address, reason)
    for type_, count in sorted(unknown.items()):
        yield type_, f"{count} of this type, of which nobody here knows whether it is of interest"


def tags(resource: Resource) -> dict[str, str]:
    """What people wrote on the resource, in whichever form its provider has."""
    found: dict[str, str] = {}
    for name in ("labels", "effective_labels", "metadata", "tags", "tags_all"):
        value = resource.values.get(name)
        if isinstance(value, Mapping):
            # An instance's metadata holds scripts and keys beside what people write for others to read.
            only = marks.PREFIX if name == "metadata" else ""
            found |= {str(key): str(one) for key, one in value.items() if one is not None and str(key).startswith(only)}
        elif isinstance(value, list):
            # Scaleway: a list of texts, by custom `key=value`.
            pairs = (str(one).partition("=") for one in value if isinstance(one, str))
            found |= {key: text or "true" for key, _, text in pairs if key}
    return found


def place_host(made: Draft, spot: Where, notes: list[str], written: Mapping[str, str]) -> None:
    """The relations of a host to its region and operator; a mark of its own may say it instead."""
    if spot.place:
        made.relate(RelationType.LOCATED_IN, spot.place)
    elif f"{marks.PREFIX}located-in" not in written:
        notes.append(spot.why)
    if spot.operator:
        made.relate(RelationType.OPERATED_BY, spot.operator)
