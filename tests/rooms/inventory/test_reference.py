"""The catalogue in the database: loading, dates, a workspace's own statements."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from service.audit.tables import AuditEntry
from service.foundation import clock
from service.foundation.errors import Invalid
from service.foundation.outbox import OutboxMessage
from service.foundation.settings import POLICIES
from service.inventory import licences, reference, reference_load, reference_queries
from service.inventory.reference import Catalogue, DatedCatalogue
from service.inventory.reference_entries import CatalogueName, Entry
from service.inventory.reference_load import Synced
from service.inventory.tables import ReferenceEntry, Workspace

DATA = POLICIES / "data"
TODAY = date(2026, 11, 23)

FILE = """
catalogue: bloc
reviewed_on: 2026-11-23
source: a test
entries:
  - {{key: NORDIC, title: {title}, valid_from: 1952-06-23}}
  - {{key: BENELUX, title: Benelux}}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "blocs.yaml").write_text(FILE.format(title="Nordic Council"), encoding="utf-8")
    return tmp_path


def workspace(session: Session, name: str = "default") -> UUID:
    made = Workspace(name=name, created_at=clock.now())
    session.add(made)
    session.flush()
    return made.id


def say(
    session: Session, home: UUID | None, catalogue: str, key: str, body: dict[str, Any], since: date | None = None
) -> None:
    row = ReferenceEntry(
        catalogue=catalogue, key=key, workspace_id=home, body=body, source="own", reviewed_on=TODAY, valid_from=since
    )
    session.add(row)
    session.flush()


def announced(session: Session) -> int:
    return len(session.exec(select(OutboxMessage).where(col(OutboxMessage.topic) == "reference.changed")).all())


def test_loading_twice_changes_nothing(session: Session) -> None:
    first = reference_load.sync(session, DATA)
    session.commit()
    ids = set(session.exec(select(ReferenceEntry.id)).all())
    assert first == Synced(added=len(ids), removed=0, unchanged=0)
    assert reference_load.sync(session, DATA) == Synced(added=0, removed=0, unchanged=len(ids))
    assert set(session.exec(select(ReferenceEntry.id)).all()) == ids
    assert announced(session) == 1
    session.commit()
    (told,) = session.exec(select(AuditEntry)).all()
    assert (told.action, told.detail) == ("reference.loaded", {"added": len(ids), "removed": 0})


def test_what_is_in_the_rows_is_what_is_in_the_files(session: Session) -> None:
    reference_load.sync(session, DATA)
    assert Catalogue.load(session, None).digest == Catalogue(reference_load.shipped(DATA)).digest


def test_a_changed_statement_is_replaced_and_a_gone_one_removed(session: Session, small: Path) -> None:
    reference_load.sync(session, small)
    before = Catalogue.load(session, None)
    (small / "blocs.yaml").write_text(
        FILE.format(title="Nordic countries").replace("  - {key: BENELUX, title: Benelux}\n", ""), encoding="utf-8"
    )
    changed = reference_load.sync(session, small)
    assert (changed.added, changed.removed) == (1, 2)
    after = Catalogue.load(session, None)
    nordic = after.on(TODAY).entry(CatalogueName.BLOC, "NORDIC")
    assert nordic is not None
    assert nordic.body["title"] == "Nordic countries"
    assert after.on(TODAY).entry(CatalogueName.BLOC, "BENELUX") is None
    assert before.on(TODAY).entry(CatalogueName.BLOC, "BENELUX") is not None  # whoever holds the old one keeps it whole
    assert after.digest != before.digest


def test_wrong_data_changes_nothing(session: Session, small: Path) -> None:
    reference_load.sync(session, small)
    before = Catalogue.load(session, None).digest
    (small / "odd.yaml").write_text("nonsense", encoding="utf-8")
    with pytest.raises(Invalid):
        reference_load.sync(session, small)
    assert Catalogue.load(session, None).digest == before


def test_an_unchanged_catalogue_is_not_read_again(session: Session, small: Path) -> None:
    reference_load.sync(session, small)
    assert Catalogue.load(session, None) is Catalogue.load(session, None)
    assert Catalogue.load(session, None).on(TODAY) is Catalogue.load(session, None).on(TODAY)


def test_a_workspace_overrides_by_key_and_nobody_else_sees_it(session: Session) -> None:
    reference_load.sync(session, DATA)
    mine, theirs = workspace(session, "mine"), workspace(session, "theirs")
    say(session, mine, "vendor", "vendor:hetzner-online", {"title": "Hetzner", "incorporated_in": "DE", "owners": []})
    say(session, mine, "licence", "LicenseRef-acme", {"commercial_use": True, "obligations": ["notice"]})
    say(session, mine, "adequacy", "US", {"scope": "full"}, date(2026, 1, 1))
    own, other = (Catalogue.load(session, home).on(TODAY) for home in (mine, theirs))
    assert (own.vendor("vendor:hetzner-online") or {})["owners"] == []
    assert "owners" not in (other.vendor("vendor:hetzner-online") or {})
    assert "headquarters" not in (own.vendor("vendor:hetzner-online") or {})  # replaced, not mixed
    assert licences.resolve("LicenseRef-acme", own).commercial_use is True
    assert licences.resolve("LicenseRef-acme", other).grade is licences.Match.NONE
    found = own.adequacy("US")
    assert found is not None
    assert found.scope == "full"
    assert (
        Catalogue.load(session, mine).on(date(2025, 1, 1)).adequacy("US") is None
    )  # all of the key's days are its own
    reference_load.sync(session, DATA)
    assert Catalogue.load(session, mine).on(TODAY).licence("LicenseRef-acme") is not None


def test_of_several_own_statements_that_hold_the_youngest_counts(session: Session) -> None:
    home = workspace(session)
    say(session, home, "bloc", "X", {"title": "young"}, date(2024, 1, 1))
    say(session, home, "bloc", "X", {"title": "old"})
    found = Catalogue.load(session, home).on(TODAY).entry(CatalogueName.BLOC, "X")
    assert found is not None
    assert found.body["title"] == "young"


def test_lookups_know_nothing_of_what_is_not_there() -> None:
    empty = Catalogue([]).on(TODAY)
    assert empty.region("aws/eu-central-1") is None
    assert empty.vendor("vendor:amazon") is None
    assert empty.vendor("cloud_region:aws/eu-central-1") is None
    assert empty.asset_attributes("model:x") is None
    assert not empty.blocs_of("DE")
    assert not empty.regimes_of("US")
    assert empty.adequacy("JP") is None
    assert empty.licence("MIT") is None


days = st.dates(date(2000, 1, 1), date(2030, 12, 31))


@given(days, days, days)
def test_a_statement_holds_from_its_first_to_its_last_day(one: date, two: date, day: date) -> None:
    first, last = sorted((one, two))
    entry = Entry(CatalogueName.BLOC, "X", {"title": "X"}, "test", TODAY, first, last)
    said = DatedCatalogue([entry], day).entry(CatalogueName.BLOC, "X")
    assert (said is not None) == (first <= day <= last)


def test_memory_is_bounded(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "_KEPT", 2)
    monkeypatch.setattr(reference, "_DAYS", 2)
    for number in range(4):
        home = workspace(session, f"w{number}")
        say(session, home, "licence", f"LicenseRef-{number}", {"commercial_use": True})
        catalogue = Catalogue.load(session, home)
        for day in range(1, 5):
            assert catalogue.on(date(2026, 1, day)).resolver.resolve(f"LicenseRef-{number}").commercial_use is True
        assert len(catalogue._days) <= 2
    assert len(reference._catalogues) <= 2
    assert len(reference._resolvers) <= 2


Pages = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def pages(session: Session) -> Pages:
    def walk(home: UUID | None, limit: int, **wanted: Any) -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []
        cursor = None
        while True:
            page = reference_queries.page(session, home, CatalogueName.ADEQUACY, limit=limit, cursor=cursor, **wanted)
            assert len(page.items) <= limit
            seen += [(row.key, row.source) for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return seen

    return walk


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_pages_together_are_the_whole_list(session: Session, pages: Pages, limit: int) -> None:
    reference_load.sync(session, DATA)
    home = workspace(session)
    say(session, home, "adequacy", "US", {"scope": "full"})
    shipped, own = pages(None, limit), pages(home, limit)
    assert len(shipped) == len(set(shipped)) == 18
    assert [key for key, _ in shipped] == sorted(key for key, _ in shipped)
    assert [source for key, source in own if key == "US"] == ["own"]
    assert [row for row in own if row[0] != "US"] == [row for row in shipped if row[0] != "US"]
    assert [key for key, _ in pages(None, limit, as_of=date(2018, 1, 1), key="US")] == ["US"]
    assert pages(None, limit, as_of=date(2021, 1, 1), key="US") == []


@pytest.mark.parametrize("key", [["a", "b"], [1, 2], ["a"]])
def test_a_cursor_of_another_listing_is_refused(session: Session, key: list[Any]) -> None:
    from service.foundation.pages import encode_cursor

    with pytest.raises(Invalid):
        reference_queries.page(session, None, CatalogueName.BLOC, limit=1, cursor=encode_cursor(key))
