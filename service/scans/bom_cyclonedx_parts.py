"""Components and services of a CycloneDX BOM, each as the asset that it is. See `bom_cyclonedx.py`."""

from typing import Any, Final, get_args

from service.inventory.facts import Grade, Kind, RelationType
from service.inventory.kinds_parts import DataClass
from service.scans.bom_facts import Restored, restore
from service.scans.bom_reading import (
    Book,
    Purl,
    annotate,
    hosted_name,
    key,
    line,
    mapping,
    mappings,
    package_name,
    prose,
    texts,
)
from service.scans.draft import Draft
from service.scans.names import slug

_SOFTWARE: Final = frozenset(
    {"application", "framework", "library", "container", "platform", "operating-system", "device-driver", "firmware"}
)
_MODALITIES: Final = ("text", "image", "audio", "video", "code")
_PARAMETERS: Final = ("approach", "task", "architectureFamily", "modelArchitecture")
_CLASSES: Final = frozenset(get_args(DataClass))


def component(book: Book, part: dict[str, Any], odd: dict[str, int]) -> Draft | None:
    """The draft that a component became; None for what Allod wrote, and for what is not taken."""
    identifier, name = key(part.get("bom-ref")), line(part.get("name"))
    if restored := _restored(part):
        restored.native("version", part.get("version"))
        restored.native("purl", part.get("purl"))
        restored.native("licence", _exactly(part))
        cards = [one.get("url") for one in mappings(part.get("externalReferences")) if one.get("type") == "model-card"]
        restored.native("card", next(iter(cards), None))
        book.mark(restored, identifier, name or identifier)
        return None
    purl, type_ = Purl.of(part.get("purl")), line(part.get("type"))
    if not name:
        book.note(identifier or "component", "it has no name")
    elif type_ == "machine-learning-model" or (purl and purl.type == "huggingface" and type_ != "data"):
        return model(book, part, name, purl)
    elif type_ == "data":
        _dataset(book, part, name, purl)
    elif type_ in _SOFTWARE:
        _software(book, part, name, purl)
    else:
        odd[type_ or "(none)"] = odd.get(type_ or "(none)", 0) + 1
    return None


def _restored(part: dict[str, Any]) -> Restored | None:
    found = restore((one.get("name"), one.get("value", "")) for one in mappings(part.get("properties")))
    if found:
        found.name(part.get("name"))
    return found


def model(book: Book, part: dict[str, Any], name: str, purl: Purl | None) -> Draft:
    """The model that a component is."""
    draft = _draft(
        book, part, Kind.MODEL, hosted_name(name, line(part.get("group")), purl=purl, addresses=addresses(part))
    )
    card = mapping(part.get("modelCard"))
    parameters = mapping(card.get("modelParameters"))
    ways = [line(one.get("format")).lower() for key in ("inputs", "outputs") for one in mappings(parameters.get(key))]
    found = [word for word in _MODALITIES if any(word in way or (word == "text" and way == "string") for way in ways)]
    book.state(draft, "modalities", found, Grade.INFERRED)
    cards = [one for one in mappings(part.get("externalReferences")) if one.get("type") == "model-card"]
    address = next((line(one.get("url"), 2000) for one in cards), "")
    book.state(draft, "card", address if address.startswith(("https://", "http://")) else None)
    annotate(draft, {key: parameters.get(key) for key in _PARAMETERS})
    metrics = mapping(card.get("quantitativeAnalysis")).get("performanceMetrics")
    annotate(draft, {"performanceMetrics": metrics, **mapping(card.get("considerations"))})
    return draft


def _dataset(book: Book, part: dict[str, Any], name: str, purl: Purl | None) -> None:
    wanted = hosted_name(name, line(part.get("group")), purl=purl, addresses=addresses(part))
    draft = _draft(book, part, Kind.DATASET, wanted)
    for data in mappings(part.get("data")):
        data_of(book, draft, data)


def data_of(book: Book, draft: Draft, data: dict[str, Any]) -> None:
    """What `componentData` says of a dataset."""
    said = texts(data.get("sensitiveData"))
    classes = [word for word in (text.lower().replace("-", "_") for text in said) if word in _CLASSES]
    book.state(draft, "data_classes", classes)
    governance = mapping(data.get("governance"))
    owners = [mapping(one.get("organization")) for one in mappings(governance.get("owners"))]
    for owner in owners[:1]:
        if ref := book.vendor(owner.get("name"), mapping(owner.get("address")).get("country")):
            book.state(draft, "owner", ref)
    annotate(
        draft,
        {"classification": data.get("classification"), "sensitiveData": said, "description": data.get("description")},
    )


def _software(book: Book, part: dict[str, Any], name: str, purl: Purl | None) -> None:
    called = purl.path if purl else name
    if not (book.wanted.other(name) or book.wanted.other(called)):
        book.bom.left += 1
        return
    draft = _draft(book, part, Kind.SOFTWARE, package_name(name, purl))
    book.state(draft, "purl", line(part.get("purl"), 2000) if purl else None)


def _draft(book: Book, part: dict[str, Any], kind: Kind, name: str) -> Draft:
    draft = Draft(kind.value, name, line(part.get("name")))
    draft = book.keep(draft, key(part.get("bom-ref")) or None, draft.title)
    if kind is not Kind.DATASET:
        book.state(draft, "version", line(part.get("version")))
    licence, grade, several = _licence(part)
    book.state(draft, "licence", licence, grade)
    if several:
        book.note(draft.title, "several licences, and not how they go together: taken as all of them")
    makers = [mapping(part.get(key)) for key in ("manufacturer", "supplier")]
    named = [(one.get("name"), mapping(one.get("address")).get("country")) for one in makers if one.get("name")]
    named += [(part.get("publisher"), None)] if part.get("publisher") else []
    if named and (ref := book.vendor(*named[0])):
        book.state(draft, "publisher" if kind is not Kind.DATASET else "owner", ref)
        book.tie(draft.ref, ref, RelationType.PUBLISHED_BY)
    authors = [one.get("name") for one in mappings(part.get("authors"))] or part.get("author")
    said = {"description": part.get("description"), "authors": authors, "copyright": part.get("copyright")}
    annotate(draft, {**said, "scope": part.get("scope"), "isExternal": part.get("isExternal") or None})
    return draft


def _licence(part: dict[str, Any]) -> tuple[str | None, Grade, bool]:
    """The licence as written, how well it is known, and whether several were joined. Declared ones come first."""
    found: dict[str, list[str]] = {}
    for one in mappings(part.get("licenses")):
        licence = mapping(one.get("license"))
        text = next((t for t in map(prose, (one.get("expression"), licence.get("id"), licence.get("name"))) if t), "")
        if text:
            said = line(one.get("acknowledgement") or licence.get("acknowledgement")) or "declared"
            found.setdefault(said, []).append(text)
    for said, grade in (("declared", Grade.DECLARED), ("concluded", Grade.INFERRED)):
        names = list(dict.fromkeys(found.get(said, ())))
        if len(names) > 1:
            return " AND ".join(f"({n})" if " " in n else n for n in names), Grade.INFERRED, True
        if names:
            return names[0], grade, False
    return None, Grade.DECLARED, False


def _exactly(part: dict[str, Any]) -> Any:
    """The licence of what Allod wrote, letter by letter."""
    stated = next(iter(mappings(part.get("licenses"))), {})
    return stated.get("expression", mapping(stated.get("license")).get("name"))


def service(book: Book, part: dict[str, Any]) -> None:
    """An AI service: of a BOM's services all are taken, they do not say what they do."""
    identifier, name = key(part.get("bom-ref")), line(part.get("name"))
    endpoints = part.get("endpoints") if isinstance(part.get("endpoints"), list) else []
    if restored := _restored(part):
        restored.native("endpoint", next(iter(endpoints or ()), None))
        book.mark(restored, identifier, name)
        return
    if not name:
        book.note(identifier or "service", "it has no name")
        return
    provider = mapping(part.get("provider"))
    maker = line(provider.get("name")) or line(part.get("group"))
    draft = Draft("ai_service", "bom/" + "/".join(slug(one) for one in (maker, name) if one), name)
    draft = book.keep(draft, identifier or None, name)
    reachable = [text for text in texts(endpoints) if text.startswith(("https://", "http://"))]
    book.state(draft, "endpoint", next(iter(reachable), None))
    if ref := book.vendor(provider.get("name"), mapping(provider.get("address")).get("country")):
        book.state(draft, "provider", ref)
        book.tie(draft.ref, ref, RelationType.OPERATED_BY)
    flows = [f"{line(one.get('flow'))} {line(one.get('classification'))}" for one in mappings(part.get("data"))]
    boundary = part.get("x-trust-boundary")
    annotate(draft, {"version": part.get("version"), "description": part.get("description"), "data": flows})
    annotate(draft, {"x-trust-boundary": None if boundary is None else str(boundary).lower()})
    licence, _, _ = _licence(part)
    annotate(draft, {"licence": licence})


def addresses(part: dict[str, Any]) -> list[Any]:
    """Where else something of the component is to be found."""
    return [one.get("url") for one in mappings(part.get("externalReferences"))]
