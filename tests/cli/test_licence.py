"""`allod licence`: the contract's fields, in words and in JSON."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli.licence import app

runner = CliRunner()


def ask(text: str) -> Any:
    result = runner.invoke(app, ["--json", "--", text])
    assert result.exit_code == 0
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("text", "expression", "grade", "commercial"),
    [
        ("MIT", "MIT", "exact", True),
        ("Apache 2.0", "Apache-2.0", "normalised", True),
        ("CC BY-NC-SA 4.0", "CC-BY-NC-SA-4.0", "normalised", False),
        ("Gemma (commercially-friendly license)", "LicenseRef-gemma", "guessed", True),
        ("custom", None, "none", None),
        ("", None, "none", None),
        ("--weird", None, "none", None),
    ],
)
def test_json_says_what_the_contract_promises(
    text: str, expression: str | None, grade: str, commercial: bool | None
) -> None:
    said = ask(text)
    assert said["text"] == text
    assert (said["expression"], said["grade"], said["commercial_use"]) == (expression, grade, commercial)
    assert isinstance(said["obligations"], list)


def test_words_say_it_too() -> None:
    result = runner.invoke(app, ["--", "BSD"])
    assert result.exit_code == 0
    assert "BSD-3-Clause" in result.stdout
    assert "guessed" in result.stdout
    assert "BSD-2-Clause" in result.stdout
    assert "could be" not in runner.invoke(app, ["--", "MIT"]).stdout
