"""Changing what is in force in a workspace."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from service.audit import log
from service.foundation import clock, outbox
from service.foundation.actor import Actor
from service.foundation.errors import NotFound
from service.inventory.views import WorkspaceView
from service.packs import lifecycle, queries
from service.packs.lifecycle import Setting
from service.packs.source import Library, Pack
from service.packs.tables import PackSetting


def set_pack(
    session: Session,
    library: Library,
    workspace: WorkspaceView,
    pack_id: str,
    setting: Setting,
    actor: Actor,
) -> Pack:
    """Puts `setting` in the place of whatever the workspace had set of this pack, and has its assets judged again.

    An unchanged setting changes nothing and announces nothing. Answers the pack as it is in force then.

    Raises:
        NotFound: there is no such pack.
        Invalid: a parameter, an enforcement word or a label is not what it can be; all faults at once.
    """
    pack = pack_of(library, pack_id)
    effective = lifecycle.effective(library, pack, setting)
    row = _row(session, workspace.id, pack_id)
    before = queries.setting_of(row) if row else lifecycle.as_shipped(pack)
    if setting == before:
        return effective
    after = _plain(setting)
    session.merge(
        PackSetting(workspace_id=workspace.id, pack=pack_id, updated_at=clock.now(), updated_by=str(actor), **after)
    )
    detail = {"before": _plain(before), "after": after}
    log.record(session, actor, "pack.set", f"pack:{pack_id}", workspace.name, detail)
    outbox.announce(session, outbox.Topic.PACK_CHANGED, {"workspace": workspace.name})
    return effective


def pack_of(library: Library, pack_id: str) -> Pack:
    """The pack as it ships.

    Raises:
        NotFound: there is none of this id.
    """
    if pack_id not in library.packs:
        raise NotFound(f"There is no pack {pack_id!r}. The packs are {', '.join(sorted(library.packs))}.")
    return library.packs[pack_id]


def _row(session: Session, workspace_id: UUID, pack_id: str) -> PackSetting | None:
    wanted = select(PackSetting).where(col(PackSetting.workspace_id) == workspace_id, col(PackSetting.pack) == pack_id)
    return session.exec(wanted.with_for_update()).one_or_none()


def _plain(setting: Setting) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        return list(value) if isinstance(value, tuple) else value

    return {
        "active": setting.active,
        "parameters": plain(setting.parameters),
        "enforcement": plain(setting.enforcement),
        "labels": plain(setting.labels),
        "effective_on": setting.effective_on,
    }
