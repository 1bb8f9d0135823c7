"""The gate's answers."""

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from service.evaluation.record import KeptDecision


class WaiverBody(BaseModel):
    """That a complaint is let pass for a time."""

    id: str
    reason: str
    approved_by: str
    expires_at: str = Field(description="ISO 8601, in UTC")


class PlaceBody(BaseModel):
    """Where in a file."""

    file: str
    line: int


class ReasonBody(BaseModel):
    """One finding, and what it does to the verdict."""

    rule: str
    pack: str
    outcome: str = Field(description="violation, unknown or error")
    severity: str
    asset: str
    subject: str
    message: str
    path: list[str] = Field(description="Refs from the asset to what is wrong")
    enforcement: str = Field(description="block, warn or inform")
    remedy: str
    via: str | None = Field(default=None, description="The candidate for whose sake the asset is judged")
    fingerprint: str = Field(default="", description="SHA-256 that names the complaint")
    blocks_from: str | None = Field(default=None, description="Only a warning before this day (ISO 8601)")
    waiver: WaiverBody | None = Field(default=None, description="Whose waiver lets this pass, and until when")


class LocatedReason(ReasonBody):
    """A reason of an answer: `place` is set where files were given."""

    place: PlaceBody | None = None
    softened: str | None = Field(default=None, description="Set by the command line alone, as is `baseline`")
    baseline: str | None = None


class MissingBody(PlaceBody):
    """What a file does not tell of an asset, and the line to add."""

    asset: str
    what: str
    add: str


class IgnoredBody(PlaceBody):
    """What was read and is of no concern."""

    what: str
    why: str


class RuleSketch(BaseModel):
    """What a reader of an answer needs to know of a rule."""

    title: str
    description: str
    severity: str
    theme: str
    remedy: str
    controls: list[dict[str, str]]


class AnswerBody(BaseModel):
    """The answer of the gate."""

    id: UUID | None = Field(description="Of the kept decision; null where nothing was judged, so that nothing is kept")
    digest: str = Field(description="SHA-256 of the outcomes")
    verdict: str = Field(description="allow, warn or block")
    undecided: bool = Field(description="A rule could not run: the block is no judgement of the candidate")
    workspace: str
    point: str
    as_of: date
    engine: str
    judged: int = Field(description="Assets that were judged")
    reasons: list[LocatedReason]
    rules: dict[str, RuleSketch] = Field(description="The rules that the reasons name")
    missing: list[MissingBody]
    ignored: list[IgnoredBody]


class GateAnswer(BaseModel):
    """The decision on a candidate."""

    decision: AnswerBody


class VerdictBody(BaseModel):
    """The verdict of a kept decision."""

    id: UUID
    verdict: str = Field(description="allow, warn or block")
    undecided: bool = Field(description="A rule could not run: the block is no judgement of the candidate")
    reasons: list[ReasonBody]

    @classmethod
    def of(cls, kept: KeptDecision) -> Self:
        """The body that shows `kept`."""
        reasons = [ReasonBody.model_validate(reason) for reason in kept.answer.reasons]
        undecided = any(reason.outcome == "error" for reason in reasons)
        return cls(id=kept.id, verdict=kept.answer.verdict, undecided=undecided, reasons=reasons)


class DecisionBody(VerdictBody):
    """A kept decision, with what it was made from."""

    workspace: str
    at: datetime
    actor: str
    enforcement_point: str
    as_of: date
    engine: str
    bundle_digest: str
    inputs: list[dict[str, str]] = Field(description="Judged assets, each with the digest of its input document")
    outcomes: dict[str, Any]
    digest: str = Field(description="SHA-256 of the outcomes")


class DecisionSummary(BaseModel):
    """A kept decision in a listing."""

    id: UUID
    workspace: str
    at: datetime
    actor: str
    enforcement_point: str
    verdict: str


class DecisionPage(BaseModel):
    """A page of kept decisions, newest first."""

    items: list[DecisionSummary]
    next_cursor: str | None


class ReplayBody(BaseModel):
    """A decision made again."""

    identical: bool
    engine: str
    digest: str
    differences: list[str] = Field(description="Refs whose outcomes came out otherwise")
