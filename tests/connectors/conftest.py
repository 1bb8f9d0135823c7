"""A connector is read as a scan reads it, without a database: under `outbound`, every manifest checked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.inventory.facts import Observation
from service.scans import reading, registry
from service.scans.connector import Asked, Note, Read, Refused
from service.scans.outbound import Reach
from service.scans.places import Places
from service.scans.reading import Surroundings, Taken
from service.scans.secrets import Secrets

TODAY = date(2026, 11, 24)


@dataclass
class Reading:
    """All that one reading yielded."""

    asked: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    taken: dict[str, Taken] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def asset(self, ref: str) -> Observation:
        """The observation of `ref`, with all refs in the message where it is missing."""
        assert ref in self.taken, sorted(self.taken)
        return self.taken[ref].observation

    def related(self, ref: str) -> set[tuple[str, str]]:
        """Type and target of the relations of `ref`."""
        return {(str(one.type), one.to) for one in self.asset(ref).relations}

    def grade(self, ref: str, attribute: str) -> str:
        """How well an attribute is known, by what was stated of it."""
        return self.asset(ref).evidence[attribute]["grade"]

    @property
    def complete(self) -> bool:
        """Whether all that was asked was read to its end with nothing refused."""
        return not self.refused and set(self.asked) == set(self.read)


ReadSource = Callable[..., Reading]


@pytest.fixture
def read_source() -> ReadSource:
    """Reads a source: `read_source("aws", {...}, secrets={"ALLOD_SECRET_X": "..."}, roots=[tmp_path])`.

    Servers of tests listen on loopback, so that may be reached; nothing else that is reserved.
    """

    def read(
        connector: str,
        settings: Mapping[str, Any],
        *,
        secrets: Mapping[str, str] | None = None,
        roots: Sequence[Path] = (),
        reach: Sequence[Reach] = (Reach.LOOPBACK,),
    ) -> Reading:
        kind = registry.find(connector)
        around = Surroundings(
            "source:test",
            TODAY,
            Secrets(("ALLOD_SECRET_*",), Path("/run/secrets"), dict(secrets or {})),
            Places(tuple(roots)),
        )
        found = Reading()
        for event in reading.read(kind, reading.settings_of(kind, settings), around, reach=reach):
            match event:
                case Asked():
                    found.asked.append(event.part)
                case Taken():
                    found.taken[event.observation.ref] = event
                case Refused():
                    found.refused.append(event)
                case Note():
                    found.notes.append(event)
                case Read():
                    found.read.append(event.part)
        return found

    return read
