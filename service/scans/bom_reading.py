"""What the readers of BOM formats share: names for what others call by names of their own, their vendors and licences."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from service.inventory.facts import Grade, Kind, RelationType
from service.inventory.relations import targets
from service.inventory.values import countries, split_ref
from service.scans.ai_software import Wanted, normalised
from service.scans.bom_facts import Restored
from service.scans.draft import Draft, Manifest, as_text
from service.scans.importers.organisations import organisations
from service.scans.names import hub_name, slug

SPACE: Final = "bom/"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")
_UNPRINTED: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]+")
_HUB: Final = re.compile(r"https?://(?:www\.)?huggingface\.co/(datasets/)?([^/?#]+/[^/?#]+)/?(?:[?#/].*)?")
_PURL: Final = re.compile(r"pkg:(?P<type>[A-Za-z0-9.+-]+)/(?P<path>[^@?#\s]+)(?:@(?P<version>[^?#\s]+))?\S*")
# Where a model cannot tell what it may do, no licence is stated: SPDX 2.3, 7.13; SPDX 3, NoAssertionLicense.
UNSAID: Final = frozenset({"", "NOASSERTION"})


@dataclass(frozen=True, slots=True)
class Described:
    """An asset that a BOM describes. `object` is what the BOM calls it, `marked` whether Allod wrote it."""

    object: str
    manifest: Manifest
    marked: bool = False


@dataclass(slots=True)
class Bom:
    """What a BOM says: assets, and notes (what it is about, a sentence). `left` counts packages that were not wanted."""

    assets: list[Described] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    left: int = 0


@dataclass(frozen=True, slots=True)
class Purl:
    """A package URL, as far as names hang on it: https://github.com/package-url/purl-spec."""

    type: str
    path: str
    version: str | None

    @classmethod
    def of(cls, text: Any) -> "Purl | None":
        """The parts of `text`, None where it is no package URL."""
        found = _PURL.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            return None
        return cls(found["type"].lower(), unquote(found["path"]).strip("/"), unquote(found["version"] or "") or None)


@dataclass(slots=True)
class Book:
    """Drafts while a BOM is read, by the BOM's own identifiers."""

    source: str
    wanted: Wanted
    bom: Bom = field(default_factory=Bom)
    drafts: dict[str, Draft] = field(default_factory=dict)
    restored: dict[str, Restored] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    untold: int = 0

    def note(self, thing: str, text: str) -> None:
        """Something that was read and cannot be expressed."""
        self.bom.notes.append((thing[:200], text))

    def keep(self, draft: Draft, identifier: str | None, called: str) -> Draft:
        """A draft of its ref, once: whoever comes second adds to the first."""
        kept = self.drafts.setdefault(draft.ref, draft)
        self.objects.setdefault(draft.ref, called)
        if identifier:
            self.refs[identifier] = draft.ref
        return kept

    def mark(self, restored: Restored, identifier: str | None, called: str) -> None:
        """An asset that Allod wrote."""
        ref = restored.draft.ref
        for text in restored.troubles:
            self.note(called, text)
        if ref in self.restored:
            self.note(called, f"{ref} stands in the BOM twice; the first holds")
        self.restored.setdefault(ref, restored)
        self.objects.setdefault(ref, called)
        if identifier:
            self.refs[identifier] = ref

    def state(self, draft: Draft, attribute: str, value: Any, grade: str = Grade.DECLARED) -> None:
        """States what the BOM says, where it says something."""
        if value not in (None, "", [], {}):
            draft.state(attribute, value, grade=grade, source=self.source)

    def vendor(self, name: Any, country: Any = None) -> str | None:
        """The ref of the vendor called `name`; one that no table lists is described, too."""
        text = line(name)
        found = organisations(text) if text else []
        for one in found:
            if not one.listed and one.ref not in self.drafts:
                draft = self.keep(Draft("vendor", one.slug, one.title[:500]), None, one.title)
                place = country.strip() if isinstance(country, str) else None
                self.state(draft, "headquarters", place if place in countries() else None, Grade.INFERRED)
        return found[0].ref if found else None

    def tie(self, source: str, target: str, relation: RelationType) -> bool:
        """Relates two of the BOM's things, by refs, where their kinds allow it; what Allod wrote is whole already."""
        draft = self.drafts.get(source)
        if draft is None:
            return source in self.restored
        parts = split_ref(target)
        if source == target or parts is None or parts[0] not in targets(Kind(draft.kind), relation):
            return False
        draft.relate(relation, target)
        return True

    def depends(self, source: str) -> None:
        """A dependency, of which the BOM does not say what it is: training data, a tool, or what it calls."""
        self.untold += source not in self.restored

    def finished(self) -> Bom:
        """The assets in the order of their refs."""
        for ref, restored in sorted(self.restored.items()):
            self.bom.assets.append(Described(self.objects[ref], restored.manifest(), marked=True))
        for ref, draft in sorted(self.drafts.items()):
            if ref not in self.restored:
                self.bom.assets.append(Described(self.objects[ref], draft.manifest()))
        if self.untold:
            self.note("dependencies", f"{self.untold} dependencies of which the BOM does not say what they are")
        return self.bom


def hub_of(texts: Iterable[Any]) -> tuple[Kind, str] | None:
    """What on the Hugging Face hub the first address that leads there is about."""
    for text in texts:
        found = _HUB.fullmatch(text) if isinstance(text, str) else None
        if found and hub_name(found[2]):
            return (Kind.DATASET if found[1] else Kind.MODEL), found[2]
    return None


def hosted_name(name: str, group: str = "", *, purl: Purl | None = None, addresses: Iterable[Any] = ()) -> str:
    """The name of a model or dataset: the hub's where the BOM gives it, else one of its own below `bom/`."""
    if purl and purl.type == "huggingface" and (found := hub_name(purl.path.removeprefix("datasets/"))):
        return found
    if hub := hub_of(addresses):
        return hub[1]
    whole = f"{group}/{name}" if group and "/" not in name else name
    if "/" in whole and (found := hub_name(whole)):
        return found
    return SPACE + "/".join(slug(part) for part in (group, name) if part)


def package_name(name: str, purl: Purl | None) -> str:
    """The name of a software: that of PyPI as it is, those of other ecosystems below the ecosystem's."""
    if purl is None:
        return slug(name)
    if purl.type == "pypi":
        return slug(normalised(purl.path))
    return "/".join([purl.type, *(slug(part) for part in purl.path.split("/")[-3:])])


def line(value: Any, longest: int = 500) -> str:
    """`value` as one line of text, empty where it is none."""
    return " ".join(_CONTROL.sub(" ", value).split())[:longest] if isinstance(value, str) else ""


def key(value: Any) -> str:
    """An identifier of the BOM's own, empty where there is none."""
    return line(value, 2_000)


def prose(value: Any) -> str:
    """`value` as text, empty where it is none."""
    return _UNPRINTED.sub(" ", value).strip()[:20_000] if isinstance(value, str) else ""


def annotate(draft: Draft, found: Mapping[str, Any]) -> None:
    """Keeps what Allod has no attribute for, as text under `bom/`."""
    for key, value in found.items():
        if value not in (None, "", [], {}):
            draft.annotations[SPACE + re.sub(r"[^A-Za-z0-9._/-]+", "-", key)[:100]] = prose(as_text(value))


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings in a list; what else stands there says nothing."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def mapping(value: Any) -> dict[str, Any]:
    """`value` where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def texts(value: Any, of: Callable[[Any], str] = line) -> list[str]:
    """The texts in a list (or the one that stands in its place)."""
    given = value if isinstance(value, list) else [value]
    return [text for text in map(of, given) if text]
