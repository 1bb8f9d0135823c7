"""A change around the assets reaches exactly those whose facts it alters: everything is looked at, only they are judged."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import text
from sqlmodel import Session

from service.engine.embedded import EmbeddedEngine
from service.foundation.settings import POLICIES
from service.inventory import queries, reference_load, statements
from service.inventory.facts import Kind, Observation, Relation, RelationType
from service.inventory.statements import Sighting
from service.inventory.views import WorkspaceView
from service.packs.actions import set_pack
from service.packs.lifecycle import Setting
from service.packs.source import load_library
from service.pipeline import Ground, judge_assets
from tests.factories.manifests import ACTOR, observation, register

DAY = date(2026, 11, 23)
PARIS, OREGON = "cloud_region:scaleway/fr-par", "cloud_region:aws/us-west-2"


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    engine = EmbeddedEngine(pool=1)
    yield Ground(engine, load_library(POLICIES))
    engine.close()


def stored(region: str) -> list[dict[str, str]]:
    return [{"purpose": "storage", "region": region}]


@pytest.fixture
def home(session: Session, ground: Ground) -> WorkspaceView:
    """Two datasets and a system in Paris, one dataset in Oregon, two models of one line under Llama 2, one beside them."""
    reference_load.sync(session, POLICIES / "data")
    desk = Observation(
        Kind.SYSTEM,
        "desk",
        "default",
        attributes={"data_paths": stored(PARIS)},
        relations=(Relation(RelationType.USES, "model:tuned"),),
    )
    tuned = Observation(
        Kind.MODEL,
        "tuned",
        "default",
        attributes={"licence": "llama2"},
        relations=(Relation(RelationType.DERIVED_FROM, "model:base", "finetune"),),
    )
    home = register(
        session,
        observation("dataset:paris", data_classes=["personal"], data_paths=stored(PARIS)),
        observation("dataset:oregon", data_classes=["personal"], data_paths=stored(OREGON)),
        observation("model:base", licence="llama2"),
        observation("model:aside", licence="MIT"),
        tuned,
        desk,
    )
    assert judged(session, ground, home) == set(_refs(session))
    assert judged(session, ground, home) <= {"system:desk"}, "what the first round said of alternatives is settled"
    assert judged(session, ground, home) == set()
    return home


def _refs(session: Session) -> list[str]:
    return list(session.connection().execute(text("SELECT ref FROM asset WHERE deleted_at IS NULL")).scalars())


def judged(session: Session, ground: Ground, home: WorkspaceView) -> set[str]:
    """Looks at everything; answers the refs that were judged."""
    session.connection().execute(text("UPDATE judgement SET decided_at = '2020-01-01'"))
    ids = list(queries.ids_of(session, home.id, None))
    result = judge_assets(session, ground, home, ids, as_of=DAY, force=False, actor=ACTOR)
    query = "SELECT a.ref FROM judgement j JOIN asset a ON a.id = j.asset_id WHERE j.decided_at > '2020-01-01'"
    refs = set(session.connection().execute(text(query)).scalars())
    assert result.judged == len(refs)
    return refs


def change(session: Session, catalogue: str, key: str, what: str, value: str) -> None:
    """Another release of the catalogue says something else of one entry, under a new id as `reference_load` has it."""
    done = session.connection().execute(
        text("""
            UPDATE reference_entry SET body = jsonb_set(body, CAST(:what AS text[]), CAST(:value AS jsonb)),
                   id = DEFAULT
            WHERE catalogue = :catalogue AND key = :key
        """),
        {"catalogue": catalogue, "key": key, "what": f"{{{what}}}", "value": value},
    )
    assert done.rowcount == 1


def test_a_region_that_moves_reaches_what_lies_there(session: Session, ground: Ground, home: WorkspaceView) -> None:
    change(session, "region", "scaleway/fr-par", "country", '"CH"')
    assert judged(session, ground, home) == {"dataset:paris", "system:desk"}


def test_a_vendor_that_is_sold_reaches_what_it_runs(session: Session, ground: Ground, home: WorkspaceView) -> None:
    change(session, "vendor", "vendor:scaleway", "incorporated_in", '"US"')
    assert judged(session, ground, home) == {"dataset:paris", "system:desk"}


def test_a_licence_that_is_read_anew_reaches_its_line(session: Session, ground: Ground, home: WorkspaceView) -> None:
    key = (
        "SELECT key FROM reference_entry WHERE catalogue = 'licence' AND key ILIKE '%llama%2%' AND key NOT ILIKE '%3%'"
    )
    (found,) = session.connection().execute(text(key)).scalars()
    change(session, "licence", found, "commercial_use", "false")
    assert judged(session, ground, home) == {"model:base", "model:tuned", "system:desk"}


def test_a_parameter_reaches_the_kinds_that_its_rule_judges(
    session: Session, ground: Ground, home: WorkspaceView
) -> None:
    set_pack(session, ground.library, home, "vendor-independence", Setting(parameters={"max_age_days": 30}), ACTOR)
    assert judged(session, ground, home) == {"system:desk"}


def test_a_source_that_sees_a_thing_elsewhere_opens_what_follows(
    session: Session, ground: Ground, home: WorkspaceView
) -> None:
    attributes = {"data_paths": stored(OREGON)}
    evidence = {"data_paths": {"grade": "verified", "source": "s3"}}
    seen = Observation(Kind.DATASET, "paris", "default", attributes=attributes, evidence=evidence)
    statements.observe(session, home, "source:s3", home.id, [Sighting("p", "bucket", seen)], ACTOR)
    assert judged(session, ground, home) == {"dataset:paris"}
    rows = session.connection().execute(
        text(
            "SELECT v.rule, v.outcome FROM violation v JOIN asset a ON a.id = v.asset_id WHERE a.ref = 'dataset:paris'"
        )
    )
    assert {("RES-006", "violation"), ("RES-001", "violation")} <= {tuple(row) for row in rows}
