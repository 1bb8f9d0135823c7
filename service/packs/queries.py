"""What is in force where."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final
from uuid import UUID

from sqlmodel import Session, select

from service.foundation import canonical
from service.foundation.errors import Fault, Invalid
from service.packs import lifecycle
from service.packs.lifecycle import Setting
from service.packs.source import Assignment, Library
from service.packs.tables import PackSetting

ASSIGNMENTS_KEPT: Final = 256


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
        Invalid: a setting no longer fits its pack, or its pack is gone, or no pack is there at all. Nothing is judged then:
            what was dropped in silence would be another policy.
    """
    if not library.packs:
        raise Invalid("No packs are there: does ALLOD_POLICIES_DIR name the policies?")
    settings = settings_of(session, workspace_id)
    if gone := sorted(name for name, one in settings.items() if one.active and name not in library.packs):
        fault = Fault("", f"pack {gone[0]!r} is set and does not ship", "its files, or the setting switched off")
        raise Invalid(f"The workspace is judged by pack {gone[0]!r}, which is not there.", [fault])
    key = canonical.digest({name: asdict(one) for name, one in settings.items()})
    if key not in library.assignments:
        if len(library.assignments) >= ASSIGNMENTS_KEPT:
            library.assignments.clear()
        library.assignments[key] = _assigned(library, settings)
    return library.assignments[key]


def _assigned(library: Library, settings: Mapping[str, Setting]) -> Assignment:
    packs = []
    for pack in library.packs.values():
        setting = settings.get(pack.id) or lifecycle.as_shipped(pack)
        if setting.active:
            packs.append(lifecycle.effective(library, pack, setting))
    return lifecycle.assign(library, packs)
