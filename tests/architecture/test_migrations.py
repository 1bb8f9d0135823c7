"""Migrations: one line of them, up and down, in step with the models, and safe to start twice."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Engine, inspect

from service.foundation import database
from service.foundation.settings import MIGRATIONS
from tests.fixtures.postgres import database_at

ROOT = Path(__file__).resolve().parents[2]


def config(bind: Engine | None = None) -> Config:
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    if bind is not None:
        made.attributes["connection"] = bind
    return made


def test_there_is_one_head_and_every_revision_leads_to_it() -> None:
    script = ScriptDirectory.from_config(config())
    assert len(script.get_heads()) == 1
    assert len(list(script.walk_revisions())) == len(list((MIGRATIONS / "versions").glob("*.py")))


def test_the_models_say_what_the_migrations_make(engine: Engine) -> None:
    command.check(config(engine))


def test_every_migration_goes_down_and_up_again(engine: Engine) -> None:
    before = inspect(engine).get_table_names()
    command.downgrade(config(engine), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    with engine.connect() as connection:
        left = connection.exec_driver_sql(
            "SELECT typname FROM pg_type JOIN pg_namespace n ON n.oid = typnamespace"
            " WHERE nspname = 'public' AND typtype = 'e'"
        ).all()
    assert not left, "types survive a downgrade unless they are dropped by name"
    command.upgrade(config(engine), "head")
    assert sorted(inspect(engine).get_table_names()) == sorted(before)
    command.check(config(engine))


@pytest.fixture
def empty_database(postgres: str) -> str:
    name = "allod_two_migrate"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return database_at(postgres, name)


def test_two_processes_may_migrate_at_once(empty_database: str) -> None:
    environment = {
        "ALLOD_DATABASE_URL": empty_database,
        "ALLOD_REDIS_URL": "redis://127.0.0.1:1/0",  # never asked
        "PATH": "",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "service.cli", "migrate"],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], outputs
    engine = database.connect(empty_database)
    command.check(config(engine))
    engine.dispose()
