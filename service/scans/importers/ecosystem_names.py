"""Who is meant: the names by which records of the ecosystem graph speak of each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from service.scans.names import slug, spelling

_TABLE = Path(__file__).with_name("dependencies.yaml")
_DATASET_WORDS = ("dataset", "data", "corpus", "corpora", "bench")


@dataclass(frozen=True, slots=True)
class Target:
    """What a dependency means: the record's words, the ref and its kind."""

    name: str
    ref: str

    @property
    def kind(self) -> str:
        """The kind that the ref begins with."""
        return self.ref.partition(":")[0]


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return {
        "aliases": {spelling(name): meant for name, meant in table["aliases"].items()},
        "services": {spelling(name) for name in table["services"]},
        "nothing": {spelling(name) for name in table["nothing"]},
        "elsewhere": {spelling(name): kind for kind, names in table["elsewhere"].items() for name in names},
    }


def kind_of(type_: str, title: str) -> str:
    """The kind of asset that a record of `type_` (model, dataset, application) is."""
    if type_ != "application":
        return type_
    words = title.lower().replace("(", " ").split()
    return "ai_service" if {"api", "endpoint"} & set(words) or spelling(title) in _table()["services"] else "system"


class Index:
    """All records by name."""

    def __init__(self) -> None:
        self._refs: dict[str, set[str]] = {}
        self._elsewhere: dict[str, str] = {}

    def add(self, title: str, ref: str) -> None:
        """Make a record known."""
        self._refs.setdefault(spelling(title), set()).add(ref)

    def mention(self, names: Iterable[str]) -> None:
        """Make known how the records spell their dependencies, so that each spelling gives one ref."""
        for name in sorted(names):
            self._elsewhere.setdefault(spelling(name), slug(name))

    def resolve(self, name: str, asker: str, home: Mapping[str, str]) -> tuple[Target | None, str | None]:
        """What the record `asker` means by `name`, and what is worth telling about it.

        Of several records of that name the one in the asker's own file is meant, then the one of the asker's own
        organisation, then the first by ref. A name without a record gives the ref that such a thing would have.
        """
        key = spelling(name)
        table = _table()
        if key in table["nothing"]:
            return None, "names no model, dataset, software or application"
        alias = table["aliases"].get(key)
        found = sorted(self._refs.get(spelling(alias) if alias else key, ()))
        if found == [asker]:
            return None, "is the record itself"
        if not found:
            kind = table["elsewhere"].get(key) or _likely(asker.partition(":")[0], name)
            ref = f"{kind}:{self._elsewhere.get(key) or slug(name)}"
            return Target(name, ref), f"has no record; it is taken for {ref}, which nothing here registers"
        if len(found) == 1:
            return Target(name, found[0]), f"is taken for {found[0]}" if alias else None
        maker = asker.partition(":")[2].partition("/")[0]
        near = (
            [ref for ref in found if home[ref] == home[asker]] or [ref for ref in found if f":{maker}/" in ref] or found
        )
        return Target(name, near[0]), f"has {len(found)} records; {near[0]} is meant"


def _likely(kind: str, name: str) -> str:
    named_so = any(word in name.lower().split() for word in _DATASET_WORDS)
    return "dataset" if named_so or kind in ("model", "dataset") else "model"
