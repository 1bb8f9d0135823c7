"""What is read from files: proposed assets, what could not be determined, and what is of no concern. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Type(StrEnum):
    """What a file is."""

    ALLOD = "allod"
    KUBERNETES = "kubernetes"
    TERRAFORM_PLAN = "terraform-plan"
    COMPOSE = "compose"
    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"
    MODEL_CARD = "model-card"
    PACKAGES = "packages"


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was given: `name` as the user wrote it, with `/` between folders.

    `beside` are the names of other files in its directory, where that was looked at: what a model card's weights are.
    """

    name: str
    content: bytes
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What files cannot say: where they will be deployed. `cluster` names a Kubernetes cluster as its source does."""

    cluster: str | None = None
    provider: str | None = None  # as in cloud_region:<provider>/<code>: `aws`, `scaleway`
    everything: bool = False  # workloads that show nothing of AI are judged, too


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file something stands; lines count from 1."""

    file: str
    line: int = 1


@dataclass(frozen=True, slots=True)
class Proposed:
    """An asset that would exist: a manifest, and where it stands.

    `whole` says that the manifest is all that is stated of the asset, as in a manifest file. Other files tell a part:
    what they are silent about stays as it is registered.
    """

    manifest: Mapping[str, Any]
    place: Place
    whole: bool

    @property
    def ref(self) -> str:
        """`kind:name`."""
        return f"{self.manifest['kind']}:{self.manifest['name']}"


@dataclass(frozen=True, slots=True)
class Missing:
    """What a file does not tell of an asset: `what` in words, `add` the very line to add, `place` where to add it."""

    asset: str
    what: str
    add: str
    place: Place


@dataclass(frozen=True, slots=True)
class Ignored:
    """What was read and is of no concern here: `what` names it, `why` says why."""

    what: str
    why: str
    place: Place


@dataclass(frozen=True, slots=True)
class Reading:
    """A file, read."""

    type: Type
    proposed: tuple[Proposed, ...] = ()
    missing: tuple[Missing, ...] = ()
    ignored: tuple[Ignored, ...] = field(default=())
