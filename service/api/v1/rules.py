"""`/rules`: what is judged, why, and what mends it."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.api.dependencies import Reader
from service.api.ground import GroundDep
from service.api.schemas.common import Listing
from service.foundation.errors import NotFound
from service.packs.source import Library, Rule

router = APIRouter(prefix="/rules", tags=["policy"])


class ParameterBody(BaseModel):
    """One thing of a rule that packs and workspaces can set."""

    name: str
    type: str
    default: Any
    description: str


class RuleBody(BaseModel):
    """A rule as it describes itself."""

    id: str = Field(examples=["RES-001"])
    theme: str = Field(examples=["residency"])
    name: str
    title: str
    description: str
    severity: str
    kinds: list[str] = Field(description="Kinds of asset that it judges")
    remedy: str
    controls: list[dict[str, str]] = Field(description="Controls of frameworks that it really checks")
    reads: list[str] = Field(description="Sections of the input whose evidence counts")
    parameters: list[ParameterBody]
    packs: list[str] = Field(description="Shipped packs that bind it")
    introduced: str = Field(description="The release that brought it")


class RuleWithText(RuleBody):
    """A rule and its text."""

    rego: str


@router.get("", summary="List rules")
def list_rules(principal: Reader, ground: GroundDep) -> Listing[RuleBody]:  # noqa: ARG001 -- asks for a token
    """All that ship, by id, on one page."""
    library = ground.library
    return Listing(items=[RuleBody(**_shown(library, library.rules[rule_id])) for rule_id in sorted(library.rules)])


@router.get("/{rule_id}", summary="Read a rule")
def get_rule(rule_id: str, principal: Reader, ground: GroundDep) -> RuleWithText:  # noqa: ARG001 -- asks for a token
    """One rule, with its text."""
    rule = ground.library.rules.get(rule_id)
    if rule is None:
        raise NotFound(f"There is no rule {rule_id!r}.")
    return RuleWithText(**_shown(ground.library, rule), rego=rule.module.text)


def _shown(library: Library, rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "theme": rule.theme,
        "name": rule.name,
        "title": rule.title,
        "description": rule.description,
        "severity": rule.severity,
        "kinds": list(rule.kinds),
        "remedy": rule.remedy,
        "controls": [dict(control) for control in rule.controls],
        "reads": list(rule.reads),
        "parameters": [
            ParameterBody(name=one.name, type=one.type.value, default=one.default, description=one.description)
            for one in rule.parameters.values()
        ],
        "packs": sorted(pack.id for pack in library.packs.values() if rule.id in pack.rules),
        "introduced": rule.introduced,
    }
