"""Explanations as the API shows them: what was judged, on which facts, and what would make it pass."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from service.evaluation.explain import facts
from service.evaluation.prepared import Prepared
from service.packs.source import Rule


class FactBody(BaseModel):
    """One fact that the rule was told."""

    model_config = ConfigDict(from_attributes=True)

    section: str = Field(description="Section of the input document", examples=["places"])
    says: str = Field(examples=["purpose storage, region cloud_region:aws/us-east-1, status known, country US"])
    of: str = Field(description="The asset that it is about")
    path: list[str] = Field(description="Refs from the judged asset to it")
    grade: str | None = Field(description="How well it is known; null where that is not graded")
    source: str | None = Field(description="Who said so, for attributes of the asset itself")


class ExplanationBody(BaseModel):
    """What a rule judged, on which facts, and what would make it pass."""

    rule: str
    title: str
    question: str = Field(description="What the rule asks, in whole sentences")
    as_of: str = Field(description="The day as of which it was judged")
    input_digest: str
    parameters: dict[str, Any]
    facts: list[FactBody] = Field(description="Those nearest to the finding first, at most 50")
    would_pass: str = Field(description="What change would make it pass")

    @classmethod
    def of(cls, rule: Rule, kept: Prepared, pack: str, path: list[str]) -> Self:
        """What `rule` was told by a kept document; facts on `path` come first."""
        parameters = next(
            (slot.parameters.get(rule.id) for slot in kept.slots if pack in slot.packs.get(rule.id, ())), None
        )
        return cls(
            rule=rule.id,
            title=rule.title,
            question=rule.description,
            as_of=kept.document["as_of"],
            input_digest=kept.digest,
            parameters=parameters or {},
            facts=[FactBody.model_validate(fact) for fact in facts(kept.document, rule.reads, path)],
            would_pass=rule.remedy,
        )


class JudgementBody(BaseModel):
    """What one rule of one pack last came to, with its explanation unless the document is no longer kept."""

    rule: str
    pack: str
    outcome: str
    evidence_grade: str = Field(description="Grade of the weakest fact that the rule read")
    findings: int
    decided_at: datetime
    explanation: ExplanationBody | None
