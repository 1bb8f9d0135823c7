"""The corpus: candidates as teams have them, and what comes of each. Listed in `corpus.yaml`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from service.gate.reading.parts import File, Options
from tests.gate.hostile import GENERATORS

CORPUS = Path(__file__).parent / "corpus"


@dataclass(frozen=True)
class Entry:
    """One candidate. `generated` names one of `hostile.GENERATORS`; `exit` is that of `allod gate`."""

    type: str | None
    expect: str
    exit: int
    refs: list[str]
    word: str = ""
    files: list[str] = field(default_factory=list)
    generated: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.generated or " ".join(self.files)

    @property
    def reading(self) -> Options:
        return Options(**self.options)


def entries() -> list[Entry]:
    listed = yaml.safe_load((CORPUS.parent / "corpus.yaml").read_text(encoding="utf-8"))
    return [Entry(**one) for one in listed]


def files_of(entry: Entry) -> list[File]:
    if entry.generated:
        name, content = GENERATORS[entry.generated]
        return [File(name, content())]
    return [File(name, (CORPUS / name).read_bytes()) for name in entry.files]
