"""Any manifest there could be: strategies for every kind, every attribute, every relation."""

from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from service.inventory.facts import Kind, RelationType
from service.inventory.kinds import ATTRIBUTES
from service.inventory.relations import targets

_LETTERS: Final = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufffe\uffff")
LINE: Final = st.text(_LETTERS, min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
NOTE: Final = st.text(_LETTERS | st.sampled_from("\n\t\r"), max_size=20)
PROSE: Final = NOTE.filter(lambda text: bool(text.strip()))
NAMES: Final = st.from_regex(r"[A-Za-z0-9_\-@+:]{1,8}(?:/[A-Za-z0-9_\-@+:.]{1,8}){0,2}", fullmatch=True).filter(
    lambda name: not any(part in {".", ".."} for part in name.split("/"))
)
KEYS: Final = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,9}", fullmatch=True)
_DAYS: Final = st.dates().map(lambda day: day.isoformat())
_VENDORS: Final = NAMES.map("vendor:{}".format)
_REGIONS: Final = NAMES.map("cloud_region:{}".format)
_SLUGS: Final = st.lists(st.from_regex(r"[a-z0-9][a-z0-9._+-]{0,9}", fullmatch=True), max_size=3)
_PLACES: Final = st.sampled_from(["DE", "US", "XK", "US-CA"])
_LANGUAGES: Final = st.lists(st.sampled_from(["de", "pt-BR", "zh-Hant-TW"]), max_size=2)
_URLS: Final = st.sampled_from(["https://a.example/card", "http://[::1]:8/x?y=1#z", "https://ü.example/ñ", 'http://"/'])
_WHOLE: Final = st.integers(0, 2**53)
_AMOUNTS: Final = st.floats(0, 1e15, allow_subnormal=False) | _WHOLE.filter(lambda number: number <= 10**15)
_SHARES: Final = st.floats(0, 100, allow_subnormal=False)
_PURPOSES: Final = st.sampled_from(["storage", "processing", "backup", "telemetry", "support", "failover"])
_CLASSES: Final = st.lists(
    st.sampled_from(["public", "internal", "personal", "special_category", "health"]), max_size=3
)
LICENCES: Final = (
    st.sampled_from(["Apache-2.0", "MIT OR GPL-2.0-only", " MIT", "Apache 2.0", "a\nb\r\n", "NONE"]) | PROSE
)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def _paths(extra: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    return st.lists(st.fixed_dictionaries({"region": _REGIONS, **extra}), max_size=2)


_VALUES: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "accelerators": st.lists(
        _some(vendor=_VENDORS, model=LINE, count=st.integers(1, 9), memory_gib=_AMOUNTS), max_size=2
    ),
    "ai_act_class": st.sampled_from(["prohibited", "high", "limited", "minimal"]),
    "annual_revenue_eur": _AMOUNTS,
    "card": _URLS,
    "city": LINE,
    "code": LINE,
    "collection": _some(how=PROSE, when=LINE),
    "components": st.lists(st.fixed_dictionaries({"name": LINE}, optional={"licence": LICENCES}), max_size=2),
    "country": st.just("DE"),
    "criticality": st.sampled_from(["low", "critical"]),
    "data_classes": _CLASSES,
    "data_paths": _paths({"purpose": _PURPOSES, "key_custody": st.sampled_from(["operator", "customer"])}),
    "endpoint": _URLS,
    "evaluations": st.lists(
        st.fixed_dictionaries({"benchmark": LINE, "on": _DAYS}, optional={"tool": LINE}), max_size=2
    ),
    "exit_plan": _some(tested_on=_DAYS, alternatives=st.lists(LINE, max_size=2)),
    "governance": st.sampled_from(["foundation", "community", "vendor"]),
    "gpai_documents": _some(copyright_policy=LINE, training_summary=LINE),
    "headquarters": st.just("FR"),
    "incorporated_in": st.just("IE"),
    "languages": _LANGUAGES,
    "legal_name": LINE,
    "lei": st.just("5493001KJTIIGC8Y1R12"),
    "licence": LICENCES,
    "monthly_active_users": _WHOLE,
    "owner": _VENDORS,
    "owners": st.lists(
        st.fixed_dictionaries({"name": LINE}, optional={"capital_share": _SHARES, "veto": st.booleans()}), max_size=2
    ),
    "parameters": _WHOLE,
    "provider": _VENDORS,
    "publisher": _VENDORS,
    "purl": st.sampled_from(["pkg:pypi/torch@2.1", "pkg:generic/a%20b?x=y#z", "pkg:deb/ü@1", "pkg:x/<>"]),
    "seen_in": st.lists(
        st.fixed_dictionaries({"region": _REGIONS, "source": LINE}, optional={"on": _DAYS}), max_size=2
    ),
    "subdivision": st.just("DE-HE"),
    "subject_jurisdictions": st.lists(_PLACES, max_size=2),
    "subjects": _WHOLE,
    "tenancy": st.sampled_from(["dedicated", "shared"]),
    "terms": PROSE,
    "training_flop": st.floats(1e-300, 1e300, allow_subnormal=False),
    "user_jurisdictions": st.lists(_PLACES, max_size=2),
    "weights": st.sampled_from(["open", "gated", "closed"]),
    "weights_released_on": _DAYS,
}
_LINES: Final = ("basis", "driver", "owner_team", "partition", "retention", "version")
_LISTS: Final = ("certifications", "notices", "standards")


def value_of(attribute: str) -> st.SearchStrategy[Any]:
    """Values of an attribute; those without a line above are lines, lists of lines, slugs, or yes and no."""
    if attribute in _VALUES:
        return _VALUES[attribute]
    if attribute in _LINES:
        return LINE
    if attribute in _LISTS:
        return st.lists(LINE, max_size=2)
    return _SLUGS if attribute in ("compatible_with", "formats", "modalities") else st.booleans()


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """A manifest as a file could hold it."""
    kind = draw(st.sampled_from(Kind))
    name = draw(NAMES)
    document: dict[str, Any] = {"kind": kind.value, "name": name}
    if draw(st.booleans()):
        document["title"] = draw(LINE | st.just(name))
    document["labels"] = draw(st.dictionaries(KEYS, st.text(_LETTERS, max_size=9), max_size=2))
    document["annotations"] = draw(st.dictionaries(KEYS, NOTE, max_size=2))
    fields = sorted(ATTRIBUTES[kind].model_fields)
    chosen = draw(st.lists(st.sampled_from(fields), unique=True, max_size=6))
    document["attributes"] = {attribute: draw(value_of(attribute)) for attribute in chosen}
    document["relations"] = draw(_relations(kind, name))
    graded = st.fixed_dictionaries(
        {"grade": st.sampled_from(["verified", "inferred", "declared"]), "source": LINE},
        optional={"at": st.just("2026-03-01T12:00:00Z")},
    )
    document["evidence"] = {one: draw(graded) for one in chosen if draw(st.booleans())}
    absent = sorted(set(fields) - set(chosen))
    if draw(st.booleans()) and absent:
        document["evidence"][absent[0]] = {"grade": "unresolved", "source": "nobody"}
    if draw(st.booleans()):
        document["managed_by"] = draw(LINE)
    return document


@st.composite
def _relations(draw: st.DrawFn, kind: Kind, name: str) -> list[dict[str, str]]:
    possible = [word for word in RelationType if targets(kind, word)]
    found: dict[tuple[str, str], dict[str, str]] = {}
    for word in draw(st.lists(st.sampled_from(possible), max_size=4)):
        # A few names of few letters, so that some lead to what is there, too.
        to = f"{draw(st.sampled_from(sorted(targets(kind, word))))}:{draw(st.sampled_from('abc') | NAMES)}"
        if to == f"{kind}:{name}":
            continue
        relation = {"type": word.value, "to": to}
        if word is RelationType.DERIVED_FROM and draw(st.booleans()):
            relation["as"] = draw(st.sampled_from(["finetune", "adapter", "merge", "quantized", "distilled"]))
        found.setdefault((word.value, to), relation)
    return list(found.values())
