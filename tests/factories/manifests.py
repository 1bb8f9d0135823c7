"""Builders of manifests and observations."""

from collections.abc import Collection
from typing import Any

from sqlmodel import Session

from service.foundation.actor import Actor, ActorKind
from service.inventory import ingest, manifest, workspaces
from service.inventory.estate_stored import StoredEstate
from service.inventory.facts import Observation
from service.inventory.graph_affected import affected
from service.inventory.reference import Catalogue
from service.inventory.views import WorkspaceView

ACTOR = Actor(ActorKind.TOKEN, "tester")


def observation(ref: str, /, *relations: tuple[str, str] | tuple[str, str, str], **attributes: Any) -> Observation:
    """An observation of `ref` with relations `(type, target[, as])` and attributes."""
    kind, _, name = ref.partition(":")
    document: dict[str, Any] = {"kind": kind, "name": name, "attributes": attributes}
    document["relations"] = [
        {"type": relation[0], "to": relation[1], **({"as": relation[2]} if len(relation) == 3 else {})}
        for relation in relations
    ]
    return manifest.observation(document)


def register(session: Session, *observations: Observation, workspace: str = "default") -> WorkspaceView:
    """Records observations in a workspace, made where it is missing; does not commit."""
    home = workspaces.ensure(session, workspace, ACTOR)
    ingest.record(session, home, observations, ACTOR)
    return home


def affected_by(session: Session, home: WorkspaceView, refs: Collection[str]) -> set[str]:
    """Refs whose documents a change of `refs` can alter, as the database has the workspace now."""
    return affected(StoredEstate(session, home), Catalogue.load(session, home.id), refs)
