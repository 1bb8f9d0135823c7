"""`/judgements` and the explanation of a violation: what was judged, on which facts, and what would make it pass."""

from datetime import date

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from service.foundation.actor import SCHEDULER
from service.foundation.database import unit_of_work
from service.foundation.settings import Settings
from service.inventory import queries
from service.pipeline import Ground, judge_assets
from tests.factories.manifests import observation, register

DAY = date(2026, 11, 23)


@pytest.fixture
def judged(engine: Engine, settings: Settings) -> None:
    with unit_of_work(engine) as session:
        home = register(
            session,
            observation(
                "system:desk", ("uses", "model:m"), criticality="critical", exit_plan={"tested_on": "2020-01-01"}
            ),
            observation("model:m", weights="open"),
        )
        ids = list(queries.ids_of(session, home.id, ["system:desk"]))
        judge_assets(session, Ground.of(settings), home, ids, as_of=DAY, force=False, actor=SCHEDULER)


@pytest.mark.usefixtures("judged")
def test_a_violation_tells_the_facts_it_rests_on_and_what_would_make_it_pass(admin: TestClient) -> None:
    (item,) = admin.get("/api/v1/violations", params={"rule": "VEN-003"}).json()["items"]
    told = admin.get(f"/api/v1/violations/{item['id']}").json()["explanation"]
    assert (told["rule"], told["as_of"], told["would_pass"]) == ("VEN-003", "2026-11-23", item["remedy"])
    assert told["parameters"] == {"criticalities": ["critical"], "max_age_days": 365}
    facts = {fact["says"]: fact for fact in told["facts"]}
    plan = facts["exit_plan: tested on 2020-01-01"]
    assert (plan["section"], plan["of"], plan["path"]) == ("attributes.exit_plan", "system:desk", ["system:desk"])
    assert (plan["grade"], plan["source"]) == ("declared", "token:tester")


@pytest.mark.usefixtures("judged")
def test_rules_that_pass_are_told_with_their_grade(admin: TestClient) -> None:
    items = admin.get("/api/v1/judgements", params={"asset": "system:desk"}).json()["items"]
    outcomes = {one["rule"]: one["outcome"] for one in items}
    assert (outcomes["VEN-003"], outcomes["VEN-005"]) == ("violation", "pass")
    (one,) = admin.get("/api/v1/judgements", params={"asset": "system:desk", "rule": "VEN-005"}).json()["items"]
    assert (one["evidence_grade"], one["findings"], one["pack"]) == ("declared", 0, "vendor-independence")
    assert "status known, weights open" in [fact["says"] for fact in one["explanation"]["facts"]]


@pytest.mark.usefixtures("judged")
def test_what_is_no_longer_kept_is_not_made_up(admin: TestClient, engine: Engine) -> None:
    (item,) = admin.get("/api/v1/violations", params={"rule": "VEN-003"}).json()["items"]
    with unit_of_work(engine) as session:
        session.connection().execute(text("DELETE FROM kept_input"))
    assert admin.get(f"/api/v1/violations/{item['id']}").json()["explanation"] is None
    items = admin.get("/api/v1/judgements", params={"asset": "system:desk"}).json()["items"]
    assert {one["explanation"] for one in items} == {None}


@pytest.mark.usefixtures("judged")
def test_an_asset_that_was_never_judged_has_no_judgements(admin: TestClient) -> None:
    assert admin.get("/api/v1/judgements", params={"asset": "model:m"}).json()["items"] == []
    assert admin.get("/api/v1/judgements", params={"asset": "model:nobody"}).status_code == 404
