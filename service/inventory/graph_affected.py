"""What a change reaches: whose documents can be altered by it."""

from collections.abc import Collection

from service.inventory import edges
from service.inventory.estate import Estate
from service.inventory.facts import Kind
from service.inventory.graph import REACHED, REACHING, SYSTEM
from service.inventory.reference import Catalogue

_COUNTED = (SYSTEM, f"{Kind.GPU_HOST}:")


def affected(estate: Estate, catalogue: Catalogue, refs: Collection[str]) -> set[str]:
    """Refs whose input document a change of `refs` can alter.

    The changed, all that rests on them, and, below those of them that carry data or serve users, whatever is judged by
    what rests on it. Also systems with a part that something of all this could take the place of, and, where a system or
    a host is among it, every vendor: each is judged by its share of the whole.

    Refs of deleted and of unregistered assets may be among them.
    """
    start = set(refs)
    for ref in refs:
        start |= catalogue.resting_on(ref)
    down = start | {tie.source for tie in estate.down(start, edges.DEPENDENCY)}
    carriers = [ref for ref in down if ref.startswith(REACHING)]
    below = {tie.target for tie in estate.up(carriers, edges.DEPENDENCY) if tie.target.startswith(REACHED)}
    found = (down | below | _replaceable(estate, down)) - (start - set(refs))
    return found | estate.vendors() if any(ref.startswith(_COUNTED) for ref in down) else found


def _replaceable(estate: Estate, refs: Collection[str]) -> set[str]:
    """Systems with a part that one of `refs` is an alternative to."""
    ends = {end for tie in estate.exchanges(refs) for end in (tie.source, tie.target)}
    rest = {tie.source for tie in estate.down(ends, edges.DEPENDENCY)}
    return {ref for ref in ends | rest if ref.startswith(SYSTEM)}
