"""The inventory as an SPDX 3.0.1 document in JSON-LD, as a stream of bytes: the same for equal assets.

Models are `ai_AIPackage`, datasets `dataset_DatasetPackage`, vendors `Organization`, everything else `software_Package`
with the purpose that comes nearest (SPDX 3.0 has no services, regions or hosts). Whatever else Allod knows stands in the
extension `CdxPropertiesExtension` (see `service/scans/bom_facts.py`), so that reading the document again gives the same
assets. Of the profiles only those are claimed whose demands any asset meets.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from service.foundation import canonical
from service.inventory.facts import Grade, Kind, RelationType
from service.reporting.bom_cyclonedx import Item, Source, exact, listed
from service.scans.bom_facts import pairs, shown_name
from service.scans.bom_spdx import CONTEXT

MEDIA_TYPE: Final = "application/spdx+json"
_CREATION: Final = "_:creationinfo"
_AGENT: Final = "urn:allod:agent:allod"
_TYPES: Final = {
    Kind.MODEL: ("ai_AIPackage", "model"),
    Kind.DATASET: ("dataset_DatasetPackage", "data"),
    Kind.VENDOR: ("Organization", None),
    Kind.SOFTWARE: ("software_Package", "library"),
    Kind.AI_SERVICE: ("software_Package", "other"),
    Kind.SYSTEM: ("software_Package", "application"),
    Kind.GPU_HOST: ("software_Package", "device"),
    Kind.CLOUD_REGION: ("software_Package", "platform"),
}
# What SPDX has a word for; `generated_by` is said the other way. Everything else stands in the extension alone.
_WORDS: Final = {
    RelationType.DERIVED_FROM: "descendantOf",
    RelationType.TRAINED_ON: "trainedOn",
    RelationType.EVALUATED_ON: "testedOn",
    RelationType.PUBLISHED_BY: "publishedBy",
    RelationType.USES: "dependsOn",
}
_URI: Final = re.compile(r"pkg:[A-Za-z0-9.+-]+/[A-Za-z0-9._~/@:%+?&=,#-]+")
_SPECIAL: Final = frozenset({"special_category", "health"})


def document(source: Source, *, workspace: str, created: datetime, root: str | None = None) -> Iterator[bytes]:
    """The document, piece by piece. SPDX asks when it was `created`; `root` is the asset that it is about, if any."""
    base = f"urn:allod:asset:{workspace}:"
    yield b'{"@context":' + canonical.encode(CONTEXT) + b',"@graph":'
    yield from listed(_graph(source, base, workspace, created, root))
    yield b"}\n"


def _graph(source: Source, base: str, workspace: str, created: datetime, root: str | None) -> Iterator[dict[str, Any]]:
    moment = created.strftime("%Y-%m-%dT%H:%M:%SZ")
    yield {
        "type": "CreationInfo",
        "@id": _CREATION,
        "specVersion": "3.0.1",
        "created": moment,
        "createdBy": [_AGENT],
    }
    yield {"type": "SoftwareAgent", "spdxId": _AGENT, "creationInfo": _CREATION, "name": "Allod"}
    yield {
        "type": "SpdxDocument",
        "spdxId": f"urn:allod:bom:{workspace}:{root or ''}".rstrip(":"),
        "creationInfo": _CREATION,
        "name": root or workspace,
        "profileConformance": ["core", "software", "simpleLicensing", "extension"],
        **({"rootElement": [base + root]} if root else {}),
    }
    for item in source(list(Kind)):
        yield from elements(item, base)


def elements(item: Item, base: str) -> Iterator[dict[str, Any]]:
    """An asset with its licence and its relationships."""
    said, identifier = item.attributes, base + item.ref
    type_, purpose = _TYPES[item.kind]
    name, titles = shown_name(item.body)
    found: dict[str, Any] = {"type": type_, "spdxId": identifier, "creationInfo": _CREATION, "name": name}
    native = {"licence"} & said.keys()
    if purpose:
        found["software_primaryPurpose"] = purpose
    if "version" in said:
        found["software_packageVersion"] = said["version"]
        native.add("version")
    if _URI.fullmatch(said.get("purl", "")):
        found["software_packageUrl"] = said["purl"]
        native.add("purl")
    maker = said.get("publisher") or said.get("owner") or said.get("provider")
    if purpose and maker in item.present:
        found["suppliedBy"] = base + maker
    if item.kind is Kind.DATASET:
        found |= _dataset(item)
    facts = [*pairs(item.body, native), *titles]
    entries = [
        {"type": "extension_CdxPropertyEntry", "extension_cdxPropName": key, "extension_cdxPropValue": value}
        for key, value in facts
    ]
    found["extension"] = [{"type": "extension_CdxPropertiesExtension", "extension_cdxProperty": entries}]
    yield found
    if "licence" in said:
        yield from _licence(item, identifier)
    yield from _relationships(item, identifier, base)


def _dataset(item: Item) -> dict[str, Any]:
    said = item.attributes
    found: dict[str, Any] = {"dataset_datasetType": ["noAssertion"]}
    if how := (said.get("collection") or {}).get("how"):
        found["dataset_dataCollectionProcess"] = how
    if _SPECIAL & set(said.get("data_classes", ())):
        found["dataset_hasSensitivePersonalInformation"] = "yes"
    return found


def _licence(item: Item, identifier: str) -> Iterator[dict[str, Any]]:
    """The licence as an expression; a text that is none is mapped from a reference, as SPDX asks."""
    text = item.attributes["licence"]
    element: dict[str, Any] = {
        "type": "simplelicensing_LicenseExpression",
        "spdxId": f"{identifier}#licence",
        "creationInfo": _CREATION,
        "simplelicensing_licenseExpression": text,
    }
    if not exact(text):
        key = f"LicenseRef-allod-{canonical.digest(text)[:16]}"
        element["simplelicensing_licenseExpression"] = key
        mapped = {"type": "DictionaryEntry", "key": key, "value": f"{identifier}#licence-text"}
        element["simplelicensing_customIdToUri"] = [mapped]
        yield {
            "type": "simplelicensing_SimpleLicensingText",
            "spdxId": f"{identifier}#licence-text",
            "creationInfo": _CREATION,
            "simplelicensing_licenseText": text,
        }
    yield element
    grade = ((item.body.get("evidence") or {}).get("licence") or {}).get("grade", Grade.DECLARED)
    word = "hasDeclaredLicense" if grade == Grade.DECLARED else "hasConcludedLicense"
    yield _relationship(f"{identifier}#licensed", identifier, word, [f"{identifier}#licence"])


def _relationships(item: Item, identifier: str, base: str) -> Iterator[dict[str, Any]]:
    for relation, word in _WORDS.items():
        if ends := [base + ref for ref in item.targets(relation) if ref in item.present]:
            yield _relationship(f"{identifier}#{relation}", identifier, word, ends)
    for number, ref in enumerate(item.targets(RelationType.GENERATED_BY), start=1):
        if ref in item.present:
            yield _relationship(f"{identifier}#generated_by-{number}", base + ref, "generates", [identifier])


def _relationship(identifier: str, begin: str, word: str, ends: list[str]) -> dict[str, Any]:
    return {
        "type": "Relationship",
        "spdxId": identifier,
        "creationInfo": _CREATION,
        "from": begin,
        "relationshipType": word,
        "to": ends,
    }
