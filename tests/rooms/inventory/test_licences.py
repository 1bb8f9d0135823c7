"""What licence texts mean: a reviewed table, the algebra of AND and OR, and nonsense."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from service.inventory import licences
from service.inventory.licence_expression import Node, joined, parse
from service.inventory.licence_resolver import Hint, Match, Resolver
from service.inventory.licence_terms import OBLIGATIONS, Licence, Terms, freest, strictest
from service.inventory.licences import resolve

TABLE = yaml.safe_load((Path(__file__).parent / "licence_texts.yaml").read_text(encoding="utf-8"))
KNOWN = ["MIT", "Apache-2.0", "GPL-3.0-only", "CC-BY-NC-4.0", "CC0-1.0", "LicenseRef-llama-2", "LicenseRef-ai2-impact"]

terms = st.builds(
    Terms,
    st.sampled_from([True, False, None]),
    st.sets(st.sampled_from(sorted(OBLIGATIONS)), max_size=4).map(lambda found: tuple(sorted(found))),
    st.booleans(),
)
expressions = st.recursive(
    st.sampled_from([*KNOWN, "LicenseRef-acme"]).map(lambda name: Node(id=name)),
    lambda inner: st.builds(joined, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=8,
)


@pytest.mark.parametrize(("text", "expression", "grade"), TABLE, ids=[repr(row[0])[:60] for row in TABLE])
def test_a_text_of_the_real_world_means_what_was_reviewed(text: str, expression: str | None, grade: str) -> None:
    found = resolve(text)
    assert (found.text, found.expression, found.grade.value) == (text, expression, grade)


@given(st.lists(terms, min_size=1, max_size=4))
def test_and_is_never_freer_and_or_never_stricter_than_a_part(parts: list[Terms]) -> None:
    every, one = strictest(parts), freest(parts)
    for part in parts:
        assert every.strictness[0] >= part.strictness[0]
        assert set(part.obligations) <= set(every.obligations)
        assert every.known <= part.known
        assert one.strictness <= part.strictness
    assert one in parts


@given(terms, terms, terms)
def test_both_operators_are_idempotent_commutative_and_associative(a: Terms, b: Terms, c: Terms) -> None:
    for operator in (strictest, freest):
        assert operator([a, a]) == a
        assert operator([a, b]) == operator([b, a])
        assert operator([operator([a, b]), c]) == operator([a, operator([b, c])])


@given(expressions)
def test_what_is_rendered_is_parsed_back_and_resolved_to_itself(node: Node) -> None:
    text = node.render()
    assert parse(text) == node
    first = resolve(text)
    assert first.expression == text
    assert resolve(first.expression) == first
    assert first.grade is (Match.NONE if "LicenseRef-acme" in node.ids() else Match.EXACT)


@given(st.sampled_from(KNOWN), st.sampled_from(KNOWN))
def test_a_choice_asks_no_more_than_either_and_a_sum_no_less(one: str, other: str) -> None:
    both, either = resolve(f"{one} AND {other}"), resolve(f"{one} OR {other}")
    for name in (one, other):
        alone = resolve(name)
        assert set(alone.obligations) <= set(both.obligations)
        assert not (alone.commercial_use is False and both.commercial_use is not False)
        assert not (alone.commercial_use is True and either.commercial_use is not True)


@given(st.text(max_size=80))
def test_no_text_is_too_odd_to_be_answered(text: str) -> None:
    found = resolve(text)
    assert found.text == text
    assert (found.expression is None) <= (found.grade is Match.NONE)
    assert set(found.obligations) <= OBLIGATIONS


@pytest.mark.parametrize(
    "text",
    ["(" * 300 + "MIT" + ")" * 290, "MIT AND " * 70, "x" * 10_000, "MIT WITH WITH MIT", "MIT AND (Zlib OR)", "+"],
)
def test_nonsense_has_no_licence(text: str) -> None:
    assert resolve(text).grade is Match.NONE


def test_an_unknown_reference_hides_what_it_asks_for_but_not_what_stands_beside_it() -> None:
    found = resolve("CC-BY-NC-4.0 AND LicenseRef-acme")
    assert (found.grade, found.commercial_use) == (Match.NONE, False)
    assert "non_commercial" in found.obligations
    assert resolve("LicenseRef-acme AND MIT").commercial_use is None
    assert resolve("LicenseRef-acme").osi is None


def test_flags_hold_for_all_of_a_sum_and_one_of_a_choice() -> None:
    assert resolve("MIT AND CC-BY-NC-4.0").osi is False
    assert resolve("MIT OR CC-BY-NC-4.0").osi is True
    assert resolve("MIT OR LicenseRef-acme").osi is True
    assert resolve("MIT AND LicenseRef-acme").osi is None
    assert resolve("Apache-2.0").fsf is True


def test_openmdw_is_open_although_osi_never_approved_it() -> None:
    found = resolve("OpenMDW-1.0")
    assert (found.osi, found.commercial_use, found.obligations) == (False, True, ("notice",))


def test_a_declared_reference_of_a_workspace_means_what_it_declares() -> None:
    own = Licence.of("LicenseRef-acme", {"commercial_use": False, "obligations": ["non_commercial"]})
    resolver = Resolver([own], {"acme": Hint("LicenseRef-acme", ())})
    assert resolver.resolve("LicenseRef-acme").grade is Match.EXACT
    assert resolver.resolve("acme").grade is Match.GUESSED
    assert resolver.resolve("MIT").grade is Match.NONE


def test_a_spelling_that_two_licences_claim_is_nobodys() -> None:
    twins = [Licence.of(f"LicenseRef-{name}", {"aliases": ["shared name"]}) for name in ("a", "b")]
    assert Resolver(twins, {}).resolve("Shared Name").grade is Match.NONE


def test_ten_thousand_repeated_texts_take_well_under_a_second() -> None:
    texts = [row[0] for row in TABLE][:100]
    for text in texts:
        resolve(text)
    start = time.perf_counter()
    for _ in range(100):
        for text in texts:
            resolve(text)
    assert time.perf_counter() - start < 0.5


def test_the_shipped_catalogue_is_read_once() -> None:
    assert licences.shipped() is licences.shipped()
