"""Workspaces: made once, found by name."""

import threading

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from service.foundation.database import unit_of_work
from service.foundation.errors import Invalid
from service.inventory import workspaces
from tests.factories.manifests import ACTOR


def test_a_workspace_is_made_once_and_listed_by_name(session: Session) -> None:
    made = workspaces.ensure(session, "team-b", ACTOR)
    workspaces.ensure(session, "team-a", ACTOR)
    assert workspaces.ensure(session, "team-b", ACTOR) == made == workspaces.find(session, "team-b")
    assert [one.name for one in workspaces.listing(session)] == ["team-a", "team-b"]
    assert workspaces.find(session, "team-c") is None


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a" * 64, "a_b", "a b"])
def test_a_name_is_a_label(session: Session, name: str) -> None:
    with pytest.raises(Invalid):
        workspaces.ensure(session, name, ACTOR)


def test_several_may_make_it_at_once(engine: Engine) -> None:
    barrier = threading.Barrier(4)
    made = []

    def make() -> None:
        barrier.wait()
        with unit_of_work(engine) as session:
            made.append(workspaces.ensure(session, "team", ACTOR).id)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(set(made))) == (4, 1)
