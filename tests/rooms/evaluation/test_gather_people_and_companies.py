"""Effective facts about people and companies: whose data it is, who receives it, who holds a vendor and works for it."""

from typing import Any

import pytest
from sqlmodel import Session

from tests.factories.manifests import observation
from tests.rooms.evaluation.test_gather import FRANKFURT, PARIS, document, path_to, paths

VIRGINIA = "cloud_region:aws/us-east-1"


def test_subjects_are_those_of_a_system_and_of_its_datasets(session: Session) -> None:
    found = document(
        session,
        observation(
            "system:desk", ("uses", "dataset:a"), data_classes=["personal"], user_jurisdictions=["DE", "US-CA"]
        ),
        observation("dataset:a", data_classes=["health"], subject_jurisdictions=["JP"], subjects=7),
    )
    assert found["subjects"]["jurisdictions"] == ["DE", "JP", "US-CA"]
    assert {"EEA", "EU", "G7"} <= set(found["subjects"]["blocs"])
    assert (found["subjects"]["undeclared"], found["subjects"]["count"]) == ([], None)


def test_subjects_of_a_service_are_those_of_all_that_send_it_data(session: Session) -> None:
    found = document(
        session,
        observation("ai_service:chat"),
        observation("system:a", ("uses", "ai_service:chat"), ("uses", "dataset:x"), data_classes=["personal"]),
        observation("dataset:x", data_classes=["personal"], subject_jurisdictions=["FR"], subjects=3),
        observation("system:b", ("uses", "ai_service:chat"), data_classes=["public"], user_jurisdictions=["BR"]),
        observation("system:c", ("uses", "ai_service:chat"), user_jurisdictions=["IN"]),
    )
    assert found["subjects"]["jurisdictions"] == ["FR", "IN"]
    assert found["subjects"]["undeclared"] == [["ai_service:chat", "system:a"]]


@pytest.mark.parametrize(
    ("attributes", "count", "undeclared"),
    [
        ({"data_classes": ["personal"], "subjects": 5}, 5, 1),
        ({"data_classes": ["personal"], "subject_jurisdictions": ["DE"]}, None, 0),
        ({"data_classes": ["financial"]}, None, 0),
        ({"data_classes": ["public"], "subjects": 5}, None, 0),
        ({"subjects": 5}, 5, 0),
    ],
)
def test_who_must_say_where_people_live_and_how_many_they_are(
    session: Session, attributes: dict[str, Any], count: int | None, undeclared: int
) -> None:
    found = document(session, observation("dataset:d", **attributes))["subjects"]
    assert (found["count"], len(found["undeclared"])) == (count, undeclared)


def test_a_place_names_its_adequacy_and_all_who_receive_the_data(session: Session) -> None:
    found = document(
        session,
        observation("system:desk", ("uses", "ai_service:chat")),
        observation(
            "ai_service:chat",
            provider="vendor:chatty",
            data_paths=[
                path_to("processing", VIRGINIA),
                path_to("storage", PARIS),
                path_to("backup", "cloud_region:jp/1"),
            ],
        ),
        observation("cloud_region:jp/1", country="JP"),
        observation("vendor:chatty", dpf_certified=True),
    )
    places = {place["region"]: place for place in found["places"]}
    adequacy = places[VIRGINIA]["adequacy"]
    assert adequacy is not None
    assert (adequacy["scope"], adequacy["requires"]) == ("partial", "dpf_certified")
    recipients = {one["vendor"]: one["dpf_certified"] for one in places[VIRGINIA]["recipients"]}
    assert recipients.pop("vendor:chatty") is True
    assert recipients.keys() == {"vendor:amazon-web-services"}
    assert places[PARIS]["adequacy"] is None
    japan = places["cloud_region:jp/1"]["adequacy"]
    assert japan is not None
    assert (japan["scope"], japan["requires"]) == ("partial", None)
    assert japan["condition"] is not None


def test_what_was_seen_is_held_against_what_is_declared(session: Session) -> None:
    found = document(
        session,
        observation(
            "dataset:d",
            data_paths=[path_to("storage", PARIS)],
            seen_in=[
                {"region": PARIS, "source": "a"},
                {"region": PARIS, "purpose": "storage", "source": "b"},
                {"region": FRANKFURT, "purpose": "storage", "source": "c", "on": "2026-11-23"},
                {"region": FRANKFURT, "purpose": "backup", "source": "d"},
                {"region": FRANKFURT, "purpose": "storage", "source": "tomorrow", "on": "2026-11-24"},
            ],
        ),
    )
    assert {one["source"]: one["declared"] for one in found["seen"]} == {"a": True, "b": True, "c": False, "d": None}
    assert found["seen"][0]["path"] == ["dataset:d", FRANKFURT]


def test_a_host_that_may_be_anywhere_is_not_contradicted(session: Session) -> None:
    found = document(session, observation("gpu_host:h", seen_in=[{"region": PARIS, "source": "a"}]))
    assert [one["declared"] for one in found["seen"]] == [None]


def shares(holders: Any) -> dict[tuple[str, ...], int | None]:
    return {tuple(one["path"][1:]): one["share"] for one in holders if one["holder"]}


def test_shares_are_multiplied_on_every_way_up_and_kept_apart(session: Session) -> None:
    found = document(
        session,
        observation(
            "vendor:v",
            owners=[
                {"vendor": "vendor:left", "capital_share": 49},
                {"vendor": "vendor:right", "capital_share": 10, "voting_share": 51},
            ],
        ),
        observation("vendor:left", incorporated_in="FR", owners=[{"vendor": "vendor:top", "capital_share": 49}]),
        observation(
            "vendor:right",
            incorporated_in="LU",
            headquarters="US",
            legal_name="Right SA",
            owners=[{"vendor": "vendor:top", "voting_share": 33.333}],
        ),
        observation("vendor:top", incorporated_in="US", owners=[]),
    )["holders"]
    assert shares(found) == {
        ("vendor:left",): 490_000,
        ("vendor:left", "vendor:top"): 240_100,
        ("vendor:right",): 510_000,
        ("vendor:right", "vendor:top"): 169_999,  # 169,998.3: never less than it is
    }
    right = next(one for one in found if one["path"][-1] == "vendor:right")
    assert (right["name"], right["country"], right["headquarters"]) == ("Right SA", "LU", "US")
    assert ("EU" in right["blocs"], right["headquarters_blocs"]) == (True, ["FIVE-EYES", "G7", "NATO"])
    rests = {tuple(one["path"]): one["share"] for one in found if not one["holder"]}
    assert rests == {
        ("vendor:v",): 410_000,  # of the capital: 49 and 10 are stated
        ("vendor:v", "vendor:left"): 249_900,
        ("vendor:v", "vendor:left", "vendor:top"): 240_100,
        ("vendor:v", "vendor:right"): 340_002,
        ("vendor:v", "vendor:right", "vendor:top"): 169_999,
    }


def test_a_share_nobody_states_hides_all_above_it(session: Session) -> None:
    found = document(
        session,
        observation("vendor:v", owners=[{"vendor": "vendor:a", "country": "FR"}, {"name": "B", "country": "DE"}]),
        observation("vendor:a", incorporated_in="FR", owners=[{"vendor": "vendor:gone", "capital_share": 100}]),
    )["holders"]
    assert shares(found) == {("B",): None, ("vendor:a",): None, ("vendor:a", "vendor:gone"): None}
    gone = next(one for one in found if one["path"][-1] == "vendor:gone" and one["holder"])
    assert (gone["country"], gone["name"]) == (None, "vendor:gone")
    assert [one["share"] for one in found if one["path"] == ["vendor:v"]] == [None]


@pytest.mark.parametrize(
    ("below", "veto"),
    [({"capital_share": 50}, True), ({"capital_share": 49.99}, False), ({"veto": True}, True), ({}, False)],
)
def test_a_veto_counts_over_a_company_that_commands(session: Session, below: dict[str, Any], veto: bool) -> None:
    found = document(
        session,
        observation("vendor:v", owners=[{"vendor": "vendor:a", **below}]),
        observation("vendor:a", owners=[{"name": "State", "country": "CN", "veto": True, "capital_share": 1}]),
    )["holders"]
    assert next(one["veto"] for one in found if one["vendor"] == "State") is veto


def test_companies_that_hold_each_other_end_as_a_part_of_nobody_known(session: Session) -> None:
    found = document(
        session,
        observation("vendor:v", owners=[{"vendor": "vendor:a", "capital_share": 100}]),
        observation(
            "vendor:a", owners=[{"vendor": "vendor:v", "capital_share": 60}, {"name": "X", "capital_share": 40}]
        ),
    )["holders"]
    assert shares(found) == {("vendor:a",): 1_000_000, ("vendor:a", "X"): 400_000}
    assert [one["share"] for one in found if not one["holder"]] == [600_000]


def test_past_and_future_holders_do_not_count(session: Session) -> None:
    found = document(
        session,
        observation(
            "vendor:v",
            owners=[
                {"name": "Old", "country": "US", "capital_share": 100, "to": "2026-11-23"},
                {"name": "Now", "country": "FR", "capital_share": 100, "from": "2026-11-23"},
            ],
        ),
    )["holders"]
    assert shares(found) == {("Now",): 1_000_000}


def test_a_system_has_no_holders_and_no_subprocessors(session: Session) -> None:
    found = document(session, observation("system:a"))
    assert (found["holders"], found["subprocessors"]) == ([], {"chains": [], "undisclosed": []})


def test_subprocessors_are_found_at_any_depth_with_all_who_stand_above_them(session: Session) -> None:
    found = document(
        session,
        observation("ai_service:chat", provider="vendor:p"),
        observation("vendor:p", ("subprocessor", "vendor:s"), ("subprocessor", "vendor:t"), incorporated_in="FR"),
        observation("vendor:s", ("subprocessor", "vendor:p"), ("subprocessor", "vendor:u"), incorporated_in="FR"),
        observation("vendor:t", incorporated_in="IE", owners=[{"vendor": "vendor:microsoft", "capital_share": 100}]),
        observation("vendor:u", ("subprocessor", "vendor:gone"), incorporated_in="FR", subprocessors_disclosed=False),
    )["subprocessors"]
    chains = {chain["of"]: chain for chain in found["chains"]}
    assert paths(found["chains"]) == [
        ["ai_service:chat", "vendor:p", "vendor:s", "vendor:u", "vendor:gone"],
        ["ai_service:chat", "vendor:p", "vendor:s"],
        ["ai_service:chat", "vendor:p", "vendor:t"],
        ["ai_service:chat", "vendor:p", "vendor:s", "vendor:u"],
    ]
    assert [link["vendor"] for link in chains["vendor:t"]["links"]] == ["vendor:t", "vendor:microsoft"]
    assert chains["vendor:t"]["links"][1]["path"] == ["ai_service:chat", "vendor:p", "vendor:t", "vendor:microsoft"]
    assert chains["vendor:gone"]["status"] == "dangling"
    assert [path[-1] for path in found["undisclosed"]] == ["vendor:u", "vendor:gone", "vendor:t"]


def test_a_vendor_without_subprocessors_has_to_say_so(session: Session) -> None:
    silent = document(session, observation("vendor:p"))["subprocessors"]
    assert (silent["chains"], silent["undisclosed"]) == ([], [["vendor:p"]])
    says = document(session, observation("vendor:q", subprocessors_disclosed=True))["subprocessors"]
    assert (says["chains"], says["undisclosed"]) == ([], [])
    nobodys = document(session, observation("ai_service:x"))["subprocessors"]
    assert nobodys["undisclosed"] == [["ai_service:x"]]


def test_languages_are_those_of_the_models_a_system_runs_on(session: Session) -> None:
    found = document(
        session,
        observation(
            "system:a",
            ("uses", "model:m"),
            ("uses", "ai_service:open"),
            ("uses", "ai_service:silent"),
            ("uses", "dataset:d"),
            languages=["de"],
        ),
        observation("model:m", languages=["de", "fr"]),
        observation("model:n"),
        observation("ai_service:open", ("serves", "model:n"), ("serves", "model:m")),
        observation("ai_service:silent"),
        observation("dataset:d", languages=["it"]),
    )["languages"]
    assert [(one["ref"], one["languages"], len(one["path"])) for one in found] == [
        ("ai_service:silent", None, 2),
        ("model:m", ["de", "fr"], 2),
        ("model:n", None, 3),
    ]


def test_laws_that_keep_data_are_those_of_the_countries_of_its_people(session: Session) -> None:
    found = document(
        session, observation("dataset:d", data_classes=["personal"], subject_jurisdictions=["RU", "RU-MOW", "DE"])
    )["localisation"]
    assert {(law["id"], law["country"], law["duty"]) for law in found} == {
        ("ru-152-fz", "RU", "storage_in_country"),
        ("ru-152-fz", "RU", "collection_in_country"),
    }
    assert found[0]["data_classes"] == ["health", "personal", "special_category"]
    assert (found[0]["above"], found[0]["sectoral"], found[0]["condition"]) == (None, False, None)
    chinese = document(session, observation("dataset:e", data_classes=["personal"], subject_jurisdictions=["CN"]))
    assert {law["measure"] for law in chinese["localisation"] if law["duty"] == "security_assessment"} == {
        "subjects_transferred_since_january"
    }


def test_accelerators_are_looked_up_with_the_controls_towards_their_place(session: Session) -> None:
    found = document(
        session,
        observation(
            "gpu_host:h",
            ("located_in", "cloud_region:cn/1"),
            accelerators=[
                {"model": "NVIDIA H100 80GB HBM3", "count": 8},
                {"model": "T4", "vendor": "vendor:reseller"},
                {"model": "L4"},
                {"model": "Foo 9"},
                {"count": 2},
            ],
        ),
        observation("cloud_region:cn/1", country="CN"),
    )["accelerators"]
    facts = {one["model"]: one for one in found}
    hopper = facts["NVIDIA H100 80GB HBM3"]
    assert (hopper["vendor"], hopper["count"], hopper["design_country"]) == ("vendor:nvidia", 8, "US")
    assert (hopper["export_class"], hopper["destination"], bool(hopper["controls"])) == ("3A090.a", "CN", True)
    assert (facts["T4"]["vendor"], facts["T4"]["controls"]) == ("vendor:reseller", [])
    assert (facts["L4"]["status"], facts["L4"]["controls"]) == ("known", None)
    assert (facts["Foo 9"]["status"], facts["Foo 9"]["controls"]) == ("not_catalogued", None)
    assert (facts[None]["status"], facts[None]["count"]) == ("undeclared", 2)


def test_accelerators_at_home_are_under_no_control_and_nowhere_under_one_unknown(session: Session) -> None:
    h100 = [{"model": "h100"}]
    (here,) = document(session, observation("gpu_host:a", ("located_in", PARIS), accelerators=h100))["accelerators"]
    assert (here["destination"], here["controls"]) == ("FR", [])
    (nowhere,) = document(session, observation("gpu_host:b", accelerators=h100))["accelerators"]
    assert (nowhere["destination"], nowhere["controls"]) == (None, None)


def test_a_host_that_does_not_speak_of_accelerators_may_have_any(session: Session) -> None:
    (silent,) = document(session, observation("gpu_host:a"))["accelerators"]
    assert silent["status"] == "undeclared"
    assert document(session, observation("gpu_host:b", accelerators=[]))["accelerators"] == []
    assert document(session, observation("system:a"))["accelerators"] == []
