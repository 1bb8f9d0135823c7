"""Bills of materials as proposals: what `service/scans` reads of CycloneDX and SPDX, with the lines that it stands in."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from service.gate.reading.parts import File, Ignored, Missing, Place, Proposed, Reading, Type
from service.gate.reading.text import lines_of
from service.inventory.facts import Kind
from service.scans.ai_software import Wanted
from service.scans.bom_facts import declared
from service.scans.bom_reading import Bom

_WANTED: Final = Wanted.of("ai")


def reading(
    file: File, type_: Type, document: Any, text: str, *, reader: Callable[..., Bom], keys: Sequence[str], licence: str
) -> Reading:
    """What a bill describes. `keys` are those whose values name its parts, `licence` is how it states one."""
    source = f"bom:{file.name}"[:500]
    bom = reader(document, source=source, wanted=_WANTED)
    lines = lines_of(text, keys)
    proposed: list[Proposed] = []
    missing: list[Missing] = []
    for described in bom.assets:
        manifest = declared(described.manifest, source)
        title = str(manifest.get("title", ""))
        line = lines.get(described.object) or lines.get(title) or lines.get(title.rpartition("/")[2]) or 1
        place = Place(file.name, line)
        one = Proposed(manifest, place, whole=False)
        proposed.append(one)
        if manifest["kind"] in (Kind.MODEL, Kind.DATASET) and "licence" not in manifest.get("attributes", {}):
            missing.append(Missing(one.ref, "its licence", licence, place))
    ignored = [Ignored(thing, why, Place(file.name, lines.get(thing, 1))) for thing, why in bom.notes]
    if bom.left:
        ignored.append(Ignored(f"{bom.left} other packages", "not known as AI software", Place(file.name)))
    return Reading(type_, tuple(proposed), tuple(missing), tuple(ignored))
