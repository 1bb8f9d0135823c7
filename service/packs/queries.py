"""What is in force where."""

from uuid import UUID

from sqlmodel import Session, select

from service.packs import lifecycle
from service.packs.lifecycle import Setting
from service.packs.source import Assignment, Library
from service.packs.tables import PackSetting


def settings_of(session: Session, workspace_id: UUID) -> dict[str, Setting]:
    """What the workspace changed, by pack id."""
    rows = session.exec(select(PackSetting).where(PackSetting.workspace_id == workspace_id))
    return {row.pack: setting_of(row) for row in rows}


def setting_of(row: PackSetting) -> Setting:
    """What a row says that the workspace changed."""
    return Setting(row.active, row.parameters, row.enforcement, row.labels, row.effective_on)


def in_force(session: Session, library: Library, workspace_id: UUID) -> Assignment:
    """The rules, parameters and packs that judge a workspace's assets.

    Raises:
        Invalid: a setting no longer fits its pack. Nothing is judged then: a parameter that was dropped in silence would
            be another policy.
    """
    settings = settings_of(session, workspace_id)
    packs = []
    for pack in library.packs.values():
        setting = settings.get(pack.id) or lifecycle.as_shipped(pack)
        if setting.active:
            packs.append(lifecycle.effective(library, pack, setting))
    return lifecycle.assign(library, packs)
