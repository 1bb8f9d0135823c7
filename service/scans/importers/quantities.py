"""Quantities as people write them: `7B parameters (dense)`, `1_1B`, `100M`."""

import re

_AMOUNT = re.compile(r"(\d+)(?:[._](\d+))?\s*([KMBT])\b(?!\s*(?:tokens|images|hours))", re.IGNORECASE)
_SCALE = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


def leading(text: str) -> int | None:
    """The number that `text` begins with, None where it begins otherwise or counts tokens, images or hours."""
    match = _AMOUNT.match(text)
    return _number(match) if match else None


def whole(text: str) -> int | None:
    """The number that `text` is, None where it is anything else or more."""
    match = _AMOUNT.fullmatch(text)
    return _number(match) if match else None


def _number(match: re.Match[str]) -> int:
    scale = _SCALE[match[3].upper()]
    part = match[2] or ""
    return int(match[1]) * scale + (int(part) * scale // 10 ** len(part) if part else 0)
