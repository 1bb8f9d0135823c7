"""Allod's facts as name and value pairs, for what a BOM format has no field for: written by exports, read by imports.

`allod:ref` marks a part of a BOM as one of Allod's assets. Beside it stand, each where there is something to say:
`allod:title`, `allod:managed-by`, `allod:label:<key>`, `allod:annotation:<key>`, `allod:relation:<type>[:<as>]` (a ref),
`allod:attribute:<name>` and `allod:evidence:<name>` (JSON). What stands in a field of the format is not repeated, except
relations: a format says only some of them, and none of how a model came from another. CycloneDX has `properties` for such
pairs, SPDX 3 the extension `CdxPropertiesExtension`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from service.foundation import canonical
from service.inventory.facts import Grade
from service.inventory.values import shown, split_ref
from service.scans.draft import Draft, Manifest

PREFIX: Final = "allod:"
REF: Final = PREFIX + "ref"
TITLE: Final = PREFIX + "title"
MANAGED_BY: Final = PREFIX + "managed-by"
_LABEL: Final = PREFIX + "label:"
_ANNOTATION: Final = PREFIX + "annotation:"
_ATTRIBUTE: Final = PREFIX + "attribute:"
_RELATION: Final = PREFIX + "relation:"
_EVIDENCE: Final = PREFIX + "evidence:"
Pairs = list[tuple[str, str]]


def pairs(manifest: Mapping[str, Any], native: Collection[str] = ()) -> Pairs:
    """The facts of an asset, less the attributes that stand in fields of the format (`native`).

    `manifest` is what a manifest says, or the body of an observation. Its title is not among them: see `title_pair`.
    """
    found: Pairs = [(REF, f"{manifest['kind']}:{manifest['name']}")]
    if manifest.get("managed_by") is not None:
        found.append((MANAGED_BY, manifest["managed_by"]))
    found += [(_LABEL + key, value) for key, value in sorted((manifest.get("labels") or {}).items())]
    found += [(_ANNOTATION + key, value) for key, value in sorted((manifest.get("annotations") or {}).items())]
    for key, value in sorted((manifest.get("attributes") or {}).items()):
        if key not in native:
            found.append((_ATTRIBUTE + key, canonical.encode(value).decode()))
    for relation in sorted(manifest.get("relations") or (), key=lambda one: (one["type"], one["to"])):
        derivation = f":{relation['as']}" if relation.get("as") else ""
        found.append((f"{_RELATION}{relation['type']}{derivation}", relation["to"]))
    for key, value in sorted((manifest.get("evidence") or {}).items()):
        found.append((_EVIDENCE + key, canonical.encode(value).decode()))
    return found


def shown_name(manifest: Mapping[str, Any]) -> tuple[str, Pairs]:
    """What a format's field for the name holds, and the pair that is needed to tell a title from a name."""
    title, name = manifest.get("title"), str(manifest["name"])
    if title is None:
        return name, []
    return title, [(TITLE, title)] if title == name else []


@dataclass(slots=True)
class Restored:
    """An asset that was read back, before the fields of the format are laid in; and what was not understood."""

    draft: Draft
    titled: bool
    troubles: list[str] = field(default_factory=list)

    def name(self, text: Any) -> None:
        """Takes the field that holds title or name."""
        if not self.titled and isinstance(text, str) and text != self.draft.name:
            self.draft.title, self.titled = text, True

    def native(self, attribute: str, value: Any) -> None:
        """Takes an attribute from a field of the format."""
        if value is not None:
            self.draft.attributes[attribute] = value

    def manifest(self) -> Manifest:
        """The asset's manifest; one that had no title has none now."""
        manifest = self.draft.manifest()
        return manifest if self.titled else {key: value for key, value in manifest.items() if key != "title"}


def restore(stated: Iterable[tuple[Any, Any]]) -> Restored | None:
    """The asset that name and value pairs describe, None where they mark none."""
    given = [(name, value) for name, value in stated if isinstance(name, str) and isinstance(value, str)]
    ref = next((value for name, value in given if name == REF), None)
    parts = split_ref(ref) if ref is not None else None
    if parts is None:
        return None
    found = Restored(Draft(parts[0].value, parts[1], parts[1]), titled=False)
    for name, value in given:
        if not _take(found, name, value):
            found.troubles.append(f"{shown(name)} says {shown(value)}, which cannot be understood")
    return found


def declared(manifest: Manifest, source: str) -> Manifest:
    """`manifest` as a document's claim: what it calls verified or inferred is `declared` by the document, `source`."""
    evidence = {
        key: value
        if value.get("grade") in (Grade.UNRESOLVED, Grade.DECLARED)
        else {"grade": Grade.DECLARED.value, "source": source}
        for key, value in manifest.get("evidence", {}).items()
    }
    return {**manifest, "evidence": evidence} if evidence else manifest


def _take(found: Restored, name: str, value: str) -> bool:
    draft = found.draft
    match name.removeprefix(PREFIX).partition(":"):
        case ("title", "", ""):
            draft.title, found.titled = value, True
        case ("managed-by", "", ""):
            draft.managed_by = value
        case ("label", _, key):
            draft.labels[key] = value
        case ("annotation", _, key):
            draft.annotations[key] = value
        case ("attribute", _, key):
            return _decoded(draft.attributes, key, value)
        case ("evidence", _, key):
            return _decoded(draft.evidence, key, value) and isinstance(draft.evidence[key], dict)
        case ("relation", _, rest):
            type_, _, derivation = rest.partition(":")
            draft.relate(type_, value, derivation or None)
        case _:
            return name == REF or not name.startswith(PREFIX)
    return True


def _decoded(into: dict[str, Any], key: str, text: str) -> bool:
    try:
        into[key] = canonical.decode(text)
    except ValueError:
        return False
    return True
