"""The rim of the command line: whatever fails, a user reads a line and a script reads a code."""

import subprocess
import sys
import time
from pathlib import Path

import httpx2
import psycopg
import pydantic
import pytest
import redis
from typer.testing import CliRunner

from service.cli import failures, main
from service.foundation.errors import Fault, Invalid, Unavailable
from service.foundation.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def allod(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments],
        cwd=ROOT,
        env={"PATH": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_is_quick_and_names_every_command() -> None:
    began = time.monotonic()
    done = allod("--help")
    took = time.monotonic() - began
    assert done.returncode == 0
    for name in ("up", "serve", "migrate", "apply", "gate"):
        assert f"\n  {name} " in done.stdout
    assert took < 2.0, "half a second on a machine that does nothing else"
    heavy = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "service.cli", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    for module in ("sqlalchemy", "fastapi", "celery", "httpx2", "rich.console"):
        assert f" {module}\n" not in heavy, f"help imports {module}"


def test_every_command_can_be_imported() -> None:
    runner = CliRunner()
    for name in main.COMMANDS:
        result = runner.invoke(main.app, [name, "--help"])
        assert result.exit_code == 0, f"{name}: {result.output} {result.exception!r}"


def test_the_version_is_said() -> None:
    assert allod("--version").stdout.startswith("allod 0.")


def test_an_unknown_command_is_wrong_usage() -> None:
    assert allod("frobnicate").returncode == 2


def test_missing_settings_are_named() -> None:
    done = allod("migrate")
    assert done.returncode == 2
    assert "ALLOD_DATABASE_URL: is not set" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_is_said_in_a_line() -> None:
    done = allod(
        "migrate",
        ALLOD_DATABASE_URL="postgresql://allod:hidden@127.0.0.1:1/allod",
        ALLOD_REDIS_URL="redis://127.0.0.1:1",
    )
    assert done.returncode == 3
    assert done.stderr.startswith("allod: The database does not answer")
    assert "Traceback" not in done.stderr
    assert "hidden" not in done.stderr


def test_the_whole_story_is_there_for_who_asks() -> None:
    done = allod("migrate", ALLOD_DEBUG="1")
    assert "Traceback" in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Invalid("No.", [Fault("/kind", "unknown kind", file="a.yaml", line=3)]), 2, "a.yaml:3, /kind: unknown kind"),
        (Unavailable("The engine is silent."), 3, "allod: The engine is silent."),
        (failures.Stopped("It keeps ending."), 3, "It keeps ending."),
        (httpx2.ConnectError("refused"), 3, "Is ALLOD_URL right?"),
        (psycopg.OperationalError("gone"), 3, "Is ALLOD_DATABASE_URL right?"),
        (redis.ConnectionError("gone"), 3, "Is ALLOD_REDIS_URL right?"),
        (FileNotFoundError(2, "No such file or directory", "a.yaml"), 2, "No such file or directory: a.yaml"),
        (OSError("strange"), 2, "strange"),
        (ZeroDivisionError(), 3, "a fault of Allod's own: ZeroDivisionError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_an_error_becomes_lines_and_a_code(error: Exception, code: int, words: str) -> None:
    failure = failures.explain(error)
    assert failure.code == code
    assert words in "\n".join(failure.lines)


def test_a_malformed_setting_is_named_without_its_value() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Settings(database_url="postgresql://x", redis_url="redis://x", bootstrap_token="short")
    failure = failures.explain(caught.value)
    assert failure.code == 2
    assert any(line.startswith("  ALLOD_BOOTSTRAP_TOKEN: ") for line in failure.lines)
    assert not any("short" in line.split(": ")[-1].split() for line in failure.lines)


def test_another_model_is_named_by_itself() -> None:
    class Thing(pydantic.BaseModel):
        size: int

    with pytest.raises(pydantic.ValidationError) as caught:
        Thing(size="big")
    assert failures.explain(caught.value).lines[0] == "allod: Thing cannot be read"


def test_a_command_that_cannot_be_imported_leaves_the_others_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(main.COMMANDS, "ghost", ("service.cli.ghost:app", "Haunt."))
    runner = CliRunner()
    assert "Haunt." in runner.invoke(main.app, ["--help"]).output
    assert runner.invoke(main.app, ["up", "--help"]).exit_code == 0
    assert isinstance(runner.invoke(main.app, ["ghost"]).exception, ModuleNotFoundError)


def test_ctrl_c_in_a_command_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("typer.main.get_command", interrupted)
    with pytest.raises(SystemExit) as ended:
        main.run()
    assert ended.value.code == 130
    assert capsys.readouterr().err == ""
