"""`allod token` and `allod audit` against the real application."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
import typer
from sqlalchemy import Engine

from service.cli.audit import words
from service.cli.token import moment
from service.foundation import clock
from tests.cli import test_real_server
from tests.cli.conftest import Allod

live = test_real_server.live  # the fixture
TOKEN = test_real_server.TOKEN
pytestmark = pytest.mark.usefixtures("live")


def test_a_token_is_made_used_listed_and_revoked(allod: Allod, live: str) -> None:
    made = allod(
        "token", "create", "--name", "ci", "--role", "gatekeeper", "--workspace", "default", "--expires", "90d"
    )
    assert made.code == 0
    plaintext = made.out.strip()  # alone on standard output: TOKEN=$(allod token create …)
    assert plaintext.startswith("allod_")
    assert "gatekeeper in workspace default" in made.err

    def ask() -> int:
        headers = {"Authorization": f"Bearer {plaintext}"}
        return httpx2.get(f"{live}/api/v1/workspaces", headers=headers).status_code

    assert ask() == 403
    (bootstrap, listed) = json.loads(allod("token", "list", "--json").out)
    assert (bootstrap["name"], listed["name"]) == ("bootstrap", "ci")
    assert plaintext not in json.dumps(listed)
    assert "live" in allod("token", "list").out
    assert allod("token", "revoke", listed["id"]).out == f"Revoked ci ({listed['id']}).\n"
    assert ask() == 401
    assert "revoked" in allod("token", "list").out


def test_json_holds_the_token_and_a_refusal_is_a_line(allod: Allod) -> None:
    made = json.loads(allod("token", "create", "--name", "all", "--role", "viewer", "--json").out)
    assert made["token"].startswith(made["prefix"])
    taken = allod("token", "create", "--name", "all", "--role", "viewer")
    assert taken.code == 2
    assert "'all'" in taken.err
    assert allod("token", "create", "--name", "x", "--role", "king").code == 2
    assert allod("token", "create", "--name", "x", "--role", "viewer", "--expires", "soon").code == 2
    assert allod("token", "create", "--name", "x", "--role", "viewer", "--expires", "2020-01-01").code == 2


def test_an_expired_token_is_listed_as_one(allod: Allod, engine: Engine) -> None:
    allod("token", "create", "--name", "short", "--role", "viewer", "--expires", "1h")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE token SET expires_at = now() - interval '1 day' WHERE name = 'short'")
    assert "expired" in allod("token", "list").out


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T12:00+02:00", datetime(2027, 1, 31, 10, tzinfo=UTC)),
        ("2027-01-31T12:00Z", datetime(2027, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_with_its_offset(text: str, meant: datetime) -> None:
    assert moment(text) == meant


def test_a_span_counts_from_now(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert moment("2d") - now == timedelta(days=2)
    assert moment("3h") - now == timedelta(hours=3)
    for wrong in ("0d", "-1d", "1w", "d"):
        with pytest.raises(typer.BadParameter):
            moment(wrong)


def tampered(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
        connection.exec_driver_sql(statement)


def test_the_chain_is_verified_on_the_server(allod: Allod, engine: Engine) -> None:
    whole = allod("audit", "verify")
    assert whole.code == 0
    assert "the chain holds" in whole.out
    assert "a cut-off end would not show" in whole.out
    tampered(engine, "UPDATE audit_entry SET actor = 'token:eve' WHERE number = 1")
    broken = allod("audit", "verify")
    assert broken.code == 1
    assert "BROKEN at 1: altered" in broken.out


def test_a_saved_report_shows_a_cut_off_end(allod: Allod, engine: Engine, tmp_path: Path) -> None:
    saved = tmp_path / "head.json"
    saved.write_text(allod("audit", "verify", "--json").out)
    assert "cut-off" not in allod("audit", "verify", saved).out
    tampered(engine, "DELETE FROM audit_entry WHERE number = (SELECT max(number) FROM audit_entry)")
    assert allod("audit", "verify").code == 0
    cut = allod("audit", "verify", saved)
    assert cut.code == 1
    assert "truncated" in cut.out
    head = json.loads(saved.read_text())["head"]
    saved.write_text(json.dumps(head))  # the head alone is enough
    assert allod("audit", "verify", saved).code == 1


def test_an_export_is_verified_without_the_server(
    allod: Allod, live: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    exported = httpx2.get(f"{live}/api/v1/audit.ndjson", headers=headers).text
    paged = httpx2.get(f"{live}/api/v1/audit", headers=headers).json()["items"]
    monkeypatch.setenv("ALLOD_URL", "http://127.0.0.1:1")
    file = tmp_path / "audit.ndjson"
    file.write_text(exported + "\n")
    assert allod("audit", "verify", file).code == 0
    file.write_text("\n".join(json.dumps(row) for row in reversed(paged)))  # a listing is as good as an export
    assert allod("audit", "verify", file).code == 0
    file.write_text(exported.replace("system:installer", "system:nobody", 1))
    broken = allod("audit", "verify", file)
    assert (broken.code, broken.out.startswith("BROKEN at 1: altered")) == (1, True)


@pytest.mark.parametrize("content", ["", "not json", "[1]"])
def test_what_is_neither_export_nor_report_is_wrong_usage(allod: Allod, tmp_path: Path, content: str) -> None:
    file = tmp_path / "x"
    file.write_text(content)
    answer = allod("audit", "verify", file)
    assert answer.code == 2
    assert "Traceback" not in answer.err


def test_an_empty_log_has_no_head_to_keep() -> None:
    report = {"broken": None, "entries": 0, "head": None, "anchored": True}
    assert list(words(report)) == ["0 entries, and the chain holds."]
