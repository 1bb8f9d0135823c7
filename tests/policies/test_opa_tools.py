"""What OPA's own tools say of the policies: strict compilation, format, and that the cases run every line."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from service.engine import capabilities
from service.packs.cases import Case
from service.packs.source import Library

pytestmark = pytest.mark.opa


def opa(binary: str, directory: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    # From within the directory: OPA reports absolute paths under two names.
    command = [str(Path(binary).resolve()), *map(str, arguments)]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=120)


def test_opa_compiles_all_strictly_with_the_allowed_builtins_alone(opa_binary: str, policies: Path) -> None:
    done = opa(opa_binary, policies, "check", "--strict", "--capabilities", capabilities.FILE, "lib", "rules")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_all_is_formatted_as_opa_formats_it(opa_binary: str, policies: Path) -> None:
    done = opa(opa_binary, policies, "fmt", "--fail", "--list", "lib", "rules")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_cases_run_every_line(
    opa_binary: str, policies: Path, library: Library, cases: list[Case], tmp_path: Path
) -> None:
    documents: dict[str, list[dict[str, Any]]] = {}
    for case in cases:
        documents.setdefault(case.rule, []).append(case.document)
    (tmp_path / "input.json").write_text(json.dumps(documents), encoding="utf-8")
    asked = ", ".join(
        f'[[a, v, u] | some d in input["{rule.id}"]; a := [x | x := data.{rule.package}.applies with input as d]; '
        f"v := data.{rule.package}.violation with input as d; u := data.{rule.package}.unknown with input as d]"
        for rule in library.rules.values()
    )
    done = opa(
        opa_binary,
        policies,
        *("eval", "--coverage", "--strict-builtin-errors", "--format", "json", "--input", tmp_path / "input.json"),
        *("--data", "lib", "--data", "rules", f"[{asked}]"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)["coverage"]["files"]
    assert len(report) == len(library.rules) + len(library.modules)
    missed = {
        file: [span["start"]["row"] for span in found["not_covered"]]
        for file, found in report.items()
        if "not_covered" in found
    }
    assert missed == {}
