"""A manifest document becomes an `Observation`, or is refused with everything that is wrong with it.

`read` (from `manifest_reading`) turns a file into documents that know their lines; `observation` checks one document;
`schema` is the contract for editors and other tools, frozen in `policies/schema/manifest-v1.json`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Union

from pydantic import Field, TypeAdapter, ValidationError, create_model

from service.foundation.errors import Fault, Invalid
from service.inventory.facts import Grade, Kind, Observation, Relation, RelationType
from service.inventory.kinds import ATTRIBUTES, a, validate
from service.inventory.kinds_parts import Strict
from service.inventory.manifest_faults import faults, nearest, pointer
from service.inventory.manifest_reading import NOWHERE, Document, Where, read
from service.inventory.relations import targets
from service.inventory.values import (
    AnyRef,
    Instant,
    Label,
    LabelKey,
    Line,
    Name,
    Note,
    WorkspaceName,
    shown,
    split_ref,
)

__all__ = ["DEFAULT_WORKSPACE", "NOWHERE", "Document", "Where", "observation", "read", "schema"]

DEFAULT_WORKSPACE: Final = "default"
_OWN_NAME: Final = 200  # characters of `managed_by`, as its column holds


class RelationEntry(Strict):
    """A relation as a manifest writes it."""

    type: Annotated[RelationType, Field(strict=False)]
    to: AnyRef
    derivation: Literal["finetune", "adapter", "merge", "quantized", "distilled"] | None = Field(
        default=None, alias="as"
    )


class EvidenceEntry(Strict):
    """How well one attribute is known, and from where."""

    grade: Annotated[Grade, Field(strict=False)]
    source: Line
    at: Instant | None = None


class Manifest(Strict):
    """What stands around the attributes; these have a type of their own for each kind."""

    kind: Annotated[Kind, Field(strict=False)]
    name: Name
    workspace: WorkspaceName | None = None
    title: Line | None = None
    labels: Annotated[dict[LabelKey, Label], Field(max_length=100)] | None = None
    annotations: Annotated[dict[LabelKey, Note], Field(max_length=100)] | None = None
    attributes: dict[str, Any] | None = None
    relations: Annotated[list[RelationEntry], Field(max_length=10_000)] | None = None
    evidence: dict[str, EvidenceEntry] | None = None
    managed_by: Annotated[Line, Field(max_length=_OWN_NAME)] | None = None


def observation(document: Any, *, workspace: str = DEFAULT_WORKSPACE, where: Where = NOWHERE) -> Observation:
    """The statement that `document` makes; `workspace` is where it belongs when it does not say.

    Raises:
        Invalid: with every fault, in the order of the file where lines are known.
    """
    found: list[Fault] = []
    kind = _kind(document)
    given = document.get("attributes") if isinstance(document, Mapping) else None
    attributes: dict[str, Any] = {}
    if kind and isinstance(given, Mapping):
        attributes, found = validate(kind, given)
    try:
        checked = Manifest.model_validate(document)
        found += _contradictions(checked)
    except ValidationError as error:
        shape = [_placed(fault, kind) for fault in faults(error, Manifest, of="a manifest")]
        found = shape + found + _contradictions_beside(document, error)
    if found:
        found = sorted((where.placed(fault) for fault in found), key=lambda fault: fault.line or 0)
        first = f"at {found[0].path}, {found[0].message}" if found[0].path else found[0].message
        more = f" ({len(found) - 1} more)" if found[1:] else ""
        raise Invalid(f"{_called(document)} is refused: {first}{more}.", found)
    return Observation(
        kind=checked.kind,
        name=checked.name,
        workspace=checked.workspace or workspace,
        title=checked.title,
        labels=checked.labels or {},
        annotations=checked.annotations or {},
        attributes=attributes,
        relations=_relations(checked),
        evidence={
            key: entry.model_dump(mode="json", exclude_none=True) for key, entry in (checked.evidence or {}).items()
        },
        managed_by=checked.managed_by,
    )


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a manifest, one branch for each kind."""
    make: Any = create_model  # mypy cannot follow types made here
    only: Any = Literal
    branches: Any = tuple(
        make(
            f"{model.__name__.removesuffix('Attributes')}Manifest",
            __base__=Manifest,
            __doc__=model.__doc__,
            kind=only[kind.value],
            attributes=Annotated[model, Field(default=None)],
        )
        for kind, model in ATTRIBUTES.items()
    )
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[Union[branches], Field(discriminator="kind")])  # noqa: UP007 -- made here
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:allod:manifest:v1"}
    return {**head, "title": "Allod manifest, version 1", **adapter.json_schema()}


def _kind(document: Any) -> Kind | None:
    word = document.get("kind") if isinstance(document, Mapping) else None
    return Kind(word) if isinstance(word, str) and word in frozenset(Kind) else None


def _called(document: Any) -> str:
    if isinstance(document, Mapping):
        kind, name = document.get("kind"), document.get("name")
        if isinstance(kind, str) and isinstance(name, str) and split_ref(f"{kind}:{name}"):
            return f"{kind}:{name}"
    return "The document"


def _placed(fault: Fault, kind: Kind | None) -> Fault:
    """`fault`, knowing that an unknown key of the manifest may be an attribute of its kind."""
    word = fault.path.removeprefix("/")
    if kind and word in ATTRIBUTES[kind].model_fields:
        return Fault(fault.path, fault.message, f"it is an attribute: put {word!r} under 'attributes'")
    return fault


def _contradictions_beside(document: Any, error: ValidationError) -> list[Fault]:
    """The contradictions in what is well formed of a document that is not, so that one answer tells all."""
    broken = {one["loc"][0] for one in error.errors(include_url=False) if one["loc"]}
    if not broken or broken & {"kind", "name"}:
        return []
    if "attributes" in broken:
        broken.add("evidence")
    return _contradictions(
        Manifest.model_validate({key: value for key, value in document.items() if key not in broken})
    )


def _contradictions(manifest: Manifest) -> list[Fault]:
    """What is well formed and still cannot be."""
    kind = manifest.kind
    found: list[Fault] = []
    stated: dict[tuple[str, str], str | None] = {}
    for index, relation in enumerate(manifest.relations or ()):
        at = ("relations", index)
        allowed = targets(kind, relation.type)
        to = Kind(relation.to.partition(":")[0])
        if not allowed:
            words = [word.value for word in RelationType if targets(kind, word)]
            found.append(
                Fault(pointer(*at, "type"), f"{a(kind)} has no relation {relation.type.value!r}", _one_of(words))
            )
        elif to not in allowed:
            message = f"{relation.type.value!r} cannot lead from {a(kind)} to {a(to)}"
            found.append(
                Fault(pointer(*at, "to"), message, _one_of(f"{word.value}:<name>" for word in sorted(allowed)))
            )
        if relation.to == f"{kind.value}:{manifest.name}":
            found.append(Fault(pointer(*at, "to"), "the relation leads back to the asset itself", "another asset"))
        if relation.derivation and relation.type is not RelationType.DERIVED_FROM:
            found.append(
                Fault(pointer(*at, "as"), f"{relation.type.value!r} takes no 'as'", "'as' on 'derived_from' only")
            )
        key = (relation.type, relation.to)
        if stated.setdefault(key, relation.derivation) != relation.derivation:
            found.append(
                Fault(pointer(*at), f"{relation.type.value} {relation.to} is stated twice, differently", "it once")
            )
    return found + _unfounded(manifest, kind)


def _unfounded(manifest: Manifest, kind: Kind) -> list[Fault]:
    """Evidence for what the kind does not know or the manifest does not state."""
    found = []
    known = ATTRIBUTES[kind].model_fields
    for word, entry in (manifest.evidence or {}).items():
        path = pointer("evidence", word)
        if word not in known:
            guess = nearest(word, known)
            expected = f"did you mean {guess!r}?" if guess else "an attribute of this kind"
            found.append(Fault(path, f"{a(kind)} has no attribute {shown(word)}", expected))
        elif entry.grade is not Grade.UNRESOLVED and (manifest.attributes or {}).get(word) is None:
            message = f"there is evidence for {word!r}, but no value"
            found.append(Fault(path, message, "the attribute, or the grade 'unresolved'"))
    return found


def _relations(manifest: Manifest) -> tuple[Relation, ...]:
    stated = (Relation(r.type, r.to, r.derivation) for r in manifest.relations or ())
    return tuple(dict.fromkeys(stated))


def _one_of(words: Any) -> str:
    return "one of " + ", ".join(words)
