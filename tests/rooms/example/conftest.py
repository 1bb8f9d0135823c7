"""The example estate, loaded and judged once for all tests here, which only read it."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date

import psycopg
import pytest
from psycopg import sql
from sqlmodel import Session

from service.engine.embedded import EmbeddedEngine
from service.evaluation.decision import Decision, Outcome
from service.evaluation.evaluator import evaluate
from service.evaluation.gather import prepare
from service.evaluation.standing import StoredMemory, standing
from service.foundation import database
from service.foundation.actor import SCHEDULER
from service.foundation.settings import EXAMPLE, POLICIES
from service.inventory import graph, ingest, reference_load, workspaces
from service.inventory.estate_stored import StoredEstate
from service.inventory.reference import Catalogue
from service.inventory.views import WorkspaceView
from service.packs.queries import in_force
from service.packs.source import load_library
from service.pipeline import Ground
from tests.fixtures.postgres import database_at
from tests.rooms.example.manifests import observations

DAY = date(2026, 11, 23)
_DATABASE = f"allod_test_example_{os.getpid()}"


@dataclass(frozen=True)
class Judged:
    """The estate in a database, and what was decided of each asset on `DAY`."""

    session: Session
    workspace: WorkspaceView
    decisions: dict[str, Decision]

    def refs(self, rule: str, outcome: Outcome) -> set[str]:
        """Assets of which `rule` said `outcome`."""
        return {
            ref
            for ref, decision in self.decisions.items()
            if any(one.rule == rule and one.outcome is outcome for one in decision.outcomes)
        }


@pytest.fixture(scope="package")
def ground() -> Iterator[Ground]:
    with closing(EmbeddedEngine()) as engine:
        yield Ground(engine, load_library(POLICIES))


@pytest.fixture(scope="package")
def own_session(postgres: str, template: str) -> Iterator[Session]:
    name = sql.Identifier(_DATABASE)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(template)))
    engine = database.connect(database_at(postgres, _DATABASE))
    with Session(engine, expire_on_commit=False) as session:
        yield session
    engine.dispose()


@pytest.fixture(scope="package")
def estate(own_session: Session, ground: Ground) -> Judged:
    reference_load.sync(own_session, POLICIES / "data")
    workspace = workspaces.ensure(own_session, "default", SCHEDULER)
    stated = observations(EXAMPLE / "estate")
    ingest.record(own_session, workspace, stated, SCHEDULER)
    ingest.analyse(own_session)
    catalogue = Catalogue.load(own_session, workspace.id)
    assignment = in_force(own_session, ground.library, workspace.id)
    refs = [one.ref for one in stated]
    part = graph.slice_for(StoredEstate(own_session, workspace), refs, catalogue)
    beyond = standing(StoredMemory(own_session, workspace), part, refs, catalogue, DAY)
    prepared = prepare(part, refs, catalogue.on(DAY), DAY, assignment, beyond)
    decisions = evaluate(ground.engine, assignment.bundle, assignment.rules, prepared)
    return Judged(own_session, workspace, {decision.asset_ref: decision for decision in decisions})
