"""Words and numbers that a manifest may hold: each a type that checks one value and says what it wanted.

A refusal is a `PydanticCustomError` whose context names what was `expected`; `manifest_faults` turns it into a `Fault`.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, Final

import pycountry
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from service.inventory.facts import Kind

NAME_MAX: Final = 200
INTEGER_MAX: Final = 2**53  # the engines and JSON readers keep whole numbers exact up to here

_KINDS = frozenset(Kind)
_NAME = re.compile(r"[A-Za-z0-9/._\-@+:]{1,200}")
_WORKSPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,119}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_BREAK = re.compile(r"[\t\n\r\u2028\u2029]")
_SLUG = re.compile(r"[a-z0-9][a-z0-9._+-]{0,99}")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*")
_PURL = re.compile(r"pkg:[A-Za-z0-9.+-]+/[^\s]+")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
# RFC 5646, section 2.1, without grandfathered tags and without the reserved languages of four to eight letters, so that
# "English" is refused and "en" is asked for.
_LANGUAGE = re.compile(
    r"[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*"
    r"(?:-[Xx](?:-[A-Za-z0-9]{1,8})+)?"
)


def refusal(message: str, expected: str) -> PydanticCustomError:
    """An error that tells what is wrong and what would be right."""
    return PydanticCustomError("refused", "{message}", {"message": message, "expected": expected})


def split_ref(ref: str) -> tuple[Kind, str] | None:
    """Kind and name of `kind:name`, None where it is no ref."""
    word, colon, name = ref.partition(":")
    if not colon or word not in _KINDS or not is_name(name):
        return None
    return Kind(word), name


def is_name(name: str) -> bool:
    """Whether an asset may be called `name`: letters, digits and `/ . _ - @ + :`, no `.` or `..` between slashes."""
    return bool(_NAME.fullmatch(name)) and not any(part in {"", ".", ".."} for part in name.split("/"))


def is_workspace(name: str) -> bool:
    """Whether a workspace may be called `name`: lower-case letters, digits and hyphens, at most 63."""
    return bool(_WORKSPACE.fullmatch(name))


@cache
def countries() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes, and XK (user-assigned, in general use for Kosovo)."""
    return frozenset(country.alpha_2 for country in pycountry.countries) | {"XK"}


@cache
def subdivisions() -> frozenset[str]:
    """ISO 3166-2 codes."""
    return frozenset(subdivision.code for subdivision in pycountry.subdivisions)


def _matching(pattern: re.Pattern[str], what: str, expected: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise refusal(f"{shown(value)} is not {what}", expected)
        return value

    return check


def shown(value: Any) -> str:
    """`value` as a message quotes it, short."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _text(value: str) -> str:
    if _CONTROL.search(value):
        raise refusal("the text holds a control character", "printable text")
    return value


def _prose(value: str) -> str:
    if not value.strip():
        raise refusal("the text is empty", "some text, or leave it out")
    return _text(value)


def _line(value: str) -> str:
    if _BREAK.search(value):
        raise refusal("the text holds a line break or a tab", "one line of text")
    return _prose(value)


def _name(value: str) -> str:
    if not is_name(value):
        expected = "1 to 200 letters, digits and / . _ - @ + : (no part between slashes empty, '.' or '..')"
        raise refusal(f"{shown(value)} is not a name", expected)
    return value


def _country(value: str) -> str:
    if value not in countries():
        raise refusal(f"{shown(value)} is not a country", "an ISO 3166-1 alpha-2 code, for instance DE")
    return value


def _subdivision(value: str) -> str:
    if value not in subdivisions():
        raise refusal(f"{shown(value)} is not a subdivision", "an ISO 3166-2 code, for instance US-CA")
    return value


def _jurisdiction(value: str) -> str:
    if value not in countries() and value not in subdivisions():
        expected = "an ISO 3166-1 alpha-2 or ISO 3166-2 code, for instance DE or US-CA"
        raise refusal(f"{shown(value)} is not a jurisdiction", expected)
    return value


def _day(value: str) -> str:
    try:
        if _DAY.fullmatch(value):
            date.fromisoformat(value)
            return value
    except ValueError:
        pass
    raise refusal(f"{shown(value)} is not a date", "an ISO 8601 date, for instance 2026-03-01")


def _instant(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        pass
    raise refusal(f"{shown(value)} is not an instant", "an RFC 3339 instant, for instance 2026-03-01T12:00:00Z")


def _lei(value: str) -> str:
    # ISO 17442: letters become 10 to 35 and the whole leaves 1 when divided by 97 (ISO 7064, MOD 97-10).
    if not _LEI.fullmatch(value) or int("".join(str(int(c, 36)) for c in value)) % 97 != 1:
        raise refusal(f"{shown(value)} is not a legal entity identifier", "20 characters with right check digits")
    return value


def _whole(value: Any) -> Any:
    # YAML and JSON do not tell 7e9 from 7000000000.
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= INTEGER_MAX else value


def reference_to(*kinds: Kind) -> Any:
    """The type of a ref that points at one of `kinds`."""
    wanted = " or ".join(f"{kind.value}:<name>" for kind in kinds)

    def check(value: str) -> str:
        parts = split_ref(value)
        if parts is None:
            raise refusal(f"{shown(value)} is not the ref of an asset", wanted)
        if parts[0] not in kinds:
            raise refusal(f"{shown(value)} points at a {parts[0].value}", wanted)
        return value

    pattern = f"^({'|'.join(kind.value for kind in kinds)}):.+$"
    return Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", "pattern": pattern})]


def _word(check: Callable[[str], str], **schema: Any) -> Any:
    return Annotated[str, AfterValidator(check), WithJsonSchema({"type": "string", **schema})]


Name: Any = _word(_name, pattern=f"^{_NAME.pattern}$")
WorkspaceName: Any = _word(
    _matching(_WORKSPACE, "the name of a workspace", "1 to 63 lower-case letters, digits and hyphens"),
    pattern=f"^{_WORKSPACE.pattern}$",
)
LabelKey: Any = _word(
    _matching(_LABEL_KEY, "a key", "1 to 120 letters, digits and . _ / -, a letter or digit first"),
    pattern=f"^{_LABEL_KEY.pattern}$",
)
Line: Any = Annotated[str, Field(max_length=500), AfterValidator(_line)]
Label: Any = Annotated[str, Field(max_length=500), AfterValidator(_text)]
Note: Any = Annotated[str, Field(max_length=20_000), AfterValidator(_text)]
Prose: Any = Annotated[str, Field(max_length=20_000), AfterValidator(_prose)]
Slug: Any = _word(
    _matching(_SLUG, "a word of this list", "lower-case letters, digits and . _ + -"), pattern=f"^{_SLUG.pattern}$"
)
Country: Any = _word(_country, pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2")
Subdivision: Any = _word(_subdivision, pattern="^[A-Z]{2}-[A-Z0-9]{1,3}$", description="ISO 3166-2")
Jurisdiction: Any = _word(
    _jurisdiction, pattern="^[A-Z]{2}(-[A-Z0-9]{1,3})?$", description="ISO 3166-1 alpha-2 or ISO 3166-2"
)
Language: Any = _word(
    _matching(_LANGUAGE, "a language tag", "a BCP 47 tag, for instance de or pt-BR"), description="BCP 47"
)
Day: Any = _word(_day, format="date")
Instant: Any = _word(_instant, format="date-time")
Url: Any = _word(_matching(_URL, "a web address", "http:// or https:// and a host"), format="uri", maxLength=2000)
Purl: Any = _word(_matching(_PURL, "a package URL", "pkg:<type>/<name>@<version>"), pattern="^pkg:.+/.+$")
Lei: Any = _word(_lei, pattern=f"^{_LEI.pattern}$", description="ISO 17442")
Count: Any = Annotated[int, Field(ge=0, le=INTEGER_MAX), BeforeValidator(_whole)]
Positive: Any = Annotated[int, Field(ge=1, le=INTEGER_MAX), BeforeValidator(_whole)]
Amount: Any = Annotated[float, Field(ge=0, le=1e15), AfterValidator(_whole)]
Percentage: Any = Annotated[float, Field(ge=0, le=100), AfterValidator(_whole)]
VendorRef: Any = reference_to(Kind.VENDOR)
RegionRef: Any = reference_to(Kind.CLOUD_REGION)
AnyRef: Any = reference_to(*Kind)
