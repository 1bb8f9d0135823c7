"""From `policies/data/**.yaml` to rows of the catalogue.

A file names its `catalogue` and `reviewed_on`, perhaps a `source` and `defaults` for all, and lists `entries`: each with a
`key` (or `keys`: the same said of several), `valid_from`, `valid_to`, `source`, and the body. ISO 3166-1 and the SPDX
list are not written down there: they come from their packages, and a licence entry in a file is laid over SPDX's.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pycountry
import yaml
from sqlalchemy import delete, insert, text
from sqlmodel import Session, col, select

from service.audit import log
from service.foundation import canonical
from service.foundation.actor import INSTALLER
from service.foundation.errors import Fault, Invalid
from service.foundation.outbox import Topic, announce
from service.foundation.settings import settings
from service.inventory import licence_spdx, reference_check
from service.inventory.reference_entries import CatalogueName, Entry
from service.inventory.tables import ReferenceEntry

_LOCK: Final = 0x7265666572  # "refer"
_FRAME: Final = {"key", "keys", "valid_from", "valid_to", "source", "reviewed_on"}
_ISO: Final = "ISO 3166-1 (pycountry)"


@dataclass(frozen=True, slots=True)
class Synced:
    """What loading changed: numbers of rows."""

    added: int
    removed: int
    unchanged: int


def sync(session: Session, directory: Path | None = None) -> Synced:
    """Makes the shipped rows say what `directory` says, in the caller's transaction.

    `directory` defaults to the data of `ALLOD_POLICIES_DIR`. Rows that say the same stay; changed ones are replaced under
    a new id; rows of workspaces are left alone. Anything changed is announced as `reference.changed`.

    Raises:
        Invalid: the data is wrong; nothing is changed.
    """
    wanted = {entry.identity: entry for entry in shipped(directory or settings().policies_dir / "data")}
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    stale: list[int | None] = []
    same: set[tuple[str, str, date | None]] = set()
    for row in session.exec(select(ReferenceEntry).where(col(ReferenceEntry.workspace_id).is_(None))):
        identity = (row.catalogue, row.key, row.valid_from)
        if identity in wanted and _says(row, wanted[identity]):
            same.add(identity)
        else:
            stale.append(row.id)
    fresh = [entry for identity, entry in wanted.items() if identity not in same]
    if stale:
        session.execute(delete(ReferenceEntry).where(col(ReferenceEntry.id).in_(stale)))
    if fresh:
        session.execute(insert(ReferenceEntry), [_row(entry) for entry in fresh])
    if stale or fresh:
        announce(session, Topic.REFERENCE_CHANGED, {"workspace": None})
        numbers = {"added": len(fresh), "removed": len(stale)}
        log.record(session, INSTALLER, "reference.loaded", "reference", None, numbers)
    return Synced(len(fresh), len(stale), len(same))


def shipped(directory: Path) -> list[Entry]:
    """All statements that this release brings, checked: files of `directory`, ISO 3166-1, the SPDX licence list.

    Raises:
        Invalid: with every fault, by file and entry.
    """
    faults: list[Fault] = []
    written: list[Entry] = []
    for path in sorted(directory.rglob("*.yaml")):
        written.extend(_read(path, path.relative_to(directory).as_posix(), faults))
    entries = [*_countries(), *_licences(written), *(e for e in written if e.catalogue is not CatalogueName.LICENCE)]
    faults.extend(reference_check.faults(entries))
    if faults:
        raise Invalid("The reference data is not in order.", faults)
    return entries


def _read(path: Path, file: str, faults: list[Fault]) -> Iterator[Entry]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        faults.append(Fault("", f"this is not YAML: {' '.join(str(error).split())}", file=file))
        return
    head = reference_check.head(document, file, faults)
    if head is None:
        return
    for number, raw in enumerate(document["entries"]):
        entry = {**document.get("defaults", {}), **raw} if isinstance(raw, dict) else {}
        frame = {"source": document.get("source"), **entry, "reviewed_on": entry.get("reviewed_on", head.reviewed_on)}
        problem = reference_check.frame(frame, f"/entries/{number}", file)
        if problem:
            faults.append(problem)
            continue
        body = {name: _plain(value) for name, value in entry.items() if name not in _FRAME}
        for key in frame.get("keys") or [frame["key"]]:
            yield Entry(
                head.catalogue,
                key,
                body,
                frame["source"],
                frame["reviewed_on"],
                frame.get("valid_from"),
                frame.get("valid_to"),
                file,
            )


def _plain(value: Any) -> Any:
    """YAML's dates as ISO text: bodies are JSON."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _countries() -> Iterator[Entry]:
    for country in pycountry.countries:
        body = {"title": getattr(country, "common_name", country.name)}
        yield Entry(CatalogueName.COUNTRY, country.alpha_2, body, _ISO, licence_spdx.REVIEWED_ON, file="ISO 3166-1")


def _licences(written: Iterable[Entry]) -> list[Entry]:
    """SPDX's licences with what the files say of them, and the licences that only the files know."""
    merged = {entry.key: entry for entry in licence_spdx.entries()}
    extra: list[Entry] = []
    for entry in written:
        if entry.catalogue is not CatalogueName.LICENCE:
            continue
        base = merged.get(entry.key)
        if base is None or entry.valid_from or base.file != "SPDX":
            extra.append(entry)
        else:
            merged[entry.key] = replace(entry, body={**base.body, **entry.body})
    return [*merged.values(), *extra]


def _says(row: ReferenceEntry, entry: Entry) -> bool:
    stated = (row.valid_to, row.source, row.reviewed_on, canonical.encode(row.body))
    return stated == (entry.valid_to, entry.source, entry.reviewed_on, canonical.encode(entry.body))


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "catalogue": entry.catalogue.value,
        "key": entry.key,
        "workspace_id": None,
        "valid_from": entry.valid_from,
        "valid_to": entry.valid_to,
        "body": entry.body,
        "source": entry.source,
        "reviewed_on": entry.reviewed_on,
    }
