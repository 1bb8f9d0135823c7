"""An exported workspace answers as the live one does, whatever is asked of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from service.engine.embedded import EmbeddedEngine
from service.engine.protocol import Engine
from service.foundation import canonical, database
from service.foundation.actor import Actor, ActorKind
from service.foundation.errors import Invalid
from service.foundation.settings import POLICIES
from service.gate import kept
from service.gate.decided import answer_of
from service.gate.export import export
from service.gate.judging import Asked, judge
from service.gate.kept import KeptWorld
from service.gate.laying import Candidate
from service.gate.reading.parts import Type
from service.gate.world import StoredWorld
from service.inventory import manifest, queries, reference_load, statements
from service.inventory.edges import DEPENDENCY
from service.inventory.statements import Sighting
from service.packs import actions
from service.packs.lifecycle import Setting
from service.packs.source import load_library
from service.pipeline import Ground, judge_assets
from service.scans import sources
from service.violations import waivers
from service.violations.waiver_terms import Asked as WaiverAsked
from service.violations.waiver_terms import Step
from tests.bench.estate import manifests
from tests.factories.manifests import ACTOR, observation, register
from tests.fixtures.postgres import own_database

DAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
COUNT = 150
REGION = "cloud_region:aws/us-east-1"
EXTRA = (
    observation("vendor:top", incorporated_in="US"),
    observation("vendor:mine", incorporated_in="DE", owners=[{"vendor": "vendor:top"}]),
    observation("ai_service:mine", provider="vendor:mine"),
    observation("gpu_host:big", ("located_in", REGION), accelerators=[{"model": "nvidia-h100", "count": 8}]),
    observation("software:engine", ("alternative_to", "software:other"), licence="MIT"),
    observation("software:other", licence="AGPL-3.0-only"),
    observation(
        "system:key",
        ("uses", "software:engine"),
        ("uses", "ai_service:mine"),
        ("runs_on", "gpu_host:big"),
        criticality="critical",
        data_classes=["personal"],
    ),
)


@dataclass(frozen=True)
class Both:
    """The live world and the one that was exported from it."""

    live: StoredWorld
    kept: KeptWorld
    content: bytes
    engine: Engine
    refs: list[str]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    engine = EmbeddedEngine(pool=1)
    yield Ground(engine, load_library(POLICIES))
    engine.close()


@pytest.fixture(scope="module")
def both(postgres: str, template: str, ground: Ground) -> Iterator[Both]:
    """Read by all tests here and changed by none, so made once."""
    with own_database(postgres, template, "kept") as url:
        bound = database.connect(url)
        with Session(bound, expire_on_commit=False) as session:
            reference_load.sync(session, POLICIES / "data")
            stated = [manifest.observation(one) for one in manifests(COUNT)]
            home = register(session, *stated, *EXTRA)
            sources.put(
                session,
                home,
                "cluster",
                sources.Wanted(connector="python_environment", settings={"environments": ["/nowhere"]}),
                ACTOR,
            )
            seen = observation("software:engine", ("alternative_to", "software:third"), version="2.0")
            statements.observe(session, home, "source:cluster", uuid4(), [Sighting("p", "o", seen)], ACTOR)
            pack = next(iter(ground.library.packs))
            actions.set_pack(session, ground.library, home, pack, Setting(labels={"env": ["prod"]}), ACTOR)
            session.flush()
            judge_assets(session, ground, home, _ids(session, home), as_of=DAY, force=False, actor=ACTOR)
            asked = WaiverAsked(
                rule="JUR-001",
                asset="system:key",
                reason="until the move",
                expires_at=datetime.now(UTC) + timedelta(days=9),
            )
            waiver = waivers.request(session, ground.library, home, asked, ACTOR)
            second = Actor(ActorKind.TOKEN, "second")
            waivers.take(session, {home.id: home.name}, waiver.id, Step.APPROVE, second)
            session.commit()
            content = b"".join(export(session, ground.library, home))
            found = kept.read(content, "export.json")
            refs = [one.ref for one in (*stated, *EXTRA)]
            yield Both(StoredWorld(session, ground, home), found, content, ground.engine, refs)
        bound.dispose()


def _ids(session: Session, home: Any) -> list[int]:
    return list(queries.ids_of(session, home.id, None))


def test_both_know_the_same_of_any_assets(both: Both) -> None:
    live, other = both.live.memory.estate, both.kept.memory.estate
    assert (live.workspace, live.vendors(), live.systems()) == (other.workspace, other.vendors(), other.systems())
    assert live.accelerated() == other.accelerated() == {"gpu_host:big"}

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.sampled_from([*both.refs, REGION, "vendor:nobody", "software:third"]), max_size=6))
    def ask(refs: list[str]) -> None:
        mine, theirs = live.assets(refs), other.assets(refs)
        assert mine.keys() == theirs.keys()
        for ref, one in mine.items():
            assert (one.attributes, one.evidence, one.relations) == (
                theirs[ref].attributes,
                theirs[ref].evidence,
                theirs[ref].relations,
            )
        assert live.said(refs) == other.said(refs)
        assert sorted(live.reach(refs), key=repr) == sorted(other.reach(refs), key=repr)
        for way in ("up", "down"):
            found = [getattr(each, way)(refs, DEPENDENCY) for each in (live, other)]
            assert sorted(found[0], key=repr) == sorted(found[1], key=repr)
        for question in ("exchanges", "datasets_of"):
            found = [getattr(each, question)(refs) for each in (live, other)]
            assert sorted(found[0], key=repr) == sorted(found[1], key=repr)
        assert both.live.open(refs) == both.kept.open(refs)

    ask()
    assert both.live.catalogue().digest == both.kept.catalogue().digest
    mine, theirs = both.live.assignment(), both.kept.assignment()
    assert (mine.bundle.digest, mine.slots, mine.packs) == (theirs.bundle.digest, theirs.slots, theirs.packs)
    assert both.live.connector_of("source:cluster") == both.kept.connector_of("source:cluster") == "python_environment"
    assert both.live.open(both.refs)


CANDIDATES = st.lists(
    st.builds(
        lambda name, uses, region, classes, part: Candidate(
            observation(
                f"system:{name}",
                *[("uses", ref) for ref in uses],
                criticality="high",
                data_classes=classes,
                data_paths=[{"purpose": "storage", "region": region}],
            ),
            part,
        ),
        st.sampled_from(["new", "key", "app1"]),
        st.sets(st.sampled_from(["model:tuned/m3", "dataset:d2", "ai_service:mine", "software:engine", "model:none"])),
        st.sampled_from([REGION, "cloud_region:scaleway/fr-par"]),
        st.lists(st.sampled_from(["personal", "public"]), max_size=2, unique=True),
        st.sampled_from([None, Type.KUBERNETES]),
    )
    | st.builds(
        lambda licence: Candidate(observation("software:engine", licence=licence), Type.PACKAGES),
        st.sampled_from(["MIT", "SSPL-1.0"]),
    )
    | st.builds(
        lambda count, relations: Candidate(
            observation(
                "gpu_host:big",
                *relations,
                accelerators=[{"model": "nvidia-h100", "count": count}] if count else [],
            )
        ),
        st.integers(0, 9),
        st.lists(
            st.sampled_from([("serves", "model:tuned/m3"), ("located_in", REGION), ("operated_by", "vendor:mine")]),
            unique=True,
        ),
    )
    | st.builds(
        lambda country: Candidate(observation("vendor:mine", incorporated_in=country)), st.sampled_from(["DE", "CN"])
    ),
    min_size=1,
    max_size=3,
)


def test_both_give_the_same_answer_to_any_candidate(both: Both) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(CANDIDATES)
    def ask(candidates: list[Candidate]) -> None:
        asked = Asked(candidates, DAY, datetime.now(UTC), "ci")
        answers = [
            answer_of(judge(world, both.engine, asked), asked, workspace="default", engine="e")
            for world in (both.live, both.kept)
        ]
        assert answers[0] == answers[1]

    ask()


def test_a_waiver_holds_offline_until_it_ends(both: Both) -> None:
    candidate = [Candidate(EXTRA[-1])]
    told = []
    for at in (datetime.now(UTC), datetime.now(UTC) + timedelta(days=10)):
        asked = Asked(candidate, DAY, at, "ci")
        reasons = judge(both.kept, both.engine, asked).verdict.reasons
        told.append(
            {
                reason.waiver is not None
                for reason in reasons
                if (reason.asset, reason.rule) == ("system:key", "JUR-001")
            }
        )
    assert told == [{True}, {False}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content[:-5], "only a part"),
        (lambda _: b"\xff", "no JSON"),
        (lambda _: b"[]", "no exported inventory"),
        (lambda _: b'{"format": "cyclonedx"}', "no exported inventory"),
        (lambda _: b'{"format": "allod-inventory", "version": 9}', "another release"),
        (lambda _: b'{"format": "allod-inventory", "version": 1}', "damaged"),
        (lambda content: content.replace(b'"catalogue":', b'"catalog":', 1), "damaged"),
        (lambda content: content.replace(b'"assets":', b'"asset":', 1), "damaged"),
    ],
)
def test_a_file_that_is_no_export_is_refused(both: Both, change: Any, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        kept.read(change(both.content), "export.json")
    assert words in f"{refusal.value.detail} {' '.join(map(str, refusal.value.faults))}"


def test_the_file_holds_each_asset_once_on_a_line_of_its_own(both: Both) -> None:
    said = canonical.decode(both.content)
    assert sorted(one["ref"] for one in said["assets"]) == sorted(both.refs)
    assert both.content.count(b"\n") == len(both.refs)
