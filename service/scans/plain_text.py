"""Other people's text, made fit for a manifest: no control characters, no half characters, not longer than it holds."""

import re
from typing import Any, Final

LINE_MAX: Final = 500
NOTE_MAX: Final = 20_000
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def note(value: Any) -> str:
    """`value` as text of an annotation, empty where it is no text."""
    return _UNFIT.sub("", value).strip()[:NOTE_MAX] if isinstance(value, str) else ""


def line(value: Any) -> str:
    """`value` as one line, empty where it is no text."""
    return " ".join(_UNFIT.sub(" ", value).split())[:LINE_MAX] if isinstance(value, str) else ""


def words(value: Any) -> list[str]:
    """The lines of a text or a list of texts, as metadata writes the one or the other; what is no text is left out."""
    entries = value if isinstance(value, list) else [value]
    return [text for entry in entries if (text := line(entry))]
