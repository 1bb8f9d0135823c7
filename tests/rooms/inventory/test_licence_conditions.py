"""What licences ask for beyond yes and no, alone and under AND and OR."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.foundation.settings import POLICIES
from service.inventory import reference_load
from service.inventory.licence_conditions import Conditions
from service.inventory.licences import resolve
from service.inventory.reference_entries import CatalogueName

LICENCES = [e for e in reference_load.shipped(POLICIES / "data") if e.catalogue is CatalogueName.LICENCE]
NAMES = ["MIT", "GPL-3.0-only", "LicenseRef-llama-2", "LicenseRef-llama-3.2", "LicenseRef-gemma", "LicenseRef-acme"]

conditions = st.sampled_from([Conditions.of(entry.body) for entry in LICENCES] + [Conditions()])


def asked(text: str) -> dict[str, Any]:
    return resolve(text).conditions.document()


def test_llama_3_2_asks_what_its_licence_says() -> None:
    assert asked("Llama 3.2") == {
        "thresholds": [{"measure": "monthly_active_users", "limit": 700_000_000, "effect": "licence_required"}],
        "exclusions": [
            {
                "countries": [],
                "blocs": ["EU"],
                "modality": "multimodal",
                "reach": "domicile",
                "source": "USE_POLICY.md",
                "note": "individuals domiciled and companies with their principal place of business there; "
                "end users of products exempt",
            }
        ],
        "naming": [
            {"built_with": "Built with Llama", "triggers": ["distribution"]},
            {"name_prefix": "Llama", "triggers": ["derivative", "output_training"]},
        ],
        "pass_on": "agreement",
        "output_training": "naming",
        "foss": False,
    }


@pytest.mark.parametrize(
    ("text", "pass_on", "outputs", "foss"),
    [
        ("MIT", None, "allowed", True),
        ("CC-BY-NC-4.0", None, "allowed", False),
        ("OpenMDW-1.0", None, "allowed", True),
        ("Llama 2", "agreement", "forbidden", False),
        ("Gemma", "restrictions", "inherits", False),
        ("bigcode-openrail-m", "restrictions", "inherits", False),
        ("Qwen LICENSE AGREEMENT", None, "naming", False),
        ("LicenseRef-tencent-hunyuan-3d-2.0", None, "forbidden", False),
        ("LicenseRef-baichuan-7b", None, None, None),
        ("LicenseRef-acme", None, None, None),
        ("LicenseRef-own-work", None, "allowed", False),
        ("what nobody knows", None, None, None),
    ],
)
def test_a_licence_says_what_goes_along_what_outputs_may_train_and_whether_it_is_free(
    text: str, pass_on: str | None, outputs: str | None, foss: bool | None
) -> None:
    said = asked(text)
    assert (said["pass_on"], said["output_training"], said["foss"]) == (pass_on, outputs, foss)


def test_own_work_may_be_sold_and_asks_nothing() -> None:
    own = resolve("LicenseRef-own-work")
    assert (own.commercial_use, own.obligations, own.osi, own.grade.value) == (True, (), False, "exact")


def test_revenue_counts_in_a_currency_and_a_name_may_be_due_only_above_a_limit() -> None:
    assert asked("Kimi K2")["thresholds"] == [
        {"measure": "monthly_revenue", "limit": 20_000_000, "currency": "USD", "effect": "naming_required"},
        {"measure": "monthly_active_users", "limit": 100_000_000, "effect": "naming_required"},
    ]
    assert asked("Kimi K2")["naming"] == [{"built_with": "Kimi K2", "triggers": ["threshold"]}]
    (yearly,) = asked("Stability AI Community License")["thresholds"]
    assert (yearly["measure"], yearly["limit"], yearly["currency"]) == ("annual_revenue", 1_000_000, "USD")


def test_hunyuan_is_for_nobody_in_the_union_the_kingdom_and_korea() -> None:
    (nowhere,) = asked("LicenseRef-tencent-hunyuan-3d-2.0")["exclusions"]
    assert (nowhere["blocs"], nowhere["countries"], nowhere["modality"], nowhere["reach"]) == (
        ["EU"], ["GB", "KR"], "any", "users",
    )  # fmt: skip


def test_a_sum_keeps_the_conditions_of_all_and_a_choice_those_of_the_freest() -> None:
    both = asked("LicenseRef-llama-2 AND LicenseRef-gemma AND LicenseRef-llama-3.2")
    assert len(both["thresholds"]) == 2  # that of Llama 2 has a remark of its own
    assert (both["pass_on"], both["output_training"], both["foss"]) == ("restrictions", "forbidden", False)
    assert both["exclusions"] == asked("Llama 3.2")["exclusions"]
    assert asked("LicenseRef-llama-3.2 OR MIT") == asked("MIT")
    assert asked("MIT AND LicenseRef-acme")["foss"] is None
    assert asked("CC-BY-NC-4.0 AND LicenseRef-acme")["foss"] is False


@given(conditions, conditions, conditions)
def test_joining_is_idempotent_commutative_and_associative(a: Conditions, b: Conditions, c: Conditions) -> None:
    assert a.joined(a) == a
    assert a.joined(b) == b.joined(a)
    assert a.joined(b).joined(c) == a.joined(b.joined(c))


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), st.sampled_from([" AND ", " OR "]))
def test_conditions_are_plain_json_and_the_order_of_parts_means_nothing(names: list[str], operator: str) -> None:
    forth, back = asked(operator.join(names)), asked(operator.join(reversed(names)))
    assert forth == back == json.loads(json.dumps(forth))


def test_conditions_and_obligations_of_an_entry_agree() -> None:
    for entry in LICENCES:
        obligations, said = set(entry.body["obligations"]), Conditions.of(entry.body)
        assert ("no_output_training" in obligations) == (said.output_training == "forbidden"), entry.key
        assert ("naming" in obligations) == bool(said.naming), entry.key
        assert ("geographic_exclusion" in obligations) == bool(said.exclusions), entry.key
        assert ("size_threshold" in obligations) == bool(said.thresholds), entry.key
        assert (said.output_training != "naming") or said.naming, entry.key
        assert said.pass_on != "restrictions" or "use_restrictions" in obligations, entry.key
        assert said.foss is not True or entry.body["commercial_use"] is True, entry.key
        assert not (said.foss and obligations & {"use_restrictions", "size_threshold"}), entry.key
