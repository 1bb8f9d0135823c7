"""An asset while it is being put together: what importers and connectors fill in, and the manifest it becomes."""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Manifest = dict[str, Any]


@dataclass(slots=True)
class Draft:
    """An asset while it is being put together."""

    kind: str
    name: str
    title: str
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, dict[str, str]] = field(default_factory=dict)
    relations: dict[tuple[str, str], str | None] = field(default_factory=dict)
    managed_by: str = ""

    @property
    def ref(self) -> str:
        """`kind:name`."""
        return f"{self.kind}:{self.name}"

    def state(self, attribute: str, value: Any, *, grade: str, source: str) -> None:
        """Set an attribute with its evidence."""
        self.attributes[attribute] = value
        self.evidence[attribute] = {"grade": grade, "source": source}

    def annotate(self, key: str, value: Any) -> None:
        """Keep `value` as text; what says nothing (null, an empty text, list or mapping) is not kept."""
        if value not in (None, "", [], {}):
            self.annotations[key] = as_text(value)

    def relate(self, type_: str, to: str, derivation: str | None = None) -> None:
        """Point at another asset; the first mention holds."""
        self.relations.setdefault((type_, to), derivation)

    def manifest(self) -> Manifest:
        """The finished manifest, the same for the same content whatever the order it was put together in."""
        relations = [
            {"type": type_, "to": to, **({"as": derivation} if derivation else {})}
            for (type_, to), derivation in sorted(self.relations.items())
        ]
        parts: dict[str, Any] = {
            "labels": dict(sorted(self.labels.items())),
            "annotations": dict(sorted(self.annotations.items())),
            "attributes": dict(sorted(self.attributes.items())),
            "relations": relations,
            "evidence": dict(sorted(self.evidence.items())),
            "managed_by": self.managed_by,
        }
        head = {"kind": self.kind, "name": self.name, "title": self.title}
        return head | {key: part for key, part in parts.items() if part}


def as_text(value: Any) -> str:
    """Text as it is, dates in ISO 8601, everything else as JSON."""
    if isinstance(value, date):
        return value.isoformat()
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
