"""How people write licences: one plain key for all spellings of a name, and the parts of a text that names several."""

import re
import unicodedata

# Words that say "here is no answer". They are never taken for a licence, however much they look like one.
NOTHING = frozenset(
    {
        *("", "-", "?", "cc", "custom", "mixed", "n/a", "na", "nil", "no", "noassertion", "none", "null", "other"),
        *("proprietary", "rail", "tbd", "undisclosed", "unknown", "unlicensed", "unreleased", "unspecified", "various"),
        *("all rights reserved", "custom license", "license other", "no license", "not applicable", "not disclosed"),
        *("not specified", "other license", "proprietary license", "see license", "see license file"),
        *("unknown license",),
    }
)

_FILLER = re.compile(r"\b(?:the|licen[cs]es?|licensing|agreements?|versions?|ver|international|unported|generic|gnu)\b")
_DOT_ZERO = re.compile(r"(?<![\d.])(\d+)\.0(?=$|[\s+])")
_CC_WORDS = (
    (re.compile(r"^creative commons\b"), "cc"),
    (re.compile(r"\battribution\b"), "by"),
    (re.compile(r"\bnon ?commercial\b"), "nc"),
    (re.compile(r"\bshare ?alike\b"), "sa"),
    (re.compile(r"\bno ?deriv(?:atives?|s)?\b"), "nd"),
    (re.compile(r"^cc zero\b"), "cc 0"),
)
_CC = re.compile(r"^cc((?: (?:by|nc|sa|nd))+)(.*)$")
_CC_ORDER = ("by", "nc", "nd", "sa")

_URLS = (
    (re.compile(r"^(?:www\.)?spdx\.org/licenses/([\w.+-]+?)(?:\.html|\.json|\.txt)?$"), r"\1"),
    (re.compile(r"^(?:www\.)?opensource\.org/licenses?/([\w.+-]+?)(?:\.php|\.html)?$"), r"\1"),
    (re.compile(r"^(?:www\.)?choosealicense\.com/licenses/([\w.+-]+)$"), r"\1"),
    (re.compile(r"^(?:www\.)?creativecommons\.org/publicdomain/zero/1\.0(?:/.*)?$"), "CC0-1.0"),
    (
        re.compile(r"^(?:www\.)?creativecommons\.org/licenses/(by[a-z-]*)/(\d\.\d)(?:/(?:deed|legalcode).*)?$"),
        r"cc-\1-\2",
    ),
    (re.compile(r"^(?:www\.)?apache\.org/licenses/license-2\.0(?:\.txt|\.html)?$"), "Apache-2.0"),
    (re.compile(r"^(?:www\.)?gnu\.org/licenses/((?:l|a)?gpl-\d\.\d)(?:\.html|\.txt|\.en\.html)?$"), r"\1"),
)

_LEAD = re.compile(
    r"^(?:is |are )?(?:released|licensed|distributed|available|published) (?:under|with) (?:the |an? )?", re.IGNORECASE
)
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_RESTATED = re.compile(r"^([^()]+?)\s*\(([^()]+)\)$")
_LIST = re.compile(r"[,;\n]+")
_OPERATORS = re.compile(r"\s+(and|or)\s+|\s*(/|&|\|)\s*", re.IGNORECASE)
_MEANS = {"and": "AND", "&": "AND", "or": "OR", "/": "OR", "|": "OR"}


def plain(text: str) -> str:
    """One key for all spellings of a name: lower case, no filler words, `2` for `2.0`, Creative Commons parts in order."""
    key = unicodedata.normalize("NFKC", text).casefold()
    key = re.sub(r"[\u200b-\u200d\ufeff]", "", key)
    key = re.sub(r"[\"'\u2018-\u201d\u2122\u00ae\u00a9:,]", " ", key)
    key = re.sub(r"[-_/\s\u2010-\u2015]+", " ", key)
    key = _FILLER.sub(" ", key)
    key = re.sub(r"([a-z])v\.?(?=\d)|\bv\.?\s*(?=\d)", r"\1 ", key)
    key = re.sub(r"([a-z])(?=\d)", r"\1 ", key)
    key = re.sub(r"\bopen ?rail", "openrail", key)
    key = re.sub(r"\s+", " ", key).strip(" .,")
    key = _DOT_ZERO.sub(r"\1", key)
    for pattern, word in _CC_WORDS if key.startswith(("cc", "creative commons")) else ():
        key = pattern.sub(word, key)
    found = _CC.match(key)
    if found:
        parts = sorted(found[1].split(), key=_CC_ORDER.index)
        key = f"cc {' '.join(parts)}{found[2]}"
    return key


def says_nothing(text: str) -> bool:
    """Whether the text names no licence at all: empty, `unknown`, `custom`, `other`, `none`."""
    words = re.sub(r"\s+", " ", text.strip().casefold()).strip(" .-")
    return not words or words in NOTHING


def from_address(text: str) -> str | None:
    """The licence that a well-known address stands for, None for any other text."""
    bare = re.sub(r"^https?://", "", text.strip(), flags=re.IGNORECASE).rstrip("/")
    for pattern, form in _URLS:
        found = re.match(pattern.pattern, bare, flags=re.IGNORECASE)
        if found:
            return found.expand(form)
    return None


def without_lead(text: str) -> str:
    """`text` without "released under the" and the like."""
    return _LEAD.sub("", text.strip())


def restated(text: str) -> tuple[str, str] | None:
    """The two names in `Name (Other Name)`, None for any other text."""
    found = _RESTATED.match(text.strip())
    return (found[1], found[2]) if found else None


def without_remarks(text: str) -> str:
    """`text` without what stands in brackets."""
    return re.sub(r"\s+", " ", _REMARK.sub(" ", text)).strip()


def items(text: str) -> list[str]:
    """The members of an enumeration with commas, semicolons or line ends."""
    return [item.strip() for item in _LIST.split(text) if item.strip()]


def alternatives(text: str) -> tuple[list[str], list[str]] | None:
    """Names and the operators between them (`AND`, `OR`), None where the text has no operator or has brackets.

    A slash and a bar are read as OR, as package registries use them.
    """
    if "(" in text or ")" in text:
        return None
    pieces = _OPERATORS.split(text.strip())
    names = [piece.strip() for piece in pieces[::3]]
    operators = [_MEANS[(word or sign).casefold()] for word, sign in zip(pieces[1::3], pieces[2::3], strict=True)]
    return (names, operators) if operators and all(names) else None
