"""The tables of `policies/README.md` say what the rules say, and no control is both checked and left out."""

import pytest

from service.packs.source import Library
from tests.policies import publish_tables

FRAMEWORKS = {
    "BSI C5",
    "DORA",
    "Data Act",
    "EU AI Act",
    "GDPR",
    "Gaia-X 24.11",
    "ISO/IEC 42001:2023",
    "NIS2",
    "NIST AI RMF 1.0",
    "SecNumCloud 3.2",
}


def test_the_tables_are_fresh(library: Library) -> None:
    readme = publish_tables.README.read_text(encoding="utf-8")
    fresh = publish_tables.text(readme, publish_tables.tables(library))
    assert readme == fresh, "rules or controls changed: run `python -m tests.policies.publish_tables`"


def test_every_framework_is_one_that_was_considered(library: Library) -> None:
    assert {framework for framework, _ in publish_tables.covered(library)} <= FRAMEWORKS
    assert publish_tables.uncovered().keys() == FRAMEWORKS


def test_no_control_is_both_checked_and_left_out(library: Library) -> None:
    left = {(framework, one["id"]) for framework, entries in publish_tables.uncovered().items() for one in entries}
    assert left & publish_tables.covered(library).keys() == set()
    assert all(one["why"] and one["title"] for entries in publish_tables.uncovered().values() for one in entries)


def test_a_control_has_one_title(library: Library) -> None:
    titles: dict[tuple[str, str], set[str]] = {}
    for rule in library.rules.values():
        for control in rule.controls:
            titles.setdefault((control["framework"], control["id"]), set()).add(control["title"])
    assert {key: names for key, names in titles.items() if len(names) > 1} == {}


def test_a_readme_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="0 places for rules"):
        publish_tables.text("# Policies\n", {"rules": ""})
