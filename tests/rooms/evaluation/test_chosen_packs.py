"""Packs that judge only assets with certain labels: what an asset's document says it is judged under."""

from collections.abc import Mapping, Sequence
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from service.evaluation.gather import prepare
from service.evaluation.prepared import Prepared, SlotInput, seal, unseal
from service.foundation.settings import POLICIES
from service.inventory.facts import Kind
from service.inventory.reference import Catalogue
from service.inventory.views import AssetView, Slice
from service.packs.lifecycle import Setting, assign, effective
from service.packs.source import Assignment, load_library

LIBRARY = load_library(POLICIES)
DAY = date(2026, 11, 25)
NOTHING = Catalogue([])
PACKS = sorted(LIBRARY.packs)
# Two packs that bind the same rules with other parameters, so that there is more than one slot.
OTHERWISE = {"us-state-residency": {"allowed": ["US-TX"]}}

labels = st.dictionaries(st.sampled_from(["env", "team"]), st.sampled_from(["prod", "test", "care"]), max_size=2)
choices = st.dictionaries(
    st.sampled_from(PACKS),
    st.dictionaries(
        st.sampled_from(["env", "team"]),
        st.lists(st.sampled_from(["prod", "test", "care"]), min_size=1, max_size=3, unique=True),
        max_size=2,
    ),
)
estates = st.lists(st.tuples(st.sampled_from([*Kind]), labels), min_size=1, max_size=5)


def in_force(choices: Mapping[str, Mapping[str, Sequence[str]]]) -> Assignment:
    settings = {name: Setting(True, OTHERWISE.get(name, {}), {}, choices.get(name, {})) for name in PACKS}
    return assign(LIBRARY, [effective(LIBRARY, LIBRARY.packs[name], setting) for name, setting in settings.items()])


def asset(number: int, kind: str, labels: dict[str, str]) -> AssetView:
    return AssetView(number, f"{kind}:a{number}", kind, f"a{number}", None, labels, {}, {}, [], {})


def prepared(assignment: Assignment, estate: Sequence[tuple[str, dict[str, str]]]) -> list[Prepared]:
    assets = [asset(number, str(kind), labels) for number, (kind, labels) in enumerate(estate)]
    part = Slice("default", {one.ref: one for one in assets})
    return prepare(part, [one.ref for one in assets], NOTHING.on(DAY), DAY, assignment)


def packs_of(one: Prepared) -> set[tuple[str, str]]:
    """Rules and packs that a document is judged by."""
    return {(rule, pack) for slot in one.slots for rule, packs in slot.packs.items() for pack in packs}


@given(estate=estates)
def test_without_labels_a_document_is_sealed_as_it_always_was(estate: list[tuple[str, dict[str, str]]]) -> None:
    assignment = in_force({})
    for one in prepared(assignment, estate):
        rules = sorted(rule.id for rule in assignment.bundle.rules if one.kind in rule.kinds)
        slots = tuple(
            SlotInput(
                {rule: slot.parameters[rule] for rule in rules if rule in slot.packs},
                {rule: slot.packs[rule] for rule in rules if rule in slot.packs},
            )
            for slot in assignment.slots
        )
        assert one.digest == seal(one.document, slots).digest


@given(estate=estates)
def test_labels_that_choose_every_asset_change_nothing(estate: list[tuple[str, dict[str, str]]]) -> None:
    labelled = [(kind, {"env": "prod", **labels, "all": "yes"}) for kind, labels in estate]
    every = in_force({name: {"all": ["yes"]} for name in PACKS})
    assert [one.digest for one in prepared(every, labelled)] == [one.digest for one in prepared(in_force({}), labelled)]


@given(estate=estates, choices=choices)
def test_an_asset_is_judged_by_the_packs_that_choose_it_and_by_no_other(
    estate: list[tuple[str, dict[str, str]]], choices: dict[str, dict[str, list[str]]]
) -> None:
    assignment, whole = in_force(choices), in_force({})
    for one, all_packs, (_, labels) in zip(prepared(assignment, estate), prepared(whole, estate), estate, strict=True):
        chosen = {
            name for name in PACKS if all(labels.get(key) in values for key, values in choices.get(name, {}).items())
        }
        assert packs_of(one) == {(rule, pack) for rule, pack in packs_of(all_packs) if pack in chosen}
        for slot in one.slots:
            assert slot.parameters.keys() == slot.packs.keys()
            for rule, packs in slot.packs.items():
                bound = [s for s in all_packs.slots if set(packs) <= set(s.packs.get(rule, ()))]
                assert [s.parameters[rule] for s in bound] == [slot.parameters[rule]]
        assert unseal(one.body) == one


@given(estate=estates, choices=choices)
def test_documents_that_are_asked_together_have_the_same_slots_filled(
    estate: list[tuple[str, dict[str, str]]], choices: dict[str, dict[str, list[str]]]
) -> None:
    """The evaluator asks documents of one kind with as many slots together, and skips a slot that the first leaves empty."""
    filled: dict[tuple[str, int], set[tuple[bool, ...]]] = {}
    for one in prepared(in_force(choices), estate):
        filled.setdefault((one.kind, len(one.slots)), set()).add(tuple(bool(slot.packs) for slot in one.slots))
    assert all(len(ways) == 1 for ways in filled.values())


def test_a_pack_judges_whom_it_chose_before_whatever_a_candidate_leaves_out() -> None:
    chosen = "eu-data-residency"
    assignment = in_force({chosen: {"env": ["prod"]}})
    bare = asset(0, "system", {})
    part = Slice("default", {bare.ref: bare})

    def judged_by(former: Mapping[str, Mapping[str, str]]) -> set[str]:
        (one,) = prepare(part, [bare.ref], NOTHING.on(DAY), DAY, assignment, None, former)
        return {pack for _, pack in packs_of(one)}

    assert chosen not in judged_by({})
    assert chosen not in judged_by({bare.ref: {"env": "test"}})
    assert chosen in judged_by({bare.ref: {"env": "prod"}})
