"""The AI ecosystem graph (Stanford CRFM): models, datasets and applications of the world, with what each rests on.

A directory of YAML files, each a list of records. What a record becomes:

- `model` and `dataset`: the kinds of that name. Their licence is kept as written; words for "nobody knows" are no licence.
- `application`: what offers models to build upon (an API, an endpoint) is an `ai_service` that `serves` them; every other
  product is a `system` of the organisation that runs it, and `uses` models and services.
- `organization`: vendors, several where several are named; `nationality` is a vendor's country where one is alone.
- `dependencies`: relations by the kinds at both ends. Where no relation may lead from a dataset to a dataset, or from a
  product to a product, what lies behind is tied instead (`by way of`), so that no obligation is lost on the way.
- All other fields: annotations under `ecosystem-graph/`, as written.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from service.scans.draft import Draft
from service.scans.importers import ecosystem_fields as fields
from service.scans.importers.ecosystem_names import Index, Target, kind_of
from service.scans.importers.organisations import Organisation, organisations, vendor
from service.scans.importers.result import FileAccount, ImportResult, finish, sources
from service.scans.names import slug

MANAGER = "import:ecosystem-graph"
# What one kind says of another; pairs that are not here have no relation in Allod.
RELATIONS = {
    ("model", "model"): "derived_from",
    ("model", "dataset"): "trained_on",
    ("dataset", "model"): "generated_by",
    ("ai_service", "model"): "serves",
    ("system", "model"): "uses",
    ("system", "dataset"): "uses",
    ("system", "software"): "uses",
    ("system", "ai_service"): "uses",
}
# Pairs where what lies behind the second is what the first rests on: a dataset is made of datasets, a product of products.
THROUGH = {
    ("model", "dataset"): ("dataset",),
    ("system", "system"): ("system",),
    ("ai_service", "system"): ("system", "ai_service"),
    ("ai_service", "ai_service"): ("system", "ai_service"),
}


class _Reading:
    """One reading of one directory."""

    def __init__(self) -> None:
        self.drafts: dict[str, Draft] = {}
        self.home: dict[str, str] = {}
        self.raw: dict[str, list[str]] = defaultdict(list)
        self.ties: dict[str, list[Target]] = defaultdict(list)
        self.accounts: dict[str, FileAccount] = {}
        self.vendors: dict[str, Draft] = {}
        self.index = Index()

    def note(self, file: str, *notes: str) -> None:
        account = self.accounts[file]
        self.accounts[file] = replace(account, notes=(*account.notes, *notes))

    def take(self, file: str, records: list[Any]) -> None:
        imported = 0
        self.accounts[file] = FileAccount(file, len(records), 0)
        for position, record in enumerate(records, start=1):
            fault = fields.fault_of(record)
            if fault:
                called = record.get("name") if isinstance(record, dict) else None
                self.note(file, f"{called or f'record {position}'}: not imported: {fault}")
                continue
            self._take_one(file, record)
            imported += 1
        self.accounts[file] = replace(self.accounts[file], imported=imported)

    def _take_one(self, file: str, record: dict[str, Any]) -> None:
        title = record["name"].strip()
        makers = organisations(fields.plain(record.get("organization")))
        self._vendors(file, title, makers, fields.plain(record.get("nationality")))
        kind = kind_of(record["type"], title)
        name = "/".join([makers[0].slug if makers else "unknown", slug(title)])
        draft = Draft(kind, name, title, labels={"source": "ecosystem-graph"}, managed_by=MANAGER)
        for note in fields.fill(draft, record, makers, f"ecosystem-graph/{file}"):
            self.note(file, f"{title}: {note}")
        dependencies, strange = fields.dependencies(record)
        for thing in strange:
            self.note(file, f"{title}: dependency {thing!r} is no name")
        first = self.drafts.get(draft.ref)
        if first is None:
            self.drafts[draft.ref] = draft
            self.home[draft.ref] = file
        else:
            self._merge(file, first, draft)
        self.raw[draft.ref] += dependencies
        self.index.add(title, draft.ref)

    def _merge(self, file: str, first: Draft, again: Draft) -> None:
        """A thing that two records describe: the first holds, what the second says otherwise is kept beside it."""
        self.note(file, f"{again.title}: also in {self.home[first.ref]}; one asset, whose first record holds")
        for attribute, value in again.attributes.items():
            if attribute not in first.attributes:
                first.state(attribute, value, **again.evidence[attribute])
            elif first.attributes[attribute] != value:
                first.annotate(f"{fields.PREFIX}also/{file}/{attribute}", value)
        for key, text in again.annotations.items():
            if first.annotations.get(key) != text:
                first.annotate(key.replace(fields.PREFIX, f"{fields.PREFIX}also/{file}/", 1), text)
        first.relations.update({key: value for key, value in again.relations.items() if key not in first.relations})

    def _vendors(self, file: str, title: str, makers: list[Organisation], nationality: str) -> None:
        country, note = fields.country_of(nationality)
        if note:
            self.note(file, f"{title}: {note}")
        elif country and len(makers) > 1:
            self.note(
                file, f"{title}: nationality {nationality!r} of several organisations is not taken for any of them"
            )
        alone = country if len(makers) == 1 else None
        for maker in makers:
            if maker.listed and alone and alone != maker.country:
                held = maker.country or "open"
                self.note(
                    file, f"{title}: nationality {nationality!r} is not taken: the seat of {maker.title} is {held}"
                )
            stated = vendor(maker, country=alone, source=f"ecosystem-graph/{file}", manager=MANAGER)
            known = self.vendors.get(stated.ref)
            if known is None or (not known.attributes and stated.attributes):
                self.vendors[stated.ref] = stated
            elif stated.attributes and stated.attributes != known.attributes:
                self.note(file, f"{title}: {maker.title} is of another nationality in an earlier record, which holds")

    def tie(self) -> None:
        """Resolve what each record rests on, then state it."""
        self.index.mention(name for names in self.raw.values() for name in names)
        for ref in sorted(self.drafts):
            for name in dict.fromkeys(self.raw[ref]):
                target, note = self.index.resolve(name, ref, self.home)
                if note:
                    self.note(self.home[ref], f"{self.drafts[ref].title}: dependency {name!r} {note}")
                if target and target.ref != ref:
                    self.ties[ref].append(target)
        for ref in sorted(self.drafts):
            for target in self.ties[ref]:
                self._state(self.drafts[ref], target)

    def _state(self, draft: Draft, target: Target) -> None:
        direct = RELATIONS.get((draft.kind, target.kind))
        if direct:
            draft.relate(direct, target.ref)
        behind = THROUGH.get((draft.kind, target.kind), ())
        found = 0
        for way, last in self._behind(target, behind, {draft.ref, target.ref}):
            relation = RELATIONS.get((draft.kind, last.kind))
            if relation and (relation, last.ref) not in draft.relations:
                draft.relate(relation, last.ref)
                draft.annotate(fields.key("by-way-of", last.ref.partition(":")[2]), " > ".join(way))
            found += bool(relation)
        if not direct:
            tied = f"; tied to {found} behind it" if found else ""
            message = f"no relation leads from {draft.kind} to {target.kind}{tied}"
            self.note(self.home[draft.ref], f"{draft.title}: dependency {target.name!r} is kept as text: {message}")

    def _behind(self, target: Target, kinds: tuple[str, ...], seen: set[str]) -> Iterator[tuple[list[str], Target]]:
        if target.kind not in kinds:
            return
        for following in self.ties.get(target.ref, ()):
            if following.ref not in seen:
                seen.add(following.ref)
                yield [target.ref], following
                for way, last in self._behind(following, kinds, seen):
                    yield [target.ref, *way], last


def read(directory: Path) -> ImportResult:
    """The collection in `directory` as manifests, every file accounted for.

    Raises:
        NotFound: there is no such directory.
    """
    reading = _Reading()
    for source in sources(directory):
        if source.fault:
            reading.accounts[source.file] = FileAccount(source.file, 0, 0, (source.fault,))
        elif not isinstance(source.content, list):
            reading.accounts[source.file] = FileAccount(source.file, 0, 0, ("no list of records",))
        else:
            reading.take(source.file, source.content)
    reading.tie()
    return finish([*reading.drafts.values(), *reading.vendors.values()], reading.accounts)
