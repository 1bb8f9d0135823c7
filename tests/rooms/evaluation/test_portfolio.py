"""Facts about the whole workspace: what rests on a vendor, what could replace a part, and who is judged again for it."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from service.audit import log
from service.engine.protocol import Bundle
from service.evaluation import portfolio as portfolios
from service.evaluation.gather import prepare
from service.evaluation.policy_input import Concentration, Part
from service.evaluation.standing import StoredMemory, standing
from service.foundation.settings import POLICIES
from service.inventory import graph, ingest, reference_load
from service.inventory.estate_stored import StoredEstate
from service.inventory.facts import Observation
from service.inventory.overlay import Overlay
from service.inventory.reference import Catalogue
from service.inventory.views import Slice, WorkspaceView
from service.packs.source import Assignment
from tests.factories.manifests import ACTOR, affected_by, observation, register

DAY = date(2026, 11, 23)
AWS = "cloud_region:aws/eu-central-1"
PARIS = "cloud_region:scaleway/fr-par"


def home(session: Session, *observations: Observation) -> WorkspaceView:
    reference_load.sync(session, POLICIES / "data")
    return register(session, *observations)


def document(session: Session, workspace: WorkspaceView, ref: str, overlay: Overlay | None = None) -> Any:
    catalogue = Catalogue.load(session, workspace.id)
    laid, part = overlay or Overlay(), Slice(workspace.name)
    graph.add_above(StoredEstate(session, workspace), part, [ref], catalogue, laid)
    graph.add_below(StoredEstate(session, workspace), part, [ref], laid)
    beyond = standing(StoredMemory(session, workspace), part, [ref], catalogue, DAY, overlay)
    return prepare(part, [ref], catalogue.on(DAY), DAY, Assignment(Bundle((), ())), beyond)[0].document


def concentration(
    session: Session, workspace: WorkspaceView, vendor: str, overlay: Overlay | None = None
) -> Concentration:
    found: Concentration = document(session, workspace, vendor, overlay)["concentration"]
    return found


def parts(session: Session, workspace: WorkspaceView, ref: str) -> dict[str, Part]:
    return {part["ref"]: part for part in document(session, workspace, ref)["parts"]}


def closed(vendor: str, country: str = "US", **owners: Any) -> Observation:
    return observation(vendor, incorporated_in=country, headquarters=country, owners=owners.get("owners", []))


def estate() -> list[Observation]:
    """Two of three weighty systems rest on a company that `vendor:top` holds."""
    return [
        observation("system:a", ("runs_on", "gpu_host:a"), criticality="high"),
        observation("system:b", ("uses", "model:m"), criticality="critical"),
        observation("system:c", ("uses", "ai_service:c"), criticality="high"),
        observation("system:d", ("runs_on", "gpu_host:a"), criticality="low"),
        observation("model:m"),
        observation("gpu_host:a", ("operated_by", "vendor:sub"), accelerators=[{"vendor": "vendor:chips", "count": 8}]),
        observation(
            "gpu_host:b",
            ("serves", "model:m"),
            owner="vendor:sub",
            accelerators=[{"vendor": "vendor:nvidia", "count": 2}],
        ),
        observation("ai_service:c", provider="vendor:other"),
        closed("vendor:sub", "FR", owners=[{"vendor": "vendor:top", "capital_share": 50.0}]),
        closed("vendor:top"),
        closed("vendor:other", "DE"),
        closed("vendor:chips", "US"),
    ]


def test_a_system_rests_on_whoever_runs_its_ground_and_on_who_commands_them(session: Session) -> None:
    workspace = home(session, *estate())
    top = concentration(session, workspace, "vendor:top")
    assert (top["systems"], top["systems_count"], top["systems_total"]) == (["system:a", "system:b"], 2, 3)
    assert (top["systems_least"], top["systems_most"], top["open"]) == (6666, 6666, [])
    assert concentration(session, workspace, "vendor:sub")["systems_least"] == 6666
    assert concentration(session, workspace, "vendor:other")["systems"] == ["system:c"]


def test_a_holding_below_one_half_commands_nothing_and_an_unstated_one_perhaps(session: Session) -> None:
    workspace = home(
        session, *estate(), closed("vendor:sub", "FR", owners=[{"vendor": "vendor:top", "capital_share": 49.99}])
    )
    assert concentration(session, workspace, "vendor:top")["systems_most"] == 0
    register(session, closed("vendor:sub", "FR", owners=[{"vendor": "vendor:top"}]))
    top = concentration(session, workspace, "vendor:top")
    assert (top["systems_least"], top["systems_most"], top["open"]) == (0, 6666, ["system:a", "system:b"])


def test_what_nobody_states_may_tip_the_share_either_way(session: Session) -> None:
    workspace = home(
        session,
        *estate(),
        observation("system:mute", ("runs_on", "gpu_host:a")),
        observation("system:far", ("uses", "ai_service:c")),
        observation("system:dark", ("runs_on", "gpu_host:nobody"), criticality="high"),
        observation("system:bare", criticality="high"),
    )
    top = concentration(session, workspace, "vendor:top")
    # Of a, b, c, dark and bare surely two; at least two of six, if `far` matters; at most a, b, dark, bare, mute of six.
    assert (top["systems_count"], top["systems_total"]) == (2, 5)
    assert (top["systems_least"], top["systems_most"]) == (3333, 8333)
    assert top["open"] == ["system:bare", "system:dark", "system:far", "system:mute"]


def test_accelerators_count_for_their_supplier_and_its_country(session: Session) -> None:
    workspace = home(session, *estate())
    chips = concentration(session, workspace, "vendor:chips")
    assert (chips["accelerators"], chips["accelerators_total"], chips["accelerators_share"]) == (8, 10, 8000)
    assert (chips["country"], chips["country_accelerators"], chips["country_accelerators_share"]) == ("US", 10, 10000)
    register(
        session,
        observation("gpu_host:b", ("serves", "model:m"), accelerators=[{"count": 2}]),
        observation("gpu_host:c", accelerators=[{"vendor": "vendor:chips"}]),
        observation("gpu_host:d", accelerators=[{"vendor": "vendor:ghost", "count": 1}]),
    )
    chips = concentration(session, workspace, "vendor:chips")
    assert chips["uncounted"] == ["gpu_host:b", "gpu_host:c", "gpu_host:d"]
    assert chips["accelerators_total"] == 11


def test_a_supplier_is_known_by_the_model_of_its_accelerators(session: Session) -> None:
    workspace = home(session, observation("gpu_host:a", accelerators=[{"model": "H100", "count": 4}]))
    assert concentration(session, workspace, "vendor:nvidia")["accelerators"] == 4


def test_an_empty_workspace_has_no_shares(session: Session) -> None:
    workspace = home(session, closed("vendor:top"))
    top = concentration(session, workspace, "vendor:top")
    assert [top[key] for key in ("systems_least", "systems_most", "accelerators_share")] == [None, None, None]
    assert document(session, workspace, "vendor:amazon")["concentration"]["country"] == "US"


def test_only_vendors_tell_of_the_whole(session: Session) -> None:
    workspace = home(session, *estate())
    assert document(session, workspace, "system:a")["concentration"] is None


def test_a_candidate_counts_with_what_is_stored(session: Session) -> None:
    workspace = home(session, *estate())
    overlay = Overlay(
        [
            observation("system:c", ("runs_on", "gpu_host:n"), criticality="high"),
            observation(
                "gpu_host:n", ("operated_by", "vendor:sub"), accelerators=[{"vendor": "vendor:chips", "count": 90}]
            ),
        ]
    )
    assert concentration(session, workspace, "vendor:top", overlay)["systems_least"] == 10_000
    assert concentration(session, workspace, "vendor:chips", overlay)["accelerators"] == 98
    assert concentration(session, workspace, "vendor:top")["systems_least"] == 6666


def test_it_is_computed_once_for_a_state_of_the_inventory(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = home(session, *estate())
    catalogue = Catalogue.load(session, workspace.id)
    assert log.position(session) is None, "what this transaction changed has no position yet"
    first = StoredMemory(session, workspace).portfolio(catalogue, DAY, Overlay())
    assert StoredMemory(session, workspace).portfolio(catalogue, DAY, Overlay()) is not first
    session.commit()
    kept = StoredMemory(session, workspace).portfolio(catalogue, DAY, Overlay())
    assert StoredMemory(session, workspace).portfolio(catalogue, DAY, Overlay()) is kept
    ingest.remove(session, workspace, ["system:c"], ACTOR)
    session.commit()
    assert StoredMemory(session, workspace).portfolio(catalogue, DAY, Overlay()).total == 2
    monkeypatch.setattr(portfolios, "_KEPT", 1)
    StoredMemory(session, workspace).portfolio(catalogue, date(2026, 11, 24), Overlay())
    assert len(portfolios._portfolios) == 1


def test_parts_name_what_could_take_their_place(session: Session) -> None:
    workspace = home(
        session,
        observation(
            "system:s",
            ("uses", "model:m"),
            ("uses", "ai_service:x"),
            ("uses", "dataset:d"),
            ("runs_on", "gpu_host:a"),
            ("runs_on", PARIS),
            exit_plan={"alternatives": ["ai_service:y", "ask the vendor"]},
        ),
        observation("model:m", ("runs_on", "gpu_host:a")),
        observation("model:n", ("alternative_to", "model:m"), ("runs_on", AWS)),
        observation("ai_service:x", ("alternative_to", "ai_service:ghost"), provider="vendor:openai"),
        observation("ai_service:y", provider="vendor:mistral", data_paths=[{"purpose": "processing", "region": PARIS}]),
        observation("gpu_host:a", ("operated_by", "vendor:dark")),
    )
    found = parts(session, workspace, "system:s")
    others = {ref: [other["ref"] for other in part["alternatives"]] for ref, part in found.items()}
    assert others == {
        "ai_service:x": ["ai_service:ghost", "ai_service:y"],
        PARIS: ["gpu_host:a"],
        "gpu_host:a": [PARIS],
        "model:m": ["model:n"],
    }
    ghost, known = found["ai_service:x"]["alternatives"]
    assert (ghost["registered"], ghost["ways"][0]["complete"], known["registered"]) == (False, False, True)
    assert [way["ref"] for way in found["model:m"]["ways"]] == ["gpu_host:a"]
    (away,) = found["model:m"]["alternatives"][0]["ways"]
    assert {one["country"] for one in away["jurisdictions"]} == {"DE", "US"} | {
        one["country"] for one in away["jurisdictions"] if one["country"] == "LU"
    }
    assert found["gpu_host:a"]["ways"] == [{"ref": "gpu_host:a", "jurisdictions": [], "complete": False}]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("gpu_host:a", {"system:a", "vendor:sub", "vendor:top", "vendor:other", "vendor:chips"}),
        ("system:c", {"vendor:top", "vendor:chips"}),
        ("system:gone", {"vendor:top"}),
        ("model:alternative", {"system:b"}),
    ],
)
def test_a_change_reaches_whoever_is_judged_by_the_whole(session: Session, changed: str, expected: set[str]) -> None:
    workspace = home(session, *estate(), observation("model:alternative", ("alternative_to", "model:m")))
    assert affected_by(session, workspace, [changed]) >= expected


def test_a_change_below_an_alternative_reaches_the_system_with_the_part(session: Session) -> None:
    workspace = home(
        session,
        observation("system:s", ("uses", "model:m")),
        observation("model:m"),
        observation("model:n", ("alternative_to", "model:m"), ("runs_on", "gpu_host:far")),
        observation("gpu_host:far"),
        observation("dataset:d"),
        closed("vendor:top"),
    )
    assert "system:s" in affected_by(session, workspace, ["gpu_host:far"])
    assert affected_by(session, workspace, ["dataset:d"]) == {"dataset:d"}


def test_consumers_are_counted_by_how_critical_they_are(session: Session) -> None:
    workspace = home(session, *estate(), observation("system:mute", ("runs_on", "gpu_host:a")))
    assert document(session, workspace, "gpu_host:a")["consumers"]["criticalities"] == {
        "high": 1,
        "low": 1,
        "unstated": 1,
    }
