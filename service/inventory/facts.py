"""What comes in: an `Observation` is somebody's statement about one asset, already checked, not yet stored."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The eight kinds of asset."""

    MODEL = "model"
    DATASET = "dataset"
    GPU_HOST = "gpu_host"
    CLOUD_REGION = "cloud_region"
    VENDOR = "vendor"
    SOFTWARE = "software"
    AI_SERVICE = "ai_service"
    SYSTEM = "system"


class Grade(StrEnum):
    """How well an attribute is known, best first."""

    VERIFIED = "verified"
    INFERRED = "inferred"
    DECLARED = "declared"
    UNRESOLVED = "unresolved"


class RelationType(StrEnum):
    """Relations of a manifest: the asset that states them rests on what they point to, `serves` excepted."""

    DERIVED_FROM = "derived_from"
    TRAINED_ON = "trained_on"
    EVALUATED_ON = "evaluated_on"
    GENERATED_BY = "generated_by"
    STORED_IN = "stored_in"
    RUNS_ON = "runs_on"
    LOCATED_IN = "located_in"
    OPERATED_BY = "operated_by"
    PUBLISHED_BY = "published_by"
    USES = "uses"
    SERVES = "serves"
    ALTERNATIVE_TO = "alternative_to"
    SUBPROCESSOR = "subprocessor"


@dataclass(frozen=True, slots=True)
class Relation:
    """A typed pointer to another asset. `derivation` (`as` in a manifest) says how a model came from another."""

    type: RelationType
    to: str
    derivation: str | None = None

    def as_dict(self) -> dict[str, str]:
        """As a manifest writes it."""
        body = {"type": str(self.type), "to": self.to}
        return {**body, "as": self.derivation} if self.derivation else body


@dataclass(frozen=True, slots=True)
class Observation:
    """One asset as somebody states it. `evidence` holds what the statement says of single attributes, else `declared`."""

    kind: Kind
    name: str
    workspace: str
    title: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    relations: tuple[Relation, ...] = ()
    evidence: dict[str, dict[str, str]] = field(default_factory=dict)
    managed_by: str | None = None

    @property
    def ref(self) -> str:
        """`kind:name`."""
        return f"{self.kind}:{self.name}"

    def body(self) -> dict[str, Any]:
        """What is compared, hashed and kept as a revision: everything that a manifest can say."""
        return {
            "kind": str(self.kind),
            "name": self.name,
            "title": self.title,
            "labels": self.labels,
            "annotations": self.annotations,
            "attributes": self.attributes,
            "relations": sorted((r.as_dict() for r in self.relations), key=lambda r: (r["type"], r["to"])),
            "evidence": self.evidence,
            "managed_by": self.managed_by,
        }
