"""The example estate, judged by the shipped packs."""

from collections import Counter

from service.evaluation.decision import Outcome
from service.packs.queries import in_force
from service.pipeline import Ground
from tests.rooms.example.conftest import Judged

RULES = ("JUR-001", "LIC-001", "LIC-002", "LIC-009", "RES-001", "RES-002", "VEN-003", "VEN-005")


# No honest insurer has 700 million users, and nothing of this one is refused where it is at home.
NOT_VIOLATED = {"CMP-003", "LIC-004", "LIC-005", "PRV-005", "VEN-001"}
# Accelerators come from the United States; alternatives count once they have been judged themselves.
NOT_PASSED = {"CMP-002", "RES-005", "VEN-002"}


def in_force_of(estate: Judged, ground: Ground) -> set[str]:
    return set(in_force(estate.session, ground.library, estate.workspace.id).rules)


def test_eight_rules_show_their_violations(estate: Judged) -> None:
    found = {rule: estate.refs(rule, Outcome.VIOLATION) for rule in RULES}
    assert found == {
        "RES-001": {
            "ai_service:anthropic/claude-api",
            "dataset:velmora/claims-archive",
            "system:velmora/archive-search",
            "system:velmora/legal-drafts",
        },
        "RES-002": {
            "ai_service:anthropic/claude-api",
            "gpu_host:aws/iad-g6-1",
            "system:velmora/legal-drafts",
            "system:velmora/mood-monitor",
        },
        "JUR-001": {
            "ai_service:anthropic/claude-api",
            "ai_service:microsoft/azure-openai-sweden",
            "cloud_region:aws/eu-central-1",
            "cloud_region:aws/eusc-de-east-1",
            "cloud_region:aws/us-east-1",
            "cloud_region:azure/swedencentral",
            "dataset:velmora/claims-archive",
            "gpu_host:aws/fra-p4d-1",
            "gpu_host:aws/iad-g6-1",
            "system:velmora/archive-search",
            "system:velmora/legal-drafts",
            "system:velmora/mood-monitor",
            "system:velmora/staff-absence",
            "system:velmora/travel-concierge",
        },
        "LIC-001": {
            "dataset:bigcode/the-stack-v2",
            "dataset:velmora/travel-forum-posts",
            "model:openai/gpt-4o-2024-11-20",
            "software:open-webui",
        },
        "LIC-002": {
            "model:declare-lab/flan-alpaca-xl",
            "model:velmora/letter-base",
            "model:velmora/letter-writer",
            "system:velmora/letter-desk",
        },
        "LIC-009": {
            "model:NousResearch/Nous-Hermes-Llama2-13b",
            "model:velmora/dispatch-planner-13b",
            "model:velmora/dispatch-planner-13b-gguf",
        },
        "VEN-003": {"system:velmora/emergency-dispatch", "system:velmora/travel-concierge"},
        "VEN-005": {"system:velmora/travel-concierge"},
    }


def test_every_rule_in_force_is_shown_and_none_fails(estate: Judged, ground: Ground) -> None:
    in_force = in_force_of(estate, ground)
    assert len(in_force) > len(RULES)
    for rule in in_force:
        assert not estate.refs(rule, Outcome.ERROR), rule
        assert any(estate.refs(rule, word) for word in (Outcome.PASS, Outcome.VIOLATION, Outcome.UNKNOWN)), rule
    assert {rule for rule in in_force if not estate.refs(rule, Outcome.VIOLATION)} == NOT_VIOLATED
    assert {rule for rule in in_force if not estate.refs(rule, Outcome.PASS)} == NOT_PASSED


def test_eight_rules_show_what_is_not_known_and_what_passes(estate: Judged) -> None:
    for rule in RULES:
        assert estate.refs(rule, Outcome.UNKNOWN), rule
        assert estate.refs(rule, Outcome.PASS), rule
        if rule != "LIC-001":  # whatever can have a licence is asked for it
            assert estate.refs(rule, Outcome.NOT_APPLICABLE), rule
        assert not estate.refs(rule, Outcome.ERROR), rule


def test_most_of_the_estate_is_in_order(estate: Judged) -> None:
    total: Counter[str] = sum((decision.counts() for decision in estate.decisions.values()), Counter())
    judged = total.total() - total["not_applicable"]
    assert total["pass"] > 0.7 * judged
    troubled = set.union(*(estate.refs(rule, word) for rule in RULES for word in (Outcome.VIOLATION, Outcome.UNKNOWN)))
    for system in ("care-line", "claims-triage", "fraud-watch", "diagnosis-coding", "phone-intake", "post-room"):
        assert f"system:velmora/{system}" not in troubled


def test_place_is_not_control(estate: Judged) -> None:
    for system in ("travel-concierge", "staff-absence"):
        ref = f"system:velmora/{system}"
        assert ref in estate.refs("RES-001", Outcome.PASS)
        assert ref in estate.refs("RES-002", Outcome.PASS)
        assert ref in estate.refs("JUR-001", Outcome.VIOLATION)


def test_a_licence_far_below_is_named_with_its_way(estate: Judged) -> None:
    (decided,) = [one for one in estate.decisions["system:velmora/letter-desk"].outcomes if one.rule == "LIC-002"]
    assert [finding.path for finding in decided.findings] == [
        (
            "system:velmora/letter-desk",
            "model:velmora/letter-writer",
            "model:velmora/letter-base",
            "model:declare-lab/flan-alpaca-xl",
            "dataset:tatsu-lab/alpaca",
        )
    ]
