"""SPDX 3.0 in JSON-LD (https://spdx.github.io/spdx-spec/v3.0.1/), its AI and Dataset profiles above all.

- `ai_AIPackage`: a model; `dataset_DatasetPackage`: a dataset; packages: software, or a model or dataset where that is
  their purpose;
- agents that supply or publish: vendors, with `published_by`;
- relationships: `trainedOn`, `testedOn`, `descendantOf`, `ancestorOf`, `generates`, `dependsOn`, `contains`, and the
  declared or concluded licence;
- other fields of the profiles: annotations under `bom/`.

What Allod itself exported is marked (see `bom_facts`) and comes back as it was.
"""

from typing import Any, Final

from service.inventory.facts import Grade, Kind, RelationType
from service.inventory.values import shown
from service.scans.ai_software import Wanted
from service.scans.bom_facts import restore
from service.scans.bom_reading import (
    Bom,
    Book,
    Purl,
    annotate,
    hosted_name,
    key,
    line,
    mapping,
    mappings,
    package_name,
    prose,
    texts,
)
from service.scans.draft import Draft

CONTEXT: Final = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_CONTEXTS: Final = "https://spdx.org/rdf/3."
_AGENTS: Final = frozenset({"Agent", "Organization", "Person", "SoftwareAgent"})
_PACKAGES: Final = frozenset({"software_Package", "software_File"})
_RELATIONSHIPS: Final = frozenset({"Relationship", "LifecycleScopedRelationship"})
_PURPOSES: Final = {"model": "ai_AIPackage", "data": "dataset_DatasetPackage"}
# Type -> relation, and whether it leads from `to` to `from`.
_TIES: Final = {
    "trainedOn": (RelationType.TRAINED_ON, False),
    "testedOn": (RelationType.EVALUATED_ON, False),
    "descendantOf": (RelationType.DERIVED_FROM, False),
    "ancestorOf": (RelationType.DERIVED_FROM, True),
    "generates": (RelationType.GENERATED_BY, True),
    "publishedBy": (RelationType.PUBLISHED_BY, False),
}
_DEPENDENCIES: Final = frozenset({"dependsOn", "contains", "hasOptionalDependency", "hasProvidedDependency"})
_LICENCES: Final = {"hasDeclaredLicense": Grade.DECLARED, "hasConcludedLicense": Grade.INFERRED}
_UNTOLD: Final = frozenset({"describes", *_LICENCES})
_SETS: Final = {"expandedlicensing_ConjunctiveLicenseSet": " AND ", "expandedlicensing_DisjunctiveLicenseSet": " OR "}
_INDIVIDUALS: Final = {"NoAssertionLicense": None, "NoneLicense": "NONE"}
_DEPTH_MAX: Final = 20


def is_spdx3(document: Any) -> bool:
    """Whether this is an SPDX 3 document in JSON-LD."""
    return isinstance(document, dict) and any(one.startswith(_CONTEXTS) for one in texts(document.get("@context")))


def read(document: dict[str, Any], *, source: str, wanted: Wanted) -> Bom:
    """What the document describes. `source` is what evidence names; `wanted` says which packages are taken."""
    book = Book(source, wanted)
    graph = mappings(document.get("@graph")) or [document]
    elements = {identifier: one for one in graph if (identifier := _identifier(one))}
    licences = _licences(graph, elements)
    for identifier, element in elements.items():
        _element(book, identifier, element, elements, licences.get(identifier))
    told: dict[str, int] = {}
    for element in graph:
        if line(element.get("type")) in _RELATIONSHIPS:
            _relationship(book, element, elements, told)
    for type_, count in sorted(told.items()):
        book.note("relationships", f"{count} of type {type_}, which no relation expresses")
    return book.finished()


def _element(
    book: Book, identifier: str, element: dict[str, Any], elements: dict[str, Any], licence: tuple[str, Grade] | None
) -> None:
    type_, name = line(element.get("type")), line(element.get("name"))
    entries = [
        entry for one in mappings(element.get("extension")) for entry in mappings(one.get("extension_cdxProperty"))
    ]
    restored = restore((one.get("extension_cdxPropName"), one.get("extension_cdxPropValue", "")) for one in entries)
    if restored:
        restored.name(element.get("name"))
        restored.native("version", element.get("software_packageVersion"))
        restored.native("purl", element.get("software_packageUrl"))
        restored.native("licence", licence[0] if licence else None)
        book.mark(restored, identifier, name)
        return
    if type_ in _PACKAGES:
        type_ = _PURPOSES.get(line(element.get("software_primaryPurpose")), type_)
    if type_ not in ("ai_AIPackage", "dataset_DatasetPackage", "software_Package"):
        return
    if not name:
        book.note(identifier, "it has no name")
        return
    draft = _draft(book, element, type_, name)
    if draft is None:
        book.bom.left += 1
        return
    draft = book.keep(draft, identifier, name)
    if draft.kind != Kind.DATASET:
        book.state(draft, "version", line(element.get("software_packageVersion")))
    if licence:
        book.state(draft, "licence", prose(licence[0]), licence[1])
    agents = [
        elements.get(one) for one in texts(element.get("suppliedBy"), key) + texts(element.get("originatedBy"), key)
    ]
    supplier = next((one for one in agents if one and line(one.get("type")) in _AGENTS), None)
    if supplier and (ref := _vendor(book, supplier)):
        book.state(draft, "owner" if draft.kind == Kind.DATASET else "publisher", ref)
        book.tie(draft.ref, ref, RelationType.PUBLISHED_BY)
    annotate(
        draft, {word: element.get(word) for word in ("description", "summary", "comment", "software_copyrightText")}
    )


def _draft(book: Book, element: dict[str, Any], type_: str, name: str) -> Draft | None:
    purl = Purl.of(element.get("software_packageUrl"))
    addresses = texts(element.get("software_downloadLocation")) + texts(element.get("software_homePage"))
    if purl is None:
        stated = mappings(element.get("externalIdentifier"))
        found = (Purl.of(one.get("identifier")) for one in stated if one.get("externalIdentifierType") == "packageURL")
        purl = next((one for one in found if one), None)
    if type_ == "ai_AIPackage" or (purl and purl.type == "huggingface" and type_ != "dataset_DatasetPackage"):
        draft = Draft("model", hosted_name(name, purl=purl, addresses=addresses), name)
        annotate(draft, {key.removeprefix("ai_"): value for key, value in element.items() if key.startswith("ai_")})
        return draft
    if type_ == "dataset_DatasetPackage":
        draft = Draft("dataset", hosted_name(name, purl=purl, addresses=addresses), name)
        said = {key: value for key, value in element.items() if key.startswith("dataset_")}
        annotate(draft, {key.removeprefix("dataset_"): value for key, value in said.items()})
        if how := prose(said.get("dataset_dataCollectionProcess")):
            book.state(draft, "collection", {"how": how})
        return draft
    if not (book.wanted.other(name) or (purl and book.wanted.other(purl.path))):
        return None
    draft = Draft("software", package_name(name, purl), name)
    book.state(draft, "purl", line(element.get("software_packageUrl"), 2000) if purl else None)
    return draft


def _relationship(book: Book, element: dict[str, Any], elements: dict[str, Any], told: dict[str, int]) -> None:
    type_, begin = line(element.get("relationshipType")), key(element.get("from"))
    for end in texts(element.get("to"), key):
        pair = book.refs.get(begin), book.refs.get(end) or _agent(book, type_, elements.get(end))
        if type_ in _UNTOLD or None in pair:
            continue
        source, target = str(pair[0]), str(pair[1])
        if type_ in _DEPENDENCIES:
            book.depends(source)
        elif type_ in _TIES:
            relation, backwards = _TIES[type_]
            ends = (target, source) if backwards else (source, target)
            if not book.tie(*ends, relation):
                book.note(begin, f"{type_} {shown(end)} cannot be said of these kinds of asset")
        elif source not in book.restored:
            told[type_] = told.get(type_, 0) + 1


def _agent(book: Book, type_: str, element: dict[str, Any] | None) -> str | None:
    return (
        _vendor(book, element) if type_ == "publishedBy" and element and line(element.get("type")) in _AGENTS else None
    )


def _vendor(book: Book, agent: dict[str, Any]) -> str | None:
    return book.refs.get(_identifier(agent)) or book.vendor(agent.get("name"))


def _licences(graph: list[dict[str, Any]], elements: dict[str, Any]) -> dict[str, tuple[str, Grade]]:
    """The licence of each element: the declared one, else the concluded one."""
    found: dict[str, tuple[str, Grade]] = {}
    for wanted, grade in _LICENCES.items():
        for one in graph:
            if line(one.get("type")) in _RELATIONSHIPS and one.get("relationshipType") == wanted:
                named = [_licence(elements, end, _DEPTH_MAX) for end in texts(one.get("to"), key)]
                if text := " AND ".join(name for name in named if name):
                    found.setdefault(key(one.get("from")), (text, grade))
    return found


def _licence(elements: dict[str, Any], identifier: str, depth: int) -> str | None:
    """A licence as written: an expression, a listed licence's id, a text, or a set of those."""
    element = elements.get(identifier)
    if element is None:
        # Listed licences and the two that say nothing or none are named by their address (or its short form) alone.
        last = identifier.rpartition("/")[2].removeprefix("expandedlicensing_")
        return _INDIVIDUALS.get(last, last or None)
    if expression := element.get("simplelicensing_licenseExpression"):
        mapped = {
            line(one.get("key")): one.get("value") for one in mappings(element.get("simplelicensing_customIdToUri"))
        }
        text = mapping(elements.get(str(mapped.get(expression)))).get("simplelicensing_licenseText")
        return str(expression if text is None else text)
    if (joint := _SETS.get(line(element.get("type")))) and depth:
        members = [_licence(elements, one, depth - 1) for one in texts(element.get("expandedlicensing_member"), key)]
        return joint.join(f"({one})" if " " in one else one for one in members if one) or None
    by_text = line(element.get("type")) == "simplelicensing_SimpleLicensingText"
    stated = element.get("simplelicensing_licenseText") if by_text else element.get("name")
    return stated if isinstance(stated, str) else None


def _identifier(element: dict[str, Any]) -> str:
    return key(element.get("spdxId") or element.get("@id"))
