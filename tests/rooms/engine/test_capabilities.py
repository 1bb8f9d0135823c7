"""What may be uploaded at all."""

import json
import subprocess
from pathlib import Path

import pytest

from service.engine import capabilities
from service.engine.capabilities import MAX_BYTES, MAX_COLUMNS, admit
from service.engine.protocol import Module
from tests.rooms.engine import bundles

HEAD = "package allod.lib.trial\n\n"


def faults(text: str, path: str = "lib/trial.rego") -> list[str]:
    return [str(fault) for fault in admit([Module(path, text)])]


def test_a_healthy_module_is_admitted() -> None:
    assert admit([bundles.LIBRARY, bundles.healthy()[1]]) == []
    calls = "h := f(1) + g(2)\n\nf(x) := y if {\n\ty := thing.f\n\tcount(x) > 1\n}\n\ndefault g(_) := 1\n"
    assert faults(HEAD + "import input.asset as thing\n\n" + calls) == []
    assert faults(HEAD + "ok if f(1) == 1 with input as {}\n\nf(x) := x\n") == []


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ('x := http.send({"url": "http://a"})', "call of http.send"),
        ("x := time.now_ns()", "call of time.now_ns"),
        ('x := time["now_ns"]()', "a call through brackets"),
        ("x := opa.runtime()", "call of opa.runtime"),
        ('x := rand.intn("a", 3)', "call of rand.intn"),
        ("x := nobody_defined_this(1)", "call of nobody_defined_this"),
        ("x := count([1]) with count as http.send", "`with count`"),
        ("x := data.allod.lib.y with data.allod.lib.y as 1", "`with data.allod.lib.y`"),
        ("x := data", "data is not for rules"),
        ('x := data["allod"]', "data is not for rules"),
        ("x := data.allod", "data.allod is not for rules"),
        ("x := data.allod.entry.system.answer", "data.allod.entry.system.answer is not for rules"),
        ("x := data.allod_0123.rules.a.b", "data.allod_0123.rules.a.b is not for rules"),
        ("import other.thing", "import other.thing"),
        ("allod_module := 2", "the service's own name"),
        ('x := $"a {input.b}"', "template strings"),
        ('x := "a', "a string without its end"),
        ("x := " + "[" * 13 + "]" * 13, "brackets nested"),
        ("x := " + "[1 | " * 6 + "]" * 6, "comprehensions nested"),
        ("x := " + "1" * MAX_COLUMNS, "characters in one line"),
        ("# " + ("a" * 99 + "\n#") * (MAX_BYTES // 100), "bytes"),
    ],
)
def test_what_is_not_for_rules_is_refused_with_its_line(code: str, says: str) -> None:
    found = faults(HEAD + code + "\n")
    assert len(found) == 1
    assert says in found[0]
    assert found[0].startswith("lib/trial.rego:1" if "bytes" in says else "lib/trial.rego:3")


@pytest.mark.parametrize("package", ["allod.entry.system", "allod.lib", "other.rules.x", "allod_1.lib.x"])
def test_only_library_and_rules_are_packages_of_modules(package: str) -> None:
    assert "allod.lib.… or allod.rules.…" in faults(f"package {package}\n")[0]


def test_a_module_without_a_package_is_refused() -> None:
    assert "(none)" in faults("x := 1\n")[0]


@pytest.mark.parametrize("path", ["../x.rego", "a//b.rego", "a b.rego", "x?y.rego", "x.txt", "/x.rego"])
def test_a_path_that_could_mean_something_else_on_a_server_is_refused(path: str) -> None:
    assert "the path may not be a module's" in faults(HEAD, path)[0]


@pytest.mark.opa
def test_the_shipped_file_is_opas_own_cut_down(opa_binary: str) -> None:
    run = subprocess.run([opa_binary, "capabilities", "--current"], capture_output=True, check=True)
    current = json.loads(run.stdout)
    wanted = capabilities.allowed_capabilities(current)
    shipped = capabilities.shipped()
    assert {b["name"] for b in shipped["builtins"]} == {b["name"] for b in wanted["builtins"]}
    assert {b["name"] for b in shipped["builtins"]} >= capabilities.CALLABLE
    assert shipped["allow_net"] == []


@pytest.mark.opa
@pytest.mark.parametrize(("code", "passes"), [('x := upper("a")', True), ('x := http.send({"method": "get"})', False)])
def test_opa_checks_with_the_shipped_file(opa_binary: str, tmp_path: Path, code: str, passes: bool) -> None:
    file = tmp_path / "trial.rego"
    file.write_text(HEAD + code + "\n")
    run = subprocess.run(
        [opa_binary, "check", "--strict", "--capabilities", str(capabilities.FILE), str(file)],
        capture_output=True,
        check=False,
    )
    assert (run.returncode == 0) is passes
