"""What is in force: a workspace's setting over a pack, slots, enforcement, and what is refused."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.foundation.errors import Invalid
from service.foundation.settings import POLICIES
from service.packs.lifecycle import Setting, assign, effective
from service.packs.source import Assignment, Pack, enforcement, load_library

LIBRARY = load_library(POLICIES)
RESIDENCY = LIBRARY.packs["eu-data-residency"]


def in_force(*packs: Pack) -> Assignment:
    return assign(LIBRARY, [effective(LIBRARY, pack, Setting()) for pack in packs])


def renamed(pack: Pack, name: str, **parameters: Any) -> Pack:
    return replace(pack, id=name, parameters={**pack.parameters, **parameters})


def test_packs_that_ship_active_stand_in_one_slot_with_every_parameter_filled_in() -> None:
    assignment = in_force(*(pack for pack in LIBRARY.packs.values() if pack.active))
    (slot,) = assignment.slots
    assert slot.packs.keys() == LIBRARY.rules.keys() == assignment.rules.keys()
    for rule in LIBRARY.rules.values():
        assert slot.parameters[rule.id].keys() == rule.parameters.keys()
    assert slot.parameters["RES-001"]["allowed"] == ["EEA"]
    assert slot.parameters["JUR-001"]["home"] == ["EEA", "EU"]


def test_packs_with_equal_parameters_share_a_slot() -> None:
    (slot,) = in_force(RESIDENCY, renamed(RESIDENCY, "again")).slots
    assert slot.packs["RES-001"] == ("again", "eu-data-residency")


def test_a_rule_that_packs_bind_differently_stands_in_two_slots() -> None:
    first, second = in_force(RESIDENCY, renamed(RESIDENCY, "swiss", allowed=["CH"])).slots
    assert first.packs["RES-001"] == ("eu-data-residency",)
    assert second.packs["RES-001"] == ("swiss",)
    assert second.parameters["RES-001"]["allowed"] == ["CH"]


def test_a_rule_that_is_bound_once_stands_in_the_first_slot_alone() -> None:
    one = replace(renamed(RESIDENCY, "swiss", allowed=["CH"]), rules=("RES-001",))
    first, second = in_force(RESIDENCY, one).slots
    assert first.packs.keys() == set(RESIDENCY.rules)
    assert second.packs.keys() == second.parameters.keys() == {"RES-001"}


def test_without_packs_nothing_is_judged() -> None:
    assignment = in_force()
    assert (assignment.slots, assignment.bundle.rules, dict(assignment.packs)) == ((), (), {})


def test_the_same_rules_give_the_same_bundle_and_other_rules_another_digest() -> None:
    assert in_force(RESIDENCY).bundle is in_force(renamed(RESIDENCY, "x", allowed=["CH"])).bundle
    assert in_force(RESIDENCY).bundle.digest != in_force(*LIBRARY.packs.values()).bundle.digest


def test_a_kept_bundle_describes_its_rules_itself() -> None:
    bundle = in_force(RESIDENCY).bundle
    kept = Assignment.of_bundle(type(bundle).from_dict(bundle.as_dict()))
    assert {rule.id: rule.title for rule in kept.rules.values()} == {
        id_: LIBRARY.rules[id_].title for id_ in RESIDENCY.rules
    }


def test_equal_settings_are_equal_however_their_lists_are_written() -> None:
    ways = (["DE", "FR"], ["FR", "DE", "FR"])
    assert effective(LIBRARY, RESIDENCY, Setting(parameters={"allowed": ways[0]})) == effective(
        LIBRARY, RESIDENCY, Setting(parameters={"allowed": ways[1]})
    )


def test_a_setting_keeps_what_it_does_not_name() -> None:
    setting = Setting(parameters={"allowed": ["FR"]}, enforcement={"ci": {"unknown": "warn"}})
    pack = effective(LIBRARY, RESIDENCY, setting)
    assert pack.parameters["allowed"] == ["FR"]
    assert pack.parameters["data_classes"] == sorted(RESIDENCY.parameters["data_classes"])
    assert pack.enforcement["ci"] == {"violation": "block", "unknown": "warn"}
    assert pack.enforcement["admission"] == RESIDENCY.enforcement["admission"]


@pytest.mark.parametrize(
    ("pack", "parameters", "path", "expected"),
    [
        ("eu-data-residency", {"allowed": ["UK"]}, "/parameters/allowed", "ISO 3166-1"),
        ("eu-data-residency", {"allowed": ["FR-99X"]}, "/parameters/allowed", "ISO 3166-2"),
        ("eu-data-residency", {"allowed": "EEA"}, "/parameters/allowed", "a list of blocs"),
        ("eu-data-residency", {"allowed": []}, "/parameters/allowed", "a list of blocs"),
        ("eu-data-residency", {"allowed": [7]}, "/parameters/allowed", "a list of blocs"),
        ("eu-data-residency", {"data_classes": ["secret"]}, "/parameters/data_classes", "personal"),
        ("eu-data-residency", {"home": ["EU"]}, "/parameters/home", "one of allowed, data_classes"),
        ("eu-jurisdiction", {"control_threshold": 0}, "/parameters/control_threshold", "basis points"),
        ("eu-jurisdiction", {"control_threshold": 10001}, "/parameters/control_threshold", "basis points"),
        ("eu-jurisdiction", {"control_threshold": 0.5}, "/parameters/control_threshold", "basis points"),
        ("vendor-independence", {"max_age_days": True}, "/parameters/max_age_days", "days"),
        ("vendor-independence", {"criticalities": ["severe"]}, "/parameters/criticalities", "critical"),
        ("vendor-independence", {"accepted": ["free"]}, "/parameters/accepted", "open"),
        ("ai-licensing", {"obligations": ["fee"]}, "/parameters/obligations", "share_alike"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_with_its_name_and_what_is_expected(
    pack: str, parameters: dict[str, Any], path: str, expected: str
) -> None:
    with pytest.raises(Invalid) as refused:
        effective(LIBRARY, LIBRARY.packs[pack], Setting(parameters=parameters))
    (fault,) = refused.value.faults
    assert fault.path == path
    assert expected in str(fault.expected)


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ({"deploy": {"violation": "warn"}}, "/enforcement/deploy"),
        ({"ci": {"error": "inform"}}, "/enforcement/ci/error"),
        ({"ci": {"violation": "ignore"}}, "/enforcement/ci/violation"),
    ],
)
def test_enforcement_that_cannot_be_is_refused(words: dict[str, dict[str, str]], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        effective(LIBRARY, RESIDENCY, Setting(enforcement=words))
    assert [fault.path for fault in refused.value.faults] == [path]


def test_all_faults_of_a_setting_are_told_at_once() -> None:
    setting = Setting(parameters={"allowed": [], "colour": 1}, enforcement={"ci": {"unknown": "hide"}})
    with pytest.raises(Invalid) as refused:
        effective(LIBRARY, RESIDENCY, setting)
    assert len(refused.value.faults) == 3


def test_a_pack_without_parameters_says_so() -> None:
    bare = replace(LIBRARY.packs["ai-licensing"], rules=("LIC-001",), parameters={})
    with pytest.raises(Invalid) as refused:
        effective(LIBRARY, bare, Setting(parameters={"allowed": ["FR"]}))
    assert refused.value.faults[0].expected == "no parameters"


ON = RESIDENCY.effective_on
points = st.sampled_from(["ci", "admission", "api", "scan", "nowhere"])


# What is asked for beyond what binds only warns; what the law has not settled stands in nobody's way.
SOFTER = {"openness": "warn", "unsettled-licensing": "inform"}


def test_shipped_packs_block_at_the_gate_and_inform_in_scans() -> None:
    for pack in LIBRARY.packs.values():
        word = SOFTER.get(pack.id, "block")
        for outcome in ("violation", "unknown"):
            assert [
                enforcement(pack, point, outcome, pack.effective_on) for point in ("ci", "admission", "api", "scan")
            ] == [
                *(word, word, word),
                "inform",
            ]


@given(point=points, days=st.integers(-1000, 1000))
def test_an_error_blocks_everywhere_and_always(point: str, days: int) -> None:
    assert enforcement(RESIDENCY, point, "error", ON + timedelta(days=days)) == "block"


def test_before_its_day_a_pack_only_warns() -> None:
    eve = ON - timedelta(days=1)
    assert in_force(RESIDENCY).enforcement(RESIDENCY.id, "ci", "violation", eve) == "warn"
    assert in_force(RESIDENCY).enforcement(RESIDENCY.id, "ci", "violation", ON) == "block"
    assert in_force(RESIDENCY).enforcement(RESIDENCY.id, "scan", "violation", eve) == "inform"


def test_a_point_or_an_outcome_that_no_pack_speaks_of_blocks() -> None:
    assert enforcement(RESIDENCY, "nowhere", "violation", ON) == "block"
    assert enforcement(RESIDENCY, "ci", "strange", ON) == "block"


def test_warn_stays_warn() -> None:
    softer = effective(LIBRARY, RESIDENCY, Setting(enforcement={"ci": {"unknown": "warn"}}))
    assert enforcement(softer, "ci", "unknown", ON) == "warn"
    assert enforcement(softer, "ci", "unknown", date(1990, 1, 1)) == "warn"


def test_labels_choose_the_assets_that_a_pack_judges() -> None:
    setting = Setting(labels={"env": ["prod", "staging", "prod"], "team": ["care"]})
    pack = effective(LIBRARY, RESIDENCY, setting)
    assert pack.labels == {"env": ("prod", "staging"), "team": ("care",)}
    assignment = assign(LIBRARY, [pack, effective(LIBRARY, LIBRARY.packs["baseline"], Setting())])
    chosen: list[dict[str, str]] = [
        {"env": "prod", "team": "care"},
        {"env": "staging", "team": "care", "tier": "1"},
    ]
    for labels in chosen:
        assert assignment.left_out(labels) == frozenset()
    others: list[dict[str, str]] = [
        {},
        {"env": "prod"},
        {"env": "test", "team": "care"},
        {"env": "Prod", "team": "care"},
    ]
    for labels in others:
        assert assignment.left_out(labels) == {RESIDENCY.id}


@given(labels=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3))
def test_without_labels_every_asset_is_chosen(labels: dict[str, str]) -> None:
    assert in_force(*LIBRARY.packs.values()).left_out(labels) == frozenset()


@pytest.mark.parametrize(
    ("labels", "path", "expected"),
    [
        ({"env": []}, "/labels/env", "leave the key out"),
        ({"a/b": []}, "/labels/a~1b", "leave the key out"),
        ({"": ["x"]}, "/labels/", "a letter or digit first"),
        ({"env": ["ok", "a\0b"]}, "/labels/env/1", "printable text"),
        ({"env": ["x" * 501]}, "/labels/env/0", "at most 500 characters"),
        ({"env": [str(number) for number in range(101)]}, "/labels/env", "at most 100 entries"),
        ({f"k{number}": ["x"] for number in range(101)}, "/labels", "at most 100 entries"),
    ],
)
def test_labels_that_cannot_be_are_refused(labels: dict[str, list[str]], path: str, expected: str) -> None:
    with pytest.raises(Invalid) as refused:
        effective(LIBRARY, RESIDENCY, Setting(labels=labels))
    (fault,) = refused.value.faults
    assert fault.path == path
    assert expected in str(fault.expected)


@pytest.mark.parametrize("days", [-400, 400])
def test_a_workspace_may_have_a_pack_bite_sooner_or_later(days: int) -> None:
    own = ON + timedelta(days=days)
    pack = effective(LIBRARY, RESIDENCY, Setting(effective_on=own))
    assert pack.effective_on == own
    assert enforcement(pack, "ci", "violation", own - timedelta(days=1)) == "warn"
    assert enforcement(pack, "ci", "violation", own) == "block"
    assert effective(LIBRARY, RESIDENCY, Setting()).effective_on == ON


@given(
    point=points,
    outcome=st.sampled_from(["violation", "unknown", "error", "strange"]),
    word=st.sampled_from(["block", "warn", "inform"]),
    days=st.integers(-3, 3),
)
def test_a_warning_that_will_block_names_its_day(point: str, outcome: str, word: str, days: int) -> None:
    words = {"violation": word, "unknown": word}
    pack = replace(RESIDENCY, enforcement=dict.fromkeys(RESIDENCY.enforcement, words))
    assignment = assign(LIBRARY, [effective(LIBRARY, pack, Setting())])
    on = ON + timedelta(days=days)
    will = assignment.enforcement(pack.id, point, outcome, ON) == "block"
    does = assignment.enforcement(pack.id, point, outcome, on) == "block"
    assert assignment.blocks_from(pack.id, point, outcome, on) == (ON if will and not does else None)
