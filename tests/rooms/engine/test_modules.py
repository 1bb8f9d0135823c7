"""What module text is read as, and how a bundle is ordered and moved."""

from hypothesis import given
from hypothesis import strategies as st

from service.engine import modules
from service.engine.protocol import Module
from service.engine.tokens import code, names, tokenize
from tests.rooms.engine import bundles


def test_strings_and_comments_are_never_taken_for_code() -> None:
    text = 'x := "data.allod.lib.a(" # data.allod.lib.b(\ny := `data.allod.lib.c\n(`\nz := data.allod.lib.d\n'
    found = [name.text for name in names(code(tokenize(text)))]
    assert found == ["x", "y", "z", "data.allod.lib.d"]


def test_lines_are_counted_through_raw_strings() -> None:
    tokens = tokenize("a := `one\ntwo`\nb := 1")
    assert next(token.line for token in tokens if token.text == "b") == 3
    assert next(token.column for token in tokens if token.text == "b") == 0


@given(st.text(max_size=200))
def test_any_text_is_read_without_failing_and_without_losing_a_character(text: str) -> None:
    tokens = tokenize(text)
    assert all(text[token.start : token.start + len(token.text)] == token.text for token in tokens)
    kept = sum(len(token.text) for token in tokens)
    assert kept == len(text) - sum(1 for c in _outside(text, tokens) if c in " \t\r\f\v")


def _outside(text: str, tokens: list) -> str:  # type: ignore[type-arg]
    covered = {at for token in tokens for at in range(token.start, token.start + len(token.text))}
    return "".join(c for at, c in enumerate(text) if at not in covered)


def test_package_and_references_are_found() -> None:
    module = bundles.healthy()[1]
    assert modules.package_of(module) == "allod.rules.trial.healthy"
    assert [name.text for name in modules.references(module)] == ["data.allod.lib.speech"]
    assert modules.package_of(Module("x.rego", "# nothing\n")) == ""
    assert modules.package_of(Module("x.rego", "package 3\n")) == ""


def test_modules_stand_behind_what_they_refer_to() -> None:
    def library(name: str, *needs: str) -> Module:
        imports = "".join(f"import data.allod.lib.{need}\n" for need in needs)
        return Module(f"lib/{name}.rego", f"package allod.lib.{name}\n{imports}")

    row = modules.ordered(
        [library("a", "b", "c"), library("b", "c"), library("c"), library("d", "e"), library("e", "d")]
    )
    order = [modules.package_of(module)[-1] for module in row]
    assert order == ["c", "b", "a", "e", "d"]


def test_a_long_chain_of_imports_does_not_exhaust_the_stack() -> None:
    chain = [Module(f"lib/m{i}.rego", f"package allod.lib.m{i}\nimport data.allod.lib.m{i + 1}\n") for i in range(1500)]
    assert modules.ordered(chain)[0].path == "lib/m1499.rego"


def test_only_keeps_the_modules_that_the_rules_rest_on() -> None:
    far = Module("lib/far.rego", "package allod.lib.far\n\nx := 1\n")
    near = Module("lib/near.rego", "package allod.lib.near\n\nimport data.allod.lib.far\n\ny := far.x\n")
    spare = Module("lib/spare.rego", "package allod.lib.spare\n")
    first = bundles.rule("A-1", "first", when="data.allod.lib.near.y == 1")
    whole = bundles.bundle(first, bundles.healthy(), library=(bundles.LIBRARY, far, near, spare))
    kept = modules.only(whole, [first[0]])
    assert {module.path for module in kept.modules} == {
        "lib/far.rego",
        "lib/near.rego",
        "lib/speech/speech.rego",
        "rules/trial/first/first.rego",
    }
    assert kept.rules == (first[0],)


def test_moving_changes_the_root_of_code_and_nothing_else() -> None:
    text = (
        "# METADATA\n# title: of data.allod.lib.x\npackage allod.rules.a\n\nimport data.allod.lib.x as allod\n"
        'import rego.v1\nm := "data.allod.lib.x" # data.allod.y\n'
        "n := data.allod.rules.b.v + allod.z + input.data.allod.lib.q\n"
    )
    assert modules.moved(text, "elsewhere") == (
        "# METADATA\n# title: of data.allod.lib.x\npackage elsewhere.rules.a\n\nimport data.elsewhere.lib.x as allod\n"
        'import rego.v1\nm := "data.allod.lib.x" # data.allod.y\n'
        "n := data.elsewhere.rules.b.v + allod.z + input.data.allod.lib.q\n"
    )
