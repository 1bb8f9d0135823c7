"""What people write on their things in OpenStack, as tags: its services admit different keys, and some of them are secrets.

Nova admits no `/` in a key, so a mark is `allod.dev:owner-team` there; Swift's are headers,
`X-Container-Meta-Allod-Dev-Ref`. Glance and Cinder take `allod.dev/ref` as it is. All spellings mean the same everywhere.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from service.inventory.values import NAME_MAX
from service.scans import marks
from service.scans.connector import Note
from service.scans.draft import Draft
from service.scans.names import slug

_SPELLING: Final = re.compile(r"allod(?:\.dev[:/]|-dev-)(?P<mark>.+)", re.IGNORECASE)
_SECRET: Final = re.compile(
    r"passw|secret|token|temp-?url|credential|private|(?:api|access|ssh|crypt\w*)[-_.]?key|user_?data", re.IGNORECASE
)


def tags(*given: Any) -> dict[str, str]:
    """The texts of several mappings, the last word winning, without what may be a secret; marks as Allod spells them."""
    found: dict[str, str] = {}
    for one in given:
        for key, value in one.items() if isinstance(one, Mapping) else ():
            if isinstance(key, str) and isinstance(value, str) and not _SECRET.search(key):
                match = _SPELLING.fullmatch(key)
                found[f"{marks.PREFIX}{match['mark'].lower()}" if match else key] = value
    return found


def are_marked(given: Mapping[str, str]) -> bool:
    """Whether somebody speaks to Allod here."""
    return any(key.startswith(marks.PREFIX) for key in given)


def write(
    draft: Draft, given: Mapping[str, str], wrong: str | None, part: str, object_: str, source: str
) -> Iterator[Note]:
    """Labels and marks of `draft`; a note for each mark that cannot be understood, `wrong` among them."""
    draft.labels |= marks.labels(given)
    for text in ([wrong] if wrong else []) + marks.apply(draft, given, source=source):
        yield Note(part, object_, text)


def name(*parts: str) -> str:
    """The name of an asset from what OpenStack calls it; where that is too long, its end tells it apart."""
    whole = "/".join(map(slug, parts))
    return whole if len(whole) <= NAME_MAX else f"{whole[: NAME_MAX - 9].rstrip('/.-')}-{_digest('/'.join(parts))}"


def exact(text_: str) -> str:
    """`text_` for a name, told apart from what differs only in letters that a name does not keep: `Data` is not `data`."""
    return text_ if slug(text_) == text_ else f"{slug(text_)[:80]}-{_digest(text_)}"


def text(value: Any) -> str:
    """`value` where it is a text, without what surrounds it; else an empty one."""
    return value.strip() if isinstance(value, str) else ""


def _digest(whole: str) -> str:
    return hashlib.sha256(whole.encode()).hexdigest()[:8]
