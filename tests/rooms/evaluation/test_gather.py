"""Effective facts: what a document says of an asset, resolved through the graph and the reference catalogue."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from service.engine.protocol import Bundle
from service.evaluation.gather import prepare
from service.evaluation.policy_input import PolicyInput
from service.evaluation.prepared import Prepared, unseal
from service.foundation.settings import POLICIES
from service.inventory import graph, reference_load
from service.inventory.estate_stored import StoredEstate
from service.inventory.facts import Observation
from service.inventory.reference import Catalogue
from service.packs.source import Assignment
from tests.factories.manifests import observation, register

DAY = date(2026, 11, 23)
FRANKFURT = "cloud_region:aws/eu-central-1"
PARIS = "cloud_region:scaleway/fr-par"


def prepared(session: Session, *observations: Observation, of: Sequence[str]) -> list[Prepared]:
    reference_load.sync(session, POLICIES / "data")
    home = register(session, *observations)
    session.flush()
    catalogue = Catalogue.load(session, home.id)
    part = graph.slice_for(StoredEstate(session, home), of, catalogue)
    return prepare(part, of, catalogue.on(DAY), DAY, Assignment(Bundle((), ())))


def document(session: Session, *observations: Observation, of: str | None = None) -> PolicyInput:
    return prepared(session, *observations, of=[of or observations[0].ref])[0].document


def paths(items: Sequence[Any]) -> list[list[str]]:
    return [item["path"] for item in items]


def path_to(purpose: str, region: str) -> dict[str, str]:
    return {"purpose": purpose, "region": region}


def test_places_of_a_system_come_through_hosts_services_and_models(session: Session) -> None:
    found = document(
        session,
        observation(
            "system:desk",
            ("runs_on", "gpu_host:a"),
            ("uses", "ai_service:chat"),
            ("uses", "model:m"),
            data_paths=[path_to("backup", "cloud_region:aws/us-east-1")],
        ),
        observation("gpu_host:a", ("located_in", PARIS)),
        observation("gpu_host:b", ("located_in", FRANKFURT), ("serves", "model:m")),
        observation("ai_service:chat", data_paths=[path_to("telemetry", "cloud_region:nobody/knows")]),
        observation("model:m"),
    )
    places = {(p["purpose"], p["region"]): p for p in found["places"]}
    assert {key: p["status"] for key, p in places.items()} == {
        ("backup", "cloud_region:aws/us-east-1"): "known",
        ("processing", PARIS): "known",
        ("processing", FRANKFURT): "known",
        ("telemetry", "cloud_region:nobody/knows"): "dangling",
    }
    assert places["processing", FRANKFURT]["path"] == ["system:desk", "model:m", "gpu_host:b", FRANKFURT]
    assert places["processing", FRANKFURT]["country"] == "DE"
    assert "EU" in places["processing", FRANKFURT]["blocs"]
    assert places["backup", "cloud_region:aws/us-east-1"]["subdivision"] == "US-VA"


def test_a_host_without_location_and_a_service_without_paths_are_places_nobody_knows(session: Session) -> None:
    found = document(
        session,
        observation("system:desk", ("runs_on", "gpu_host:a"), ("uses", "ai_service:chat")),
        observation("gpu_host:a"),
        observation("ai_service:chat"),
    )
    assert {(p["status"], tuple(p["path"])) for p in found["places"]} == {
        ("no_region", ("system:desk", "gpu_host:a")),
        ("no_region", ("system:desk", "ai_service:chat")),
    }


def test_a_model_is_worked_with_where_it_runs(session: Session) -> None:
    found = document(
        session,
        observation("model:m", ("runs_on", "gpu_host:a"), ("stored_in", FRANKFURT)),
        observation("gpu_host:a", ("located_in", PARIS)),
    )
    assert {(p["purpose"], tuple(p["path"])) for p in found["places"]} == {
        ("processing", ("model:m", "gpu_host:a", PARIS)),
        ("storage", ("model:m", FRANKFURT)),
    }


def test_a_registered_region_overrides_the_catalogue_and_keeps_what_it_does_not_state(session: Session) -> None:
    found = document(
        session,
        observation("dataset:d", ("stored_in", FRANKFURT), data_classes=["health"]),
        observation(FRANKFURT, city="Offenbach"),
    )
    (place,) = found["places"]
    assert (place["purpose"], place["country"], place["status"]) == ("storage", "DE", "known")


def test_control_climbs_from_the_region_to_the_ultimate_parent(session: Session) -> None:
    found = document(session, observation("dataset:d", ("stored_in", FRANKFURT), data_classes=["health"]))
    (control,) = found["control"]
    assert (control["of"], control["path"], control["status"]) == (FRANKFURT, ["dataset:d", FRANKFURT], "complete")
    top = control["links"][-1]
    assert (top["country"], top["role"]) == ("US", "owner")
    assert any(regime["country"] == "US" for regime in top["regimes"])
    assert top["path"][:2] == ["dataset:d", FRANKFURT]


def test_a_registered_vendor_redirects_the_chain_of_a_catalogued_region(session: Session) -> None:
    first = document(session, observation("dataset:d", ("stored_in", PARIS), data_classes=["health"]))
    operator = first["control"][0]["links"][0]["vendor"]
    second = document(
        session,
        observation("dataset:d", ("stored_in", PARIS), data_classes=["health"]),
        observation(operator, owners=[{"vendor": "vendor:buyer", "capital_share": 51.0, "from": "2026-06-01"}]),
        observation("vendor:buyer", incorporated_in="US", headquarters="US", owners=[]),
    )
    links = {link["vendor"]: link for link in second["control"][0]["links"]}
    assert (links["vendor:buyer"]["share"], links["vendor:buyer"]["country"]) == (5100, "US")


@pytest.mark.parametrize(
    ("owner", "status"),
    [
        ({"vendor": "vendor:nobody"}, "dangling"),
        ({"name": "A holding"}, "unknown_country"),
        ({"name": "A family", "country": "FR"}, "complete"),
        ({"vendor": "vendor:silent"}, "unknown_owner"),
        ({"vendor": "vendor:host"}, "complete"),
    ],
)
def test_a_chain_says_where_knowledge_stops(session: Session, owner: dict[str, Any], status: str) -> None:
    found = document(
        session,
        observation("gpu_host:h", ("operated_by", "vendor:host")),
        observation("vendor:host", incorporated_in="FR", headquarters="FR", owners=[owner]),
        observation("vendor:silent", incorporated_in="FR"),
    )
    (control,) = found["control"]
    assert control["status"] == status
    assert bool(control["ends"]) == (status != "complete")


def test_an_ownership_that_ended_or_has_not_begun_does_not_count(session: Session) -> None:
    found = document(
        session,
        observation("gpu_host:h", ("operated_by", "vendor:host")),
        observation(
            "vendor:host",
            incorporated_in="FR",
            owners=[
                {"name": "Old", "country": "US", "to": "2026-11-23"},
                {"name": "New", "country": "CN", "from": "2026-11-24"},
                {"name": "Now", "country": "DE", "from": "2026-11-23"},
            ],
        ),
    )
    assert [link["name"] for link in found["control"][0]["links"]] == ["vendor:host", "Now"]


def test_a_host_nobody_operates_is_under_nobody_known(session: Session) -> None:
    (control,) = document(session, observation("gpu_host:h"))["control"]
    assert (control["status"], control["ends"]) == ("unknown_operator", ["gpu_host:h"])


def test_licences_come_down_the_lineage_by_the_shortest_way(session: Session) -> None:
    found = document(
        session,
        observation("system:desk", ("uses", "model:tuned"), ("uses", "model:base")),
        observation(
            "model:tuned", ("derived_from", "model:base", "finetune"), ("trained_on", "dataset:d"), licence="Apache 2.0"
        ),
        observation("model:base", ("derived_from", "model:tuned", "merge"), licence="llama2"),
        observation("dataset:d", ("generated_by", "model:gone")),
    )
    assert ["system:desk", "model:tuned", "model:base"] in paths(found["licences"])
    facts = {fact["ref"]: fact for fact in reversed(found["licences"])}
    assert {ref: (f["depth"], f["status"]) for ref, f in facts.items()} == {
        "model:tuned": (1, "resolved"),
        "model:base": (1, "resolved"),
        "dataset:d": (2, "absent"),
        "model:gone": (3, "dangling"),
    }
    assert facts["model:tuned"]["expression"] == "Apache-2.0"
    assert facts["model:gone"]["through"] == ["uses", "trained_on", "generated_by"]
    assert "use_restrictions" in facts["model:base"]["terms"]["obligations"]
    assert found["dangling"] == [{"source": "dataset:d", "type": "generated_by", "target": "model:gone"}]


def test_a_line_of_derivations_is_kept_beside_a_shorter_way(session: Session) -> None:
    found = document(
        session,
        observation(
            "model:tuned", ("derived_from", "model:mid", "finetune"), ("trained_on", "dataset:d"), licence="MIT"
        ),
        observation("model:mid", ("derived_from", "model:mid2", "finetune"), licence="MIT"),
        observation("model:mid2", ("derived_from", "model:base", "finetune"), licence="MIT"),
        observation("model:base", licence="llama2"),
        observation("dataset:d", ("generated_by", "model:base"), licence="MIT"),
    )
    ways = [fact["through"] for fact in found["licences"] if fact["ref"] == "model:base"]
    assert ways == [["trained_on", "generated_by"], ["derived_from", "derived_from", "derived_from"]]


def test_data_of_a_region_is_that_of_all_who_send_it_there(session: Session) -> None:
    region = observation(PARIS)
    found = document(
        session,
        region,
        observation("gpu_host:h", ("located_in", PARIS), ("serves", "model:m")),
        observation("model:m", ("stored_in", PARIS)),
        observation("model:n", ("stored_in", PARIS)),
        observation("system:a", ("uses", "model:m"), ("uses", "dataset:x"), data_classes=["personal"]),
        observation("dataset:x", data_classes=["health"]),
        observation("dataset:y", ("stored_in", PARIS)),
        observation("system:elsewhere", ("uses", "model:n"), data_classes=["classified"]),
    )
    assert {c["data_class"]: c["path"] for c in found["data"]["classes"]} == {
        "personal": [PARIS, "gpu_host:h", "model:m", "system:a"],
        "health": [PARIS, "gpu_host:h", "model:m", "system:a", "dataset:x"],
    }
    assert found["data"]["undeclared"] == [[PARIS, "dataset:y"]]


def test_consumers_of_a_model_are_the_systems_that_rest_on_it_at_any_depth(session: Session) -> None:
    found = document(
        session,
        observation("model:base"),
        observation("model:tuned", ("derived_from", "model:base", "finetune")),
        observation("system:a", ("uses", "model:tuned"), commercial=True),
        observation("system:b", ("uses", "model:base")),
    )["consumers"]
    assert (found["total"], found["commercial"], found["undeclared"]) == (2, 1, 1)
    assert paths(found["nearest"]) == [["system:a", "model:tuned", "model:base"], ["system:b", "model:base"]]


def test_weights_behind_a_service_are_those_of_the_models_it_serves(session: Session) -> None:
    found = document(
        session,
        observation(
            "system:a",
            ("uses", "model:m"),
            ("uses", "ai_service:open"),
            ("uses", "ai_service:silent"),
            ("uses", "model:gone"),
        ),
        observation("model:m", weights="closed"),
        observation("model:n"),
        observation("ai_service:open", ("serves", "model:n")),
        observation("ai_service:silent"),
    )["weights"]
    assert {w["ref"]: w["status"] for w in found} == {
        "model:m": "known",
        "model:n": "undeclared",
        "ai_service:silent": "undeclared",
        "model:gone": "dangling",
    }


def test_a_sealed_document_opens_to_the_same_digest(session: Session) -> None:
    (one,) = prepared(session, observation("system:a", ("uses", "model:m"), data_classes=["personal"]), of=["system:a"])
    assert unseal(one.body).digest == one.digest


def test_a_cycle_ends(session: Session) -> None:
    found = prepared(
        session,
        observation("model:a", ("derived_from", "model:b", "merge"), licence="MIT"),
        observation("model:b", ("derived_from", "model:a", "merge"), licence="MIT"),
        of=["model:a", "model:b"],
    )
    assert [len(one.document["licences"]) for one in found] == [2, 2]
