"""CycloneDX 1.5 to 1.7 in JSON (https://cyclonedx.org/specification/overview/): components, services and their ties.

- `machine-learning-model`: a model; its model card gives modalities, and `trained_on` its data; `pedigree.ancestors`:
  `derived_from`;
- `data`: a dataset; services: AI services; applications, frameworks, libraries and their like: software;
- suppliers, manufacturers, providers, publishers: vendors, with `published_by` or `operated_by`;
- licences as written; what else a model card says: annotations under `bom/`.

What Allod itself exported is marked (see `bom_facts`) and comes back as it was.
"""

from collections.abc import Iterator
from typing import Any, Final

from service.foundation import canonical
from service.inventory.facts import Kind, RelationType
from service.inventory.values import shown
from service.scans.ai_software import Wanted
from service.scans.bom_cyclonedx_parts import addresses, component, data_of, model, service
from service.scans.bom_facts import PREFIX, REF, Restored, restore
from service.scans.bom_reading import (
    Bom,
    Book,
    Purl,
    hosted_name,
    key,
    line,
    mapping,
    mappings,
    texts,
)
from service.scans.draft import Draft

VERSIONS: Final = ("1.5", "1.6", "1.7")
VENDOR: Final = PREFIX + "vendor"


def is_cyclonedx(document: Any) -> bool:
    """Whether this is a CycloneDX BOM, of whatever version."""
    return isinstance(document, dict) and document.get("bomFormat") == "CycloneDX"


def read(document: dict[str, Any], *, source: str, wanted: Wanted) -> Bom:
    """What the BOM describes. `source` is what evidence names; `wanted` says which packages are taken."""
    book = Book(source, wanted)
    if document.get("specVersion") not in VERSIONS:
        book.note("specVersion", f"{shown(document.get('specVersion'))} is none of {', '.join(VERSIONS)}; read as 1.7")
    root = mapping(mapping(document.get("metadata")).get("component"))
    parts = [*([root] if root else []), *_nested(document, "components")]
    services = list(_nested(document, "services"))
    odd: dict[str, int] = {}
    described = [(part, component(book, part, odd)) for part in parts]
    for one in services:
        service(book, one)
    _vendors(book, document)
    for part, draft in described:
        if draft is not None and draft.kind == Kind.MODEL:
            _ties(book, part, draft)
    for entry in mappings(document.get("dependencies")):
        source_ref = book.refs.get(key(entry.get("ref")))
        for target in texts(entry.get("dependsOn"), key):
            if source_ref and target in book.refs:
                book.depends(source_ref)
    for type_, count in sorted(odd.items()):
        book.note("components", f"{count} of type {type_}, for which there is no kind of asset")
    return book.finished()


def _nested(document: dict[str, Any], inside: str) -> Iterator[dict[str, Any]]:
    """Components (or services) with those inside them, in their order. Without recursion: depth is up to the document."""
    todo = mappings(document.get(inside))[::-1]
    while todo:
        part = todo.pop()
        yield part
        todo += mappings(part.get(inside))[::-1]


def _vendors(book: Book, document: dict[str, Any]) -> None:
    """Organisations that stand by themselves: Allod's own, and the targets of declarations."""
    for one in mappings(document.get("properties")):
        if one.get("name") != VENDOR:
            continue
        restored = _pairs(one.get("value"))
        if restored is None:
            book.note(VENDOR, f"{shown(one.get('value'))} describes no vendor")
        else:
            book.mark(restored, restored.draft.ref, restored.draft.title)
    targets = mapping(mapping(document.get("declarations")).get("targets"))
    for one in mappings(targets.get("organizations")):
        if key(one.get("bom-ref")) not in book.refs:
            book.vendor(one.get("name"), mapping(one.get("address")).get("country"))


def _pairs(text: Any) -> Restored | None:
    try:
        said = canonical.decode(text if isinstance(text, str) else "")
    except ValueError:
        return None
    facts = said if isinstance(said, list) else []
    found: list[tuple[Any, Any]] = [(one[0], one[1]) for one in facts if isinstance(one, list) and len(one) == 2]
    return restore(found)


def _ties(book: Book, part: dict[str, Any], draft: Draft) -> None:
    """Ancestors and training data: of things that may stand in the BOM, or only in this field."""
    for ancestor in mappings(mapping(part.get("pedigree")).get("ancestors")):
        target = _marked(ancestor.get("properties")) or _ancestor(book, ancestor)
        if target is None or not book.tie(draft.ref, target, RelationType.DERIVED_FROM):
            book.note(draft.title, f"its ancestor {shown(ancestor.get('name'))} is no other model")
    for data in mappings(mapping(mapping(part.get("modelCard")).get("modelParameters")).get("datasets")):
        target = _trained(book, data)
        if target is None or not book.tie(draft.ref, target, RelationType.TRAINED_ON):
            book.note(draft.title, f"its training data {shown(data.get('ref') or data.get('name'))} is no dataset")


def _marked(properties: Any) -> str | None:
    return next((line(one.get("value")) for one in mappings(properties) if one.get("name") == REF), None)


def _ancestor(book: Book, part: dict[str, Any]) -> str | None:
    """The model that an ancestor is; one that stands nowhere else is described by what stands here."""
    known = book.refs.get(key(part.get("bom-ref")))
    name, purl = line(part.get("name")), Purl.of(part.get("purl"))
    if known or not name or line(part.get("type")) not in ("machine-learning-model", ""):
        return known
    ref = f"model:{hosted_name(name, line(part.get('group')), purl=purl, addresses=addresses(part))}"
    return ref if ref in book.drafts or ref in book.restored else model(book, part, name, purl).ref


def _trained(book: Book, data: dict[str, Any]) -> str | None:
    """The dataset that `datasets` of a model card names: by reference, or described on the spot."""
    contents, name = mapping(data.get("contents")), line(data.get("name"))
    pointed = book.refs.get(key(data.get("ref"))) or _marked(contents.get("properties"))
    if pointed or not name:
        return pointed
    draft = Draft("dataset", hosted_name(name, addresses=[contents.get("url")]), name)
    draft = book.keep(draft, key(data.get("bom-ref")) or None, name)
    data_of(book, draft, data)
    return draft.ref
