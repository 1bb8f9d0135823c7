"""The gate's answers."""

from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from service.evaluation.record import KeptDecision


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


class VerdictBody(BaseModel):
    """The answer of the gate."""

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


class GateAnswer(BaseModel):
    """The decision on a candidate."""

    decision: VerdictBody


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
