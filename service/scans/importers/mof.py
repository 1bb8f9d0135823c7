"""Model Openness Framework records (Linux Foundation): a model each, with the licence of every component it releases.

A directory of YAML files, one record each, in any depth. What a record becomes:

- a `model`, named `mof/<producer>/<release name>`, so that it stands beside what other imports say of the same model;
- `producer`: vendors; `origin`: `derived_from`, where it is the plain name of another model;
- `components` with their licences as written; the model's own licence is that of its final parameters, else the one for
  the whole distribution;
- all other fields: annotations under `mof/`, as written, the licence block among them.

Records in or below a folder `cases` are the tool's own test cases and carry the label `mof: case`.
"""

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from service.inventory.values import shown
from service.scans.draft import Draft, as_text
from service.scans.importers.organisations import organisations, vendor
from service.scans.importers.quantities import whole
from service.scans.importers.result import FileAccount, ImportResult, Source, finish, sources
from service.scans.names import distinct, slug, spelling

MANAGER = "import:mof"
SPACE = "mof/"
# What the collection writes where a component has no licence, or none that anybody found.
_NO_LICENCE = re.compile(r"|none|unlicensed|undisclosed|(?:component )+not included?", re.IGNORECASE)
_PARAMETERS = "Model parameters (Final)"
_MODALITIES = {"language": "text", "code": "code", "image": "image", "audio": "audio", "video": "video"}
_URL = re.compile(r"https?://[^\s/?#]+\S*")
# The plain name of a model: one word, with a letter in it.
_PLAIN = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._+-]*")
# Licences that stand in the field for the origin.
_LICENCE_WORD = re.compile(r"(?:mit|apache-?2\.0|other license)", re.IGNORECASE)


class _Reading:
    """One reading of one directory."""

    def __init__(self, *, cases: bool) -> None:
        self.cases = cases
        self.drafts: dict[str, Draft] = {}
        self.vendors: dict[str, Draft] = {}
        self.refs: dict[str, str] = {}
        self.origins: list[tuple[str, str, Draft]] = []
        self.accounts: dict[str, FileAccount] = {}

    def note(self, file: str, text: str) -> None:
        account = self.accounts[file]
        self.accounts[file] = replace(account, notes=(*account.notes, text))

    def take(self, source: Source) -> None:
        file, content = source.file, source.content
        release = content.get("release") if isinstance(content, dict) else None
        fault = source.fault or _fault_of(release)
        if fault or not isinstance(release, dict):
            self.accounts[file] = FileAccount(file, 0, 0, (fault or "",))
            return
        self.accounts[file] = FileAccount(file, 1, 1)
        title = str(release["name"]).strip()
        makers = organisations(as_text(release.get("producer") or ""), space=SPACE)
        case = self.cases or "cases" in PurePosixPath(file).parts[:-1]
        maker = makers[0].slug.removeprefix(SPACE) if makers else "unknown"
        wanted = f"{SPACE}{'case/' if case else ''}{maker}/{slug(title)}"
        name = distinct(wanted, {draft.name for draft in self.drafts.values()})
        if name != wanted:
            self.note(file, f"{title}: another record has this name; this one is {name}")
        draft = Draft("model", name, title, {"source": "mof", "mof": "case" if case else "model"}, managed_by=MANAGER)
        for one in makers:
            draft.relate("published_by", one.ref)
            self.vendors.setdefault(one.ref, vendor(one, manager=MANAGER))
        if makers:
            draft.state("publisher", makers[0].ref, grade="declared", source=f"mof/{file}")
        for text in _fill(draft, content, release, f"mof/{file}"):
            self.note(file, f"{title}: {text}")
        self.drafts[draft.ref] = draft
        if not case:
            self.refs.setdefault(spelling(title), draft.ref)
        origin = as_text(release.get("origin") or "")
        if origin:
            self.origins.append((file, origin, draft))

    def tie(self) -> None:
        """State what each model was made from, where its record names a model."""
        for file, origin, draft in self.origins:
            found = self.refs.get(spelling(origin))
            if draft.labels["mof"] == "case":
                self.note(file, f"{draft.title}: origin {origin!r} of a test case is kept as text")
            elif found and found != draft.ref:
                draft.relate("derived_from", found, _derivation(draft.title))
            elif not found and _PLAIN.fullmatch(origin) and not _LICENCE_WORD.fullmatch(origin):
                ref = f"model:{SPACE}{slug(origin)}"
                draft.relate("derived_from", ref, _derivation(draft.title))
                self.note(
                    file, f"{draft.title}: origin {origin!r} has no record; it is taken for {ref}, not registered"
                )
            else:
                why = "the record names itself" if found else "it is not the plain name of a model"
                self.note(file, f"{draft.title}: origin {origin!r} is kept as text: {why}")


def read(directory: Path) -> ImportResult:
    """The records below `directory` as manifests, every file accounted for.

    Raises:
        NotFound: there is no such directory.
    """
    reading = _Reading(cases=directory.name == "cases")
    for source in sources(directory):
        reading.take(source)
    reading.tie()
    return finish([*reading.drafts.values(), *reading.vendors.values()], reading.accounts)


def _fault_of(release: Any) -> str | None:
    if not isinstance(release, dict):
        return "not imported: no Model Openness Framework record (a mapping with a mapping 'release')"
    if not isinstance(release.get("name"), str) or not release["name"].strip():
        return "not imported: the release has no name"
    return None


def _fill(draft: Draft, content: dict[str, Any], release: dict[str, Any], source: str) -> list[str]:
    notes = []
    for key, value in [*((k, v) for k, v in content.items() if k != "release"), *release.items()]:
        if key != "name":
            draft.annotate(f"mof/{re.sub(r'[^A-Za-z0-9._/-]+', '-', str(key))}"[:100], value)
    version = as_text(release.get("version") or "")
    if version:
        draft.state("version", version, grade="declared", source=source)
        if parameters := whole(version):
            draft.state("parameters", parameters, grade="inferred", source=source)
    if modality := _MODALITIES.get(as_text(release.get("type") or "")):
        draft.state("modalities", [modality], grade="inferred", source=source)
    links = [as_text(release.get(key) or "") for key in ("huggingface", "repository")]
    if card := next((link for link in links if _URL.fullmatch(link)), None):
        draft.state("card", card, grade="declared", source=source)
    components, strange = _components(release)
    notes += [f"component {shown(thing)} has no name" for thing in strange]
    if components:
        draft.state("components", components, grade="declared", source=source)
    if licence := _licence(release, components):
        draft.state("licence", licence, grade="declared", source=source)
    return notes


def _components(release: dict[str, Any]) -> tuple[list[dict[str, str]], list[Any]]:
    given = release.get("components")
    entries = given if isinstance(given, list) else []
    components, strange = [], []
    for entry in entries:
        if not isinstance(entry, dict) or not as_text(entry.get("name") or ""):
            strange.append(entry)
            continue
        component = {"name": as_text(entry["name"])}
        stated = next((entry[key] for key in ("licence", "license") if entry.get(key) is not None), None)
        if stated is not None:
            # A licence that is there and empty says that there is none, which is not the same as saying nothing.
            component["licence"] = as_text(stated or "") or "unlicensed"
        components.append(component)
    return components, strange


def _licence(release: dict[str, Any], components: list[dict[str, str]]) -> str | None:
    block = release.get("license")
    release_wide = block.get("distribution") if isinstance(block, dict) else None
    stated = [one.get("licence", "") for one in components if one["name"] == _PARAMETERS]
    stated.append(as_text(release_wide.get("name") or "") if isinstance(release_wide, dict) else "")
    return next((text for text in stated if not _NO_LICENCE.fullmatch(text.strip(" ."))), None)


def _derivation(title: str) -> str | None:
    return "finetune" if re.search(r"(?:instruct|chat)(?![a-z])|-it$", title, re.IGNORECASE) else None
