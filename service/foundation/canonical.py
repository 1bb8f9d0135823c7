"""One byte sequence for one value: the ground of every digest, ETag and replay.

Object keys are sorted by code point, there is no white space, numbers are as `orjson` writes them. Two values that are
equal have equal bytes; the digest is SHA-256 in lower-case hex.
"""

import hashlib
from typing import Any

import orjson

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


def encode(value: Any) -> bytes:
    """Canonical JSON of `value`.

    Raises:
        TypeError: the value holds something that JSON cannot say.
    """
    return orjson.dumps(value, option=_OPTIONS)


def decode(data: bytes | str) -> Any:
    """The value that `data` spells.

    Raises:
        ValueError: `data` is not JSON.
    """
    return orjson.loads(data)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`, 64 hex digits."""
    return digest_bytes(encode(value))


def digest_bytes(data: bytes) -> str:
    """SHA-256 of `data`, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()
