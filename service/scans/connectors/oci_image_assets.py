"""Images and Debian packages as assets."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from service.inventory.facts import Grade, Kind, RelationType
from service.scans import marks
from service.scans.connectors.oci_image_layers import Deb
from service.scans.draft import Draft
from service.scans.importers.organisations import organisations, vendor
from service.scans.names import slug
from service.scans.python_packages import newness

SOURCE: Final = "oci:layout"
_SPACE: Final = "org.opencontainers.image."
_CONTAINERD: Final = "io.containerd.image.name"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")
_TAG: Final = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_KEPT: Final = ("title", "description", "source", "url", "revision", "base.name", "base.digest", "vendor")
_LABELS_MAX: Final = 50


@dataclass(slots=True)
class Image:
    """An image under one name: what each of its manifests says."""

    labels: list[tuple[str | None, dict[str, str]]] = field(default_factory=list)
    platforms: set[str] = field(default_factory=set)
    digests: set[str] = field(default_factory=set)


def name_of(named: Mapping[str, str], labels: Mapping[str, str], directory: str) -> tuple[str, str | None]:
    """The image's name and its tag: as it was pulled, else as its labels or its directory call it."""
    stated = named.get(_CONTAINERD) or named.get(f"{_SPACE}ref.name") or ""
    whole = stated.partition("@")[0]
    head, colon, last = whole.rpartition(":")
    name, tag = (head, last) if colon and "/" not in last else (whole, "")
    if name and "/" not in name and not colon and _TAG.fullmatch(name):
        # A reference without a repository is a tag, or whatever else sets images of one layout apart.
        name, tag = "", name
    name = name or labels.get(f"{_SPACE}title") or directory
    return "/".join(slug(part) for part in name.split("/")[-4:] if part), tag or None


def drawn(name: str, image: Image) -> tuple[Draft, list[str], list[Draft]]:
    """The image as an asset, what was half understood, and vendors that no table lists."""
    said = sorted(image.labels, key=lambda one: newness(_version(*one)), reverse=True)
    _, labels = said[0]
    own, trouble = marks.name_of(Kind.SOFTWARE, f"oci/{name}", labels)
    draft = Draft("software", own, _line(labels.get(f"{_SPACE}title")) or name)
    troubles = [trouble] if trouble else []
    versions = list(dict.fromkeys(version for one in said if (version := _version(*one))))
    if versions:
        stated = bool(labels.get(f"{_SPACE}version"))
        draft.state("version", versions[0], grade=Grade.DECLARED if stated else Grade.INFERRED, source=SOURCE)
    if len(versions) > 1:
        troubles.append(f"it is there in several versions ({', '.join(versions)}); the newest is stated")
        draft.annotate("oci/versions", "\n".join(versions))
    if licence := _line(labels.get(f"{_SPACE}licenses")):
        draft.state("licence", licence, grade=Grade.DECLARED, source=SOURCE)
    makers = organisations(_line(labels.get(f"{_SPACE}vendor")))
    if makers:
        draft.state("publisher", makers[0].ref, grade=Grade.DECLARED, source=SOURCE)
        draft.relate(RelationType.PUBLISHED_BY, makers[0].ref)
    for word in _KEPT:
        draft.annotate(f"oci/{word}", _line(labels.get(_SPACE + word)))
    draft.annotate("oci/platforms", "\n".join(sorted(image.platforms)))
    draft.annotate("oci/digests", "\n".join(sorted(image.digests)))
    others = {key: value for key, value in sorted(labels.items()) if not key.startswith(_SPACE)}
    draft.labels |= dict(list(marks.labels(others).items())[:_LABELS_MAX])
    troubles += marks.apply(draft, labels, source=SOURCE)
    return draft, troubles, [vendor(one, manager="") for one in makers if not one.listed]


def debian(name: str, copies: Sequence[tuple[Deb, str, str]]) -> Draft:
    """A Debian package, once for all images that hold it."""
    deb, _, distribution = max(copies, key=lambda one: (newness(one[0].version), one[1]))
    draft = Draft("software", f"deb/{slug(name)}", name)
    draft.state("version", deb.version, grade=Grade.VERIFIED, source=SOURCE)
    architecture = f"?arch={quote(deb.architecture, safe='')}" if deb.architecture else ""
    purl = (
        f"pkg:deb/{quote(distribution, safe='')}/{quote(name, safe='')}@{quote(deb.version, safe='.-_~')}{architecture}"
    )
    draft.state("purl", purl, grade=Grade.INFERRED, source=SOURCE)
    draft.annotate("deb/home-page", _line(deb.homepage))
    draft.annotate("deb/places", "\n".join(sorted({place for _, place, _ in copies}))[:20_000])
    versions = sorted({f"{one.version} in {place}" for one, place, _ in copies})
    if len({one.version for one, _, _ in copies}) > 1:
        draft.annotate("deb/versions", "\n".join(versions)[:20_000])
    return draft


def _version(tag: str | None, labels: Mapping[str, str]) -> str | None:
    return _line(labels.get(f"{_SPACE}version")) or (tag if tag and tag != "latest" else None)


def _line(text: str | None) -> str:
    return " ".join(_CONTROL.sub(" ", text or "").split())[:500]
