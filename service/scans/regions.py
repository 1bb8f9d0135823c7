"""What providers call a place where the reference catalogue has another word for it."""

import re
from typing import Final

# OVHcloud counts data centres (GRA11) and names parts (RBX-A) of what the catalogue has as one region each.
_OVH_PART: Final = re.compile(
    r"(bhs|de|gra|rbx|sbg|sgp|syd|uk|waw)(?:\d+|-[a-z0-9-]+)?|([a-z]+(?:-[a-z]+)+?)(?:-?\d+)?"
)


def ovhcloud(code: str) -> str:
    """The catalogue's code of the region that an OVHcloud region, in lower case, is or is a part of; else `code`."""
    found = _OVH_PART.fullmatch(code)
    return (found[1] or found[2]) if found else code
