"""What a model's release holds, read from a Model Openness Framework record or from a model of the inventory."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from service.foundation.errors import Fault, Invalid
from service.inventory import manifest_reading
from service.inventory.facts import Kind
from service.inventory.manifest_reading import NOWHERE, Where
from service.inventory.openness import DISTRIBUTION, Release, Released
from service.inventory.openness_framework import Material, framework
from service.inventory.views import AssetView

# How `allod import mof` marks a model, and where it keeps the record's block of licences.
_IMPORTED: Final = ("source", "mof")
_BLOCK: Final = "mof/license"


def read(file: Path) -> Release:
    """The release that the record in `file` describes.

    Raises:
        OSError: it cannot be read.
        Invalid: it is neither YAML nor JSON, or no record, or several.
    """
    documents = manifest_reading.read(file.read_bytes(), str(file))
    if len(documents) != 1:
        raise Invalid(f"{file} holds {len(documents)} documents; a record is one.")
    return of_record(documents[0].data, documents[0].where)


def of_record(content: Any, where: Where = NOWHERE) -> Release:
    """The release that a record describes; `where` it stands is named in faults.

    Raises:
        Invalid: it is no record.
    """
    asked = framework().framework
    release = content.get("release") if isinstance(content, dict) else None
    if not isinstance(release, dict):
        fault = Fault("/release", "is not there, or no mapping", "what the model's release holds")
        raise Invalid(f"This is no record of the {asked}.", [where.placed(fault)])
    head = content.get("framework")
    if isinstance(head, dict) and head.get("name", asked) != asked:
        fault = Fault("/framework/name", "is another framework", asked)
        raise Invalid(f"This is no record of the {asked}.", [where.placed(fault)])
    given = release.get("components") or []
    entries = given if isinstance(given, list) else [given]
    nameless = [number for number, one in enumerate(entries) if not (isinstance(one, dict) and _text(one.get("name")))]
    if nameless:
        faults = [where.placed(Fault(f"/release/components/{number}", "has no name")) for number in nameless]
        raise Invalid("Components of this record have no name.", faults)
    return Release(tuple(map(_released, entries)), _inherited(release.get("license")))


def of_asset(model: AssetView) -> Release:
    """The release that a model's attributes describe.

    Components inherit the model's own licence. A model that was imported from a record goes by the record's own block of
    licences: there the model's licence is that of its parameters, which other components do not inherit.

    Raises:
        Invalid: it is no model.
    """
    if model.kind != Kind.MODEL:
        raise Invalid(f"{model.ref} is no model: only models have an openness class.")
    components = tuple(Released(one["name"], one.get("licence")) for one in model.attributes.get("components", ()))
    label, word = _IMPORTED
    if model.labels.get(label) == word:
        return Release(components, _inherited(_block(model.annotations.get(_BLOCK))))
    licence = model.attributes.get("licence")
    return Release(components, {DISTRIBUTION: licence} if licence else {})


def _released(entry: Mapping[str, Any]) -> Released:
    # An empty licence says "none"; null says nothing, as if the field were left out.
    licence = next((entry[key] for key in ("licence", "license") if entry.get(key) is not None), None)
    return Released(_text(entry["name"]), None if licence is None else _text(licence))


def _inherited(block: Any) -> dict[str, str]:
    """Licences by what inherits them; `block` may be an empty list, as some records have it."""
    if not isinstance(block, dict):
        return {}
    named = {key: block.get(key) for key in (*Material, DISTRIBUTION)}
    texts = {str(key): _text(one.get("name")) for key, one in named.items() if isinstance(one, dict)}
    return {key: text for key, text in texts.items() if text}


def _block(annotation: str | None) -> Any:
    """The block as the import kept it; an annotation that somebody wrote by hand may be anything."""
    try:
        return json.loads(annotation or "{}")
    except json.JSONDecodeError:
        return None


def _text(value: Any) -> str:
    """Text as the import keeps it, so that a record and the model made of it read the same."""
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
