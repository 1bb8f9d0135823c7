"""`allod waiver` against the real application: one person asks, another approves."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from service.cli.waiver import state
from service.foundation import clock
from tests.cli import test_real_server
from tests.cli.conftest import Allod

live = test_real_server.live  # the fixture
pytestmark = pytest.mark.usefixtures("live")

REQUEST = ("waiver", "request", "--rule", "RES-001", "--asset", "system:desk", "--reason", "The move is under way.")


@pytest.fixture
def as_approver(allod: Allod, monkeypatch: pytest.MonkeyPatch) -> Allod:
    """The command line with the token of another person, who may approve."""
    token = allod("token", "create", "--name", "adam", "--role", "approver").out.strip()

    def call(*arguments: object) -> object:
        with monkeypatch.context() as other:
            other.setenv("ALLOD_TOKEN", token)
            return allod(*arguments)

    return call  # type: ignore[return-value]  # it is called as `allod` is, with less


def test_a_waiver_is_requested_approved_listed_and_revoked(allod: Allod, as_approver: Allod) -> None:
    asked = allod(*REQUEST, "--expires", "10d", "--pack", "eu-data-residency", "--ticket", "T-7", "-w", "default")
    assert asked.code == 0, asked
    (made,) = json.loads(allod("waiver", "list", "--json").out)
    assert (made["pack"], made["ticket"], made["status"]) == ("eu-data-residency", "T-7", "requested")
    line = f"{made['id']}: requested, RES-001 on system:desk until {made['expires_at']}\n"
    assert asked.out == line
    own = allod("waiver", "approve", made["id"])
    assert (own.code, "somebody else must approve it" in own.err) == (2, True), own
    approved = as_approver("waiver", "approve", made["id"], "--note", "Until the move.")
    assert approved.out == line.replace("requested", "holds")
    listed = allod("waiver", "list", "--status", "approved", "--rule", "RES-001", "--asset", "system:desk")
    (_, row) = listed.out.splitlines()
    assert row.startswith(f"{made['id']} ")
    assert "holds" in row
    assert json.loads(allod("waiver", "list", "--expiring-within", "14d", "--json").out)[0]["note"] == "Until the move."
    assert len(json.loads(allod("waiver", "list", "--orphaned", "--json").out)) == 1
    revoked = json.loads(as_approver("waiver", "revoke", made["id"], "--json").out)
    assert (revoked["status"], revoked["holds"]) == ("revoked", False)
    assert json.loads(allod("waiver", "list", "--orphaned", "--json").out) == []


def test_a_request_is_rejected_or_withdrawn(allod: Allod, as_approver: Allod) -> None:
    first, second = (json.loads(allod(*REQUEST, "--expires", "2d", "--json").out)["id"] for _ in range(2))
    assert as_approver("waiver", "withdraw", first).code == 2
    assert ": rejected, " in as_approver("waiver", "reject", first, "--note", "Move first.").out
    assert ": withdrawn, " in allod("waiver", "withdraw", second).out
    again = as_approver("waiver", "reject", second)
    assert (again.code, "is withdrawn" in again.err) == (2, True), again


def test_what_cannot_be_requested_is_told_with_its_remedy(allod: Allod) -> None:
    too_long = allod(*REQUEST, "--expires", "2y")
    assert (too_long.code, "90d" in too_long.err) == (2, True), too_long
    far = allod(*REQUEST, "--expires", "400d")
    assert (far.code, "at most 366 days ahead" in far.err) == (2, True), far
    subject = allod(*REQUEST, "--expires", "1d", "--subject", "cloud_region:aws/us-east-1", "--json")
    assert json.loads(subject.out)["subject"] == "cloud_region:aws/us-east-1"
    assert allod("waiver", "approve", "seven").code == 2


def test_a_waiver_whose_time_is_over_reads_as_expired(allod: Allod, as_approver: Allod, engine: Engine) -> None:
    made = json.loads(allod(*REQUEST, "--expires", "1d", "--json").out)
    as_approver("waiver", "approve", made["id"])
    with engine.begin() as connection:
        past = clock.now() - timedelta(days=1)
        connection.exec_driver_sql("UPDATE waiver SET expires_at = %s", (past,))
    assert "expired" in allod("waiver", "list").out


def test_the_state_is_the_status_but_for_what_was_approved() -> None:
    assert state({"status": "approved", "holds": True}) == "holds"
    assert state({"status": "approved", "holds": False}) == "expired"
    assert state({"status": "rejected", "holds": False}) == "rejected"
