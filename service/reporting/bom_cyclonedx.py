"""The inventory as a CycloneDX 1.7 ML-BOM, as a stream of bytes: the same for equal assets.

Models are `machine-learning-model` with ancestors and training data, datasets `data`, AI services services, vendors
organisations (as targets of declarations, the one place where the format has organisations by themselves), hosts
`device`, regions `platform`, systems `application`, software `library`. Whatever else Allod knows stands in properties
`allod:…` (see `service/scans/bom_facts.py`), so that reading the document again gives the same assets.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from service.foundation import canonical
from service.inventory import edges, licences
from service.inventory.facts import Grade, Kind
from service.inventory.licence_resolver import Match
from service.scans.bom_cyclonedx import VENDOR
from service.scans.bom_facts import REF, TITLE, Pairs, pairs, shown_name

MEDIA_TYPE: Final = "application/vnd.cyclonedx+json; version=1.7"
_TYPES: Final = {
    Kind.MODEL: "machine-learning-model",
    Kind.DATASET: "data",
    Kind.SOFTWARE: "library",
    Kind.GPU_HOST: "device",
    Kind.CLOUD_REGION: "platform",
    Kind.SYSTEM: "application",
}
# Addresses that every reader takes for one; any other stands among the properties.
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::\d{1,5})?(?:/[A-Za-z0-9._~@:/-]*)?")
_SENSITIVE: Final = frozenset({"personal", "special_category", "health", "financial", "classified"})
_DEPENDENCIES: Final = frozenset(edges.DEPENDENCY)


@dataclass(frozen=True, slots=True)
class Item:
    """An asset (what a manifest says of it), and which of the assets that it points at stand in the document, too."""

    body: Mapping[str, Any]
    present: frozenset[str] = frozenset()

    @property
    def kind(self) -> Kind:
        """The asset's kind."""
        return Kind(self.body["kind"])

    @property
    def ref(self) -> str:
        """The asset's ref."""
        return f"{self.body['kind']}:{self.body['name']}"

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What it states of itself."""
        return self.body.get("attributes") or {}

    def targets(self, *types: str) -> list[str]:
        """What relations of these types point at, sorted."""
        return sorted({one["to"] for one in self.body.get("relations") or () if one["type"] in types})


Source = Callable[[Collection[Kind]], Iterable[Item]]
"""Answers the assets of these kinds, in the order of their refs, as often as it is asked."""


def document(
    source: Source, *, workspace: str, root: str | None = None, timestamp: datetime | None = None
) -> Iterator[bytes]:
    """The document, piece by piece. `root` is the asset that it is about, where it is about one."""
    digest = hashlib.sha256()
    for piece in _pieces(source, workspace, root, timestamp):
        digest.update(piece)
        yield piece
    # The number is that of the content, which is known at the end only.
    yield canonical.encode(f"urn:uuid:{uuid5(NAMESPACE_URL, 'urn:allod:bom:' + digest.hexdigest())}") + b"}\n"


def _pieces(source: Source, workspace: str, root: str | None, timestamp: datetime | None) -> Iterator[bytes]:
    kinds = sorted(_TYPES)
    about = next((item for item in source(kinds) if item.ref == root), None) if root else None
    metadata: dict[str, Any] = {"tools": {"components": [{"type": "application", "name": "allod"}]}}
    if timestamp is not None:
        metadata["timestamp"] = timestamp.strftime("%Y-%m-%dT%H:%M:%SZ")
    if about is not None:
        metadata["component"] = component(about)
    metadata["properties"] = [{"name": "allod:workspace", "value": workspace}]
    head = {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "version": 1,
        "metadata": metadata,
    }
    yield canonical.encode(head)[:-1] + b',"components":'
    yield from listed(component(item) for item in source(kinds) if about is None or item.ref != root)
    yield b',"services":'
    yield from listed(service(item) for item in source([Kind.AI_SERVICE]))
    yield b',"declarations":{"targets":{"organizations":'
    yield from listed(organisation(item) for item in source([Kind.VENDOR]))
    yield b'}},"dependencies":'
    yield from listed(found for item in source([*kinds, Kind.AI_SERVICE]) if (found := dependency(item)))
    yield b',"properties":'
    yield from listed({"name": VENDOR, "value": vendor(item)} for item in source([Kind.VENDOR]))
    yield b',"serialNumber":'


def listed(values: Iterable[Any]) -> Iterator[bytes]:
    """A JSON list, a value at a time."""
    begin = b"["
    for value in values:
        yield begin + canonical.encode(value)
        begin = b",\n"
    yield b"[]" if begin == b"[" else b"]"


def component(item: Item) -> dict[str, Any]:
    """A component, in the fields that CycloneDX has, the rest in properties."""
    said = item.attributes
    name, titles = shown_name(item.body)
    native = {key for key in ("version", "licence") if key in said}
    found: dict[str, Any] = {"type": _TYPES[item.kind], "bom-ref": item.ref, "name": name}
    if "version" in said:
        found["version"] = said["version"]
    if "licence" in said:
        found["licenses"] = [_licence(item)]
    if "purl" in said:
        found["purl"] = said["purl"]
        native.add("purl")
    if _ADDRESS.fullmatch(said.get("card", "")):
        found["externalReferences"] = [{"type": "model-card", "url": said["card"]}]
        native.add("card")
    makers = item.targets("published_by") or [said[key] for key in ("publisher", "owner") if key in said]
    if makers:
        found["supplier"] = {"name": _bare(makers[0])}
    if item.kind is Kind.MODEL:
        found |= _lineage(item)
    if item.kind is Kind.DATASET:
        found["data"] = [_data(item, name)]
    return {**found, "properties": _properties([*pairs(item.body, native), *titles])}


def service(item: Item) -> dict[str, Any]:
    """An AI service."""
    said = item.attributes
    name, titles = shown_name(item.body)
    found: dict[str, Any] = {"bom-ref": item.ref, "name": name}
    native = set()
    if "provider" in said:
        found["provider"] = {"name": _bare(said["provider"])}
    if _ADDRESS.fullmatch(said.get("endpoint", "")):
        found["endpoints"] = [said["endpoint"]]
        native.add("endpoint")
    return {**found, "properties": _properties([*pairs(item.body, native), *titles])}


def organisation(item: Item) -> dict[str, Any]:
    """A vendor, as far as an organisation has fields; `vendor` holds the rest."""
    said = item.attributes
    found: dict[str, Any] = {"bom-ref": item.ref, "name": said.get("legal_name") or shown_name(item.body)[0]}
    country = said.get("headquarters") or said.get("incorporated_in")
    return {**found, "address": {"country": country}} if country else found


def vendor(item: Item) -> str:
    """The facts about a vendor, as one text: organisations have no properties."""
    title = [(TITLE, item.body["title"])] if item.body.get("title") is not None else []
    return canonical.encode([*pairs(item.body), *title]).decode()


def dependency(item: Item) -> dict[str, Any] | None:
    """What the asset rests on, of what stands in the document as component or service."""
    found = [
        ref for ref in item.targets(*_DEPENDENCIES) if ref in item.present and not ref.startswith(f"{Kind.VENDOR}:")
    ]
    return {"ref": item.ref, "dependsOn": found} if found else None


def exact(licence: str) -> bool:
    """Whether the text is an SPDX expression as it stands."""
    resolution = licences.resolve(licence)
    return resolution.grade is Match.EXACT and resolution.expression == licence


def _licence(item: Item) -> dict[str, Any]:
    text = item.attributes["licence"]
    grade = ((item.body.get("evidence") or {}).get("licence") or {}).get("grade", Grade.DECLARED)
    said = {"acknowledgement": "declared" if grade == Grade.DECLARED else "concluded"}
    return {"expression": text, **said} if exact(text) else {"license": {"name": text, **said}}


def _lineage(item: Item) -> dict[str, Any]:
    ancestors = [
        {"type": "machine-learning-model", "name": _bare(ref), "properties": _properties([(REF, ref)])}
        for ref in item.targets("derived_from")
    ]
    datasets = [
        {"ref": ref}
        if ref in item.present
        else {"type": "dataset", "name": _bare(ref), "contents": {"properties": _properties([(REF, ref)])}}
        for ref in item.targets("trained_on")
    ]
    pedigree = {"pedigree": {"ancestors": ancestors}} if ancestors else {}
    return {**pedigree, **({"modelCard": {"modelParameters": {"datasets": datasets}}} if datasets else {})}


def _data(item: Item, name: str) -> dict[str, Any]:
    said = item.attributes
    found: dict[str, Any] = {"type": "dataset", "name": name}
    if classes := said.get("data_classes"):
        found["classification"] = ", ".join(classes)
    if sensitive := [one for one in said.get("data_classes", ()) if one in _SENSITIVE]:
        found["sensitiveData"] = sensitive
    if "owner" in said:
        found["governance"] = {"owners": [{"organization": {"name": _bare(said["owner"])}}]}
    return found


def _properties(facts: Pairs) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in facts]


def _bare(ref: str) -> str:
    return ref.partition(":")[2]
