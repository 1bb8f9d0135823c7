"""Setting a pack: what is stored, told, announced and refused."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, select

from service.audit.tables import AuditEntry
from service.foundation.actor import SCHEDULER
from service.foundation.errors import Invalid, NotFound
from service.foundation.outbox import OutboxMessage
from service.foundation.settings import POLICIES
from service.inventory import workspaces
from service.inventory.views import WorkspaceView
from service.packs.actions import set_pack
from service.packs.lifecycle import Setting
from service.packs.queries import in_force, settings_of
from service.packs.source import load_library
from service.packs.tables import PackSetting

LIBRARY = load_library(POLICIES)
SWISS = Setting(parameters={"allowed": ["CH"]})


@pytest.fixture
def workspace(session: Session) -> WorkspaceView:
    return workspaces.ensure(session, "default", SCHEDULER)


def announced(session: Session) -> list[dict[str, Any]]:
    return [one.payload for one in session.exec(select(OutboxMessage)) if one.topic == "pack.changed"]


def test_a_new_workspace_has_the_shipped_packs(session: Session, workspace: WorkspaceView) -> None:
    assignment = in_force(session, LIBRARY, workspace.id)
    assert assignment.packs.keys() == {pack.id for pack in LIBRARY.packs.values() if pack.active}


def test_a_pack_that_ships_switched_off_is_in_force_once_it_is_set(session: Session, workspace: WorkspaceView) -> None:
    texas = Setting(parameters={"allowed": ["US-TX"]})
    set_pack(session, LIBRARY, workspace, "us-state-residency", texas, SCHEDULER)
    assert in_force(session, LIBRARY, workspace.id).packs["us-state-residency"].parameters["allowed"] == ["US-TX"]
    set_pack(session, LIBRARY, workspace, "us-state-residency", Setting(active=False), SCHEDULER)
    assert "us-state-residency" not in in_force(session, LIBRARY, workspace.id).packs


def test_a_setting_is_in_force_at_once_told_and_announced(session: Session, workspace: WorkspaceView) -> None:
    pack = set_pack(session, LIBRARY, workspace, "eu-data-residency", SWISS, SCHEDULER)
    assert pack.parameters["allowed"] == ["CH"]
    (slot,) = in_force(session, LIBRARY, workspace.id).slots
    assert slot.parameters["RES-001"]["allowed"] == ["CH"]
    assert announced(session) == [{"workspace": "default"}]
    session.commit()
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "pack.set")).one()
    assert (entry.target, entry.workspace) == ("pack:eu-data-residency", "default")
    assert entry.detail["after"]["parameters"] == {"allowed": ["CH"]}
    assert entry.detail["before"]["parameters"] == {}


def test_a_setting_of_one_workspace_is_not_another_s(session: Session, workspace: WorkspaceView) -> None:
    other = workspaces.ensure(session, "other", SCHEDULER)
    set_pack(session, LIBRARY, workspace, "eu-data-residency", SWISS, SCHEDULER)
    (slot,) = in_force(session, LIBRARY, other.id).slots
    assert slot.parameters["RES-001"]["allowed"] == ["EEA"]


def test_a_pack_that_is_switched_off_judges_nothing(session: Session, workspace: WorkspaceView) -> None:
    set_pack(session, LIBRARY, workspace, "ai-licensing", Setting(active=False), SCHEDULER)
    assignment = in_force(session, LIBRARY, workspace.id)
    assert "ai-licensing" not in assignment.packs
    assert not set(LIBRARY.packs["ai-licensing"].rules) & assignment.rules.keys()


def test_an_unchanged_setting_changes_and_announces_nothing(session: Session, workspace: WorkspaceView) -> None:
    set_pack(session, LIBRARY, workspace, "ai-licensing", Setting(), SCHEDULER)
    assert announced(session) == []
    assert settings_of(session, workspace.id) == {}
    for _ in range(2):
        set_pack(session, LIBRARY, workspace, "eu-data-residency", SWISS, SCHEDULER)
    assert len(announced(session)) == 1


def test_a_later_setting_stands_in_the_place_of_the_former(session: Session, workspace: WorkspaceView) -> None:
    set_pack(session, LIBRARY, workspace, "eu-data-residency", SWISS, SCHEDULER)
    softer = Setting(enforcement={"ci": {"unknown": "warn"}})
    set_pack(session, LIBRARY, workspace, "eu-data-residency", softer, SCHEDULER)
    session.commit()
    session.expire_all()
    assert settings_of(session, workspace.id) == {"eu-data-residency": softer}
    pack = in_force(session, LIBRARY, workspace.id).packs["eu-data-residency"]
    assert pack.parameters["allowed"] == ["EEA"]
    assert pack.enforcement["ci"]["unknown"] == "warn"


def test_labels_and_the_day_of_a_setting_are_kept_told_and_announced(
    session: Session, workspace: WorkspaceView
) -> None:
    setting = Setting(labels={"env": ["prod"]}, effective_on=date(2027, 1, 1))
    for _ in range(2):
        set_pack(session, LIBRARY, workspace, "eu-data-residency", setting, SCHEDULER)
    session.commit()
    session.expire_all()
    assert settings_of(session, workspace.id) == {"eu-data-residency": setting}
    assignment = in_force(session, LIBRARY, workspace.id)
    assert assignment.packs["eu-data-residency"].labels == {"env": ("prod",)}
    assert assignment.blocks_from("eu-data-residency", "ci", "violation", date(2026, 12, 31)) == date(2027, 1, 1)
    assert len(announced(session)) == 1
    (told,) = [one.detail for one in session.exec(select(AuditEntry)) if one.action == "pack.set"]
    assert (told["after"]["labels"], told["after"]["effective_on"]) == ({"env": ["prod"]}, "2027-01-01")
    assert (told["before"]["labels"], told["before"]["effective_on"]) == ({}, None)


def test_a_setting_whose_lists_are_tuples_is_kept_as_lists(session: Session, workspace: WorkspaceView) -> None:
    set_pack(session, LIBRARY, workspace, "eu-data-residency", Setting(labels={"env": ("prod",)}), SCHEDULER)
    session.commit()
    session.expire_all()
    assert settings_of(session, workspace.id)["eu-data-residency"].labels == {"env": ["prod"]}


def test_a_pack_that_is_not_there_is_refused_with_those_that_are(session: Session, workspace: WorkspaceView) -> None:
    with pytest.raises(NotFound, match="eu-data-residency"):
        set_pack(session, LIBRARY, workspace, "eu", SWISS, SCHEDULER)


def test_a_setting_that_cannot_be_leaves_nothing_behind(session: Session, workspace: WorkspaceView) -> None:
    with pytest.raises(Invalid):
        set_pack(session, LIBRARY, workspace, "eu-data-residency", Setting(parameters={"allowed": ["UK"]}), SCHEDULER)
    assert settings_of(session, workspace.id) == {}
    assert announced(session) == []


def test_a_stored_setting_that_no_longer_fits_stops_judging(session: Session, workspace: WorkspaceView) -> None:
    set_pack(session, LIBRARY, workspace, "eu-data-residency", SWISS, SCHEDULER)
    session.flush()
    row = session.exec(select(PackSetting)).one()
    row.parameters = {"permitted": ["CH"]}
    session.add(row)
    session.flush()
    with pytest.raises(Invalid, match="eu-data-residency"):
        in_force(session, LIBRARY, workspace.id)
