"""Who did it: the value that business rooms record, without knowing how anybody logged in."""

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What sort of hand moved something."""

    TOKEN = "token"  # noqa: S105 -- the word, not a secret
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A name to write into history: a token's name, or the part of the service that acted by itself."""

    kind: ActorKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


SCHEDULER = Actor(ActorKind.SYSTEM, "scheduler")
INSTALLER = Actor(ActorKind.SYSTEM, "installer")
