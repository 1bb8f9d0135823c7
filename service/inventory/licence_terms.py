"""What a licence asks for, and how AND and OR combine that: AND takes the strictest, OR lets the licensee choose.

The order behind both words is total: a licence is freer than another if commercial use is surer, then if it is known
at all, then if it asks for fewer things. Only that makes "the freest" one of the alternatives and not a mixture of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from service.inventory.licence_conditions import Conditions

OBLIGATIONS = frozenset(
    {
        "attribution",
        "copyleft",
        "geographic_exclusion",
        "naming",
        "no_derivatives",
        "no_output_training",
        "non_commercial",
        "notice",
        "research_only",
        "share_alike",
        "size_threshold",
        "use_restrictions",
    }
)

_RANK = {True: 0, None: 1, False: 2}


@dataclass(frozen=True, slots=True)
class Terms:
    """`commercial_use` None and `known` False: nobody can say. `obligations` are sorted slugs out of `OBLIGATIONS`.

    `conditions` come along with them: they break ties and decide nothing else.
    """

    commercial_use: bool | None
    obligations: tuple[str, ...] = ()
    known: bool = True
    conditions: Conditions = field(default_factory=Conditions)

    @property
    def strictness(self) -> tuple[int, bool, int, tuple[str, ...], str]:
        """The place in the order: smaller is freer."""
        rank = _RANK[self.commercial_use]
        return (rank, not self.known, len(self.obligations), self.obligations, self.conditions.stamp)


UNKNOWN = Terms(None, (), known=False)


def strictest(all_of: Iterable[Terms]) -> Terms:
    """What holds when every one of them must be kept.

    Commercial use is barred if one bars it and unknown if one leaves it open; obligations add up.
    """
    return reduce(_both, all_of)


def freest(one_of: Iterable[Terms]) -> Terms:
    """What holds when one of them may be chosen: the freest, as it stands."""
    return min(one_of, key=lambda terms: terms.strictness)


def _both(one: Terms, other: Terms) -> Terms:
    ranks = {one.commercial_use, other.commercial_use}
    commercial = False if False in ranks else None if None in ranks else True
    obligations = tuple(sorted({*one.obligations, *other.obligations}))
    return Terms(commercial, obligations, one.known and other.known, one.conditions.joined(other.conditions))


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence of the catalogue. `body` is all that the entry says: law, evidence and notes among it."""

    id: str
    title: str
    terms: Terms
    osi: bool | None
    fsf: bool | None
    aliases: tuple[str, ...] = ()
    replaced_by: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, id: str, body: Mapping[str, Any]) -> "Licence":
        """The licence that an entry of the catalogue describes."""
        return cls(
            id=id,
            title=body.get("title", id),
            terms=Terms(
                body.get("commercial_use"),
                tuple(sorted(body.get("obligations", ()))),
                conditions=Conditions.of(body),
            ),
            osi=body.get("osi"),
            fsf=body.get("fsf"),
            aliases=tuple(body.get("aliases", ())),
            replaced_by=body.get("replaced_by"),
            body=body,
        )
