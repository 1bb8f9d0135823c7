"""The common subset."""

import pytest

from service.engine import conventions
from service.engine.protocol import Module
from tests.rooms.engine import bundles

HEAD = "package allod.lib.trial\n\n"


def faults(code: str) -> list[str]:
    return [str(fault) for fault in conventions.check(Module("lib/trial.rego", HEAD + code + "\n"))]


def test_the_tests_own_rules_keep_to_it() -> None:
    assert conventions.check_all([bundles.LIBRARY, bundles.healthy()[1]]) == []


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("x if { input.a } { input.b }", "chained bodies"),
        ("x := 9007199254740993", "above 2^53"),
        ("x if input.share == 0.24", "equality of fractions"),
        ("x if 0.24 != input.share", "equality of fractions"),
        ('x := sprintf("%05d", [1])', "`%05d` in sprintf"),
        ('x := sprintf("%900000000d", [1])', "`%900000000d` in sprintf"),
        ('x := sprintf("%x and %s", [1, "a"])', "`%x` in sprintf"),
        ('x := sprintf("100%", [])', "`%` in sprintf"),
        ("x := sprintf(input.format, [1])", "computed"),
        (r"x if regex.match(`\d+`, input.a)", "character class"),
        (r'x if regex.match("a\\d+", input.a)', "character class"),
        (r'x := regex.replace(input.a, `\s`, "")', "character class"),
        ("x := time.now_ns()", "call of time.now_ns"),
    ],
)
def test_each_difference_between_the_engines_is_named_with_its_line(code: str, says: str) -> None:
    found = faults(code)
    assert len(found) == 1
    assert says in found[0]
    assert found[0].startswith("lib/trial.rego:3")


@pytest.mark.parametrize(
    "code",
    [
        'x := sprintf("%s %d %v %q 100%%", ["a", 1, [], "b"])',
        r"x if regex.match(`[0-9]+\.\\d`, input.a)",
        r'x if regex.match("\\\\d", input.a)',
        "x := `\\d`",
        "x if input.share > 0.24",
        "x := 9007199254740992",
        'x := {"a": {"b": 1}}',
        "x if { input.a }\n\ny if { input.b }",
    ],
)
def test_what_both_engines_read_alike_is_left_alone(code: str) -> None:
    assert faults(code) == []


def test_a_rule_defines_its_three_questions_as_sets() -> None:
    module = Module("rules/a/b.rego", "package allod.rules.a.b\n\napplies if true\n\nviolation := [1]\n")
    found = [str(fault) for fault in conventions.check(module)]
    assert found == [
        "rules/a/b.rego:1: `unknown` is not defined (unknown contains finding if …)",
        "rules/a/b.rego:5: `violation` is no set (violation contains finding if …)",
    ]


def test_an_import_of_nothing_and_a_package_of_two_are_named() -> None:
    lonely = Module("lib/a.rego", HEAD + "import data.allod.lib.nowhere\nimport data.allod.lib.there.x\n")
    there = Module("lib/there.rego", "package allod.lib.there\n\nx := 1\n")
    twin = Module("lib/b.rego", HEAD)
    found = [str(fault) for fault in conventions.check_all([lonely, twin, there])]
    assert found == [
        "lib/a.rego:1: several modules declare allod.lib.trial",
        "lib/a.rego:3: nothing defines data.allod.lib.nowhere",
        "lib/b.rego:1: several modules declare allod.lib.trial",
    ]
