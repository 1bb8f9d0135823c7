"""Names of other people's things: as part of a ref, and as something to find again under another spelling."""

import hashlib
import re
import unicodedata
from collections.abc import Container

_OUTSIDE = re.compile(r"[^a-z0-9._+@-]+")
_SPELLING = re.compile(r"[^a-z0-9+]+")
# What the Hugging Face hub admits: one or two parts of letters, digits and . _ -
_HUB = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,95}/)?[A-Za-z0-9_][A-Za-z0-9._-]{0,95}")
SEGMENT_MAX = 90  # two of them, their kind and a prefix stay below a name's 200 characters


def slug(text: str) -> str:
    """`text` as one part of a ref: lower case, Latin letters without accents, digits and `. _ + @ -`.

    Text that loses letters this way, or is too long, is told apart by the start of its SHA-256.
    """
    folded = _folded(text)
    part = _OUTSIDE.sub("-", folded).strip("-.")
    lost = any(letter.isalnum() and not letter.isascii() for letter in folded)
    if part and len(part) <= SEGMENT_MAX and not lost:
        return part
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{part[: SEGMENT_MAX - 9].strip('-.')}-{digest}".lstrip("-")


def spelling(text: str) -> str:
    """What two spellings of a name share.

    `Common Crawl`, `CommonCrawl` and `common-crawl` are one, `Command R+` is not `Command R`.
    """
    folded = _folded(text)
    return _SPELLING.sub("", folded) if folded.isascii() else folded


def distinct(wanted: str, taken: Container[str]) -> str:
    """`wanted`, or the first of `wanted-2`, `wanted-3`, … that is not `taken`."""
    name, count = wanted, 1
    while name in taken:
        count += 1
        name = f"{wanted}-{count}"
    return name


def hub_name(text: str) -> str | None:
    """The name of a model or dataset on a hub (`meta-llama/Llama-3.1-8B-Instruct`, `gpt2`), None where `text` is none.

    It is the name of the asset, too, so that whoever serves, tunes or declares the model speaks of the same one.
    """
    return text if _HUB.fullmatch(text) and ".." not in text and "--" not in text else None


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
