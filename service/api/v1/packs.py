"""`/packs`: which rules are in force in a workspace, with which parameters, and what their outcomes do."""

from datetime import date
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import Session

from service.api.dependencies import Author, Reader, SessionDep, WorkspaceName, workspace_of
from service.api.ground import GroundDep
from service.api.schemas.common import Body, Listing
from service.inventory.views import WorkspaceView
from service.packs import actions, lifecycle, queries
from service.packs.lifecycle import Setting
from service.packs.parameters import expectation
from service.packs.source import Library, Pack

router = APIRouter(prefix="/packs", tags=["policy"])

Word = Literal["block", "warn", "inform"]


class SettableBody(BaseModel):
    """One parameter of a pack, as it is in force."""

    name: str
    type: str
    value: Any
    shipped: Any = Field(description="The value where the workspace sets none")
    description: str
    expected: str = Field(description="What a value looks like")


class PackBody(BaseModel):
    """A pack as it is in force in a workspace."""

    id: str = Field(examples=["eu-data-residency"])
    workspace: str
    title: str
    description: str
    version: str
    owner: str
    effective_on: date = Field(description="Before this day what would block only warns")
    shipped_effective_on: date = Field(description="That day where the workspace sets none")
    active: bool
    rules: list[str]
    parameters: list[SettableBody]
    enforcement: dict[str, dict[str, str]] = Field(description="By point, what violation and unknown do")
    labels: dict[str, list[str]] = Field(
        description="Only assets are judged that carry, for each key, one of the values; empty: all assets"
    )


class SettingBody(Body):
    """All that a workspace sets of a pack; what is left out is as the pack ships."""

    active: bool = True
    parameters: dict[str, Any] = Field(default_factory=dict, examples=[{"allowed": ["EEA", "CH"]}])
    enforcement: dict[str, dict[str, Word]] = Field(default_factory=dict, examples=[{"ci": {"unknown": "warn"}}])
    labels: dict[str, list[str]] = Field(
        default_factory=dict,
        description="The assets that the pack judges: those that carry, for each key, one of the values; empty: all",
        examples=[{"env": ["prod", "staging"]}],
    )
    effective_on: date | None = Field(
        default=None, description="Before this day what would block only warns; null: the day that ships"
    )


@router.get("", summary="List packs")
def list_packs(
    principal: Reader, session: SessionDep, ground: GroundDep, workspace: WorkspaceName = None
) -> Listing[PackBody]:
    """All that ship, by id, on one page, as the workspace has them."""
    where = workspace_of(principal, session, workspace)
    packs = sorted(ground.library.packs.values(), key=lambda pack: pack.id)
    return Listing(items=_shown(session, ground.library, where, packs))


@router.get("/{pack_id}", summary="Read a pack")
def get_pack(
    pack_id: str, principal: Reader, session: SessionDep, ground: GroundDep, workspace: WorkspaceName = None
) -> PackBody:
    """One pack, as the workspace has it."""
    where = workspace_of(principal, session, workspace)
    (shown,) = _shown(session, ground.library, where, [actions.pack_of(ground.library, pack_id)])
    return shown


@router.put("/{pack_id}", summary="Set a pack in a workspace")
def put_pack(
    pack_id: str,
    body: SettingBody,
    principal: Author,
    session: SessionDep,
    ground: GroundDep,
    workspace: WorkspaceName = None,
) -> PackBody:
    """Stands in the place of what was set before; the workspace's assets are judged again."""
    where = workspace_of(principal, session, workspace)
    setting = Setting(body.active, body.parameters, body.enforcement, body.labels, body.effective_on)
    actions.set_pack(session, ground.library, where, pack_id, setting, principal.actor)
    (shown,) = _shown(session, ground.library, where, [actions.pack_of(ground.library, pack_id)])
    return shown


def _shown(session: Session, library: Library, workspace: WorkspaceView, packs: list[Pack]) -> list[PackBody]:
    settings = queries.settings_of(session, workspace.id)
    return [_body(library, workspace, pack, settings.get(pack.id) or lifecycle.as_shipped(pack)) for pack in packs]


def _body(library: Library, workspace: WorkspaceView, pack: Pack, setting: Setting) -> PackBody:
    effective = lifecycle.effective(library, pack, setting)
    shipped = lifecycle.effective(library, pack, Setting())
    return PackBody(
        id=pack.id,
        workspace=workspace.name,
        title=pack.title,
        description=pack.description,
        version=pack.version,
        owner=pack.owner,
        effective_on=effective.effective_on,
        shipped_effective_on=pack.effective_on,
        active=setting.active,
        rules=list(pack.rules),
        parameters=[
            SettableBody(
                name=name,
                type=one.type.value,
                value=effective.parameters[name],
                shipped=shipped.parameters[name],
                description=one.description,
                expected=expectation(one.type, library.blocs),
            )
            for name, one in lifecycle.declared(library, pack).items()
        ],
        enforcement={point: dict(words) for point, words in effective.enforcement.items()},
        labels={key: list(values) for key, values in effective.labels.items()},
    )
