"""SPDX 2.2 and 2.3 in JSON (https://spdx.github.io/spdx-spec/v2.3/): packages and their ties.

These versions know no models: a package is one where its package URL leads to a hub of models, else software. Suppliers
and originators become vendors; the declared licence (else the concluded one) is kept as written.
"""

from typing import Any, Final

from service.inventory.facts import Grade, Kind, RelationType
from service.scans.ai_software import Wanted
from service.scans.bom_reading import (
    UNSAID,
    Bom,
    Book,
    Purl,
    annotate,
    hosted_name,
    key,
    line,
    mappings,
    package_name,
    prose,
)
from service.scans.draft import Draft

# Type -> relation, and whether it leads from the second element to the first.
_TIES: Final = {
    "DESCENDANT_OF": (RelationType.DERIVED_FROM, False),
    "ANCESTOR_OF": (RelationType.DERIVED_FROM, True),
}
_DEPENDENCIES: Final = frozenset({"DEPENDS_ON", "CONTAINS"})
_BACKWARDS: Final = frozenset({"DEPENDENCY_OF", "CONTAINED_BY", "RUNTIME_DEPENDENCY_OF"})


def is_spdx2(document: Any) -> bool:
    """Whether this is an SPDX 2 document."""
    return isinstance(document, dict) and str(document.get("spdxVersion", "")).startswith("SPDX-2.")


def read(document: dict[str, Any], *, source: str, wanted: Wanted) -> Bom:
    """What the document describes. `source` is what evidence names; `wanted` says which packages are taken."""
    book = Book(source, wanted)
    extracted = {
        line(one.get("licenseId")): prose(one.get("name")) or prose(one.get("extractedText"))
        for one in mappings(document.get("hasExtractedLicensingInfos"))
    }
    for package in mappings(document.get("packages")):
        _package(book, package, extracted)
    for one in mappings(document.get("relationships")):
        type_ = line(one.get("relationshipType"))
        source_ref = book.refs.get(key(one.get("spdxElementId")))
        target_ref = book.refs.get(key(one.get("relatedSpdxElement")))
        if source_ref is None or target_ref is None:
            continue
        if type_ in _TIES:
            relation, backwards = _TIES[type_]
            ends = (target_ref, source_ref) if backwards else (source_ref, target_ref)
            if not book.tie(*ends, relation):
                book.note(source_ref, f"{type_} {target_ref} cannot be said of these kinds of asset")
        elif type_ in _DEPENDENCIES or type_ in _BACKWARDS:
            book.depends(target_ref if type_ in _BACKWARDS else source_ref)
    return book.finished()


def _package(book: Book, package: dict[str, Any], extracted: dict[str, str]) -> None:
    name, identifier = line(package.get("name")), key(package.get("SPDXID"))
    stated = [one for one in mappings(package.get("externalRefs")) if one.get("referenceType") == "purl"]
    purls = [line(one.get("referenceLocator"), 2000) for one in stated]
    purl = next((one for one in map(Purl.of, purls) if one), None)
    if not name:
        book.note(identifier or "package", "it has no name")
        return
    if purl and purl.type == "huggingface":
        kind = Kind.DATASET if purl.path.startswith("datasets/") else Kind.MODEL
        draft = Draft(kind.value, hosted_name(name, purl=purl), name)
    elif book.wanted.other(name) or (purl and book.wanted.other(purl.path)):
        draft = Draft("software", package_name(name, purl), name)
        book.state(draft, "purl", next(iter(purls), None) if purl else None)
    else:
        book.bom.left += 1
        return
    draft = book.keep(draft, identifier, name)
    if draft.kind != Kind.DATASET:
        book.state(draft, "version", line(package.get("versionInfo")))
    for said, grade in (("licenseDeclared", Grade.DECLARED), ("licenseConcluded", Grade.INFERRED)):
        licence = prose(package.get(said))
        if licence not in UNSAID:
            # A reference into this document means nothing outside it.
            book.state(draft, "licence", extracted.get(licence) or licence, grade)
            break
    for said in ("supplier", "originator"):
        role, _, who = line(package.get(said)).partition(": ")
        if role == "Organization" and (ref := book.vendor(who.partition(" (")[0])):
            book.state(draft, "owner" if draft.kind == Kind.DATASET else "publisher", ref)
            book.tie(draft.ref, ref, RelationType.PUBLISHED_BY)
            break
    annotate(draft, {word: package.get(word) for word in ("description", "summary", "comment", "homepage")})
