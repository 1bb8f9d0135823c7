"""Effective holders: who holds a vendor, directly and through others, with the product of the shares on each way.

SecNumCloud 3.2, 19.6 asks what is held "directly or indirectly"; so every way counts, and what a company's record leaves
open counts as held by nobody knows whom.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import ceil
from typing import Any, Final

from service.evaluation.effective_control import holds_on
from service.evaluation.landscape import Landscape, kind_of, weakest
from service.evaluation.policy_input import Grade, Holder
from service.inventory.facts import Kind

WHOLE: Final = 1_000_000
_HUNDRED: Final = Fraction(100)
_HALF: Final = Fraction(1, 2)


def holders(land: Landscape, ref: str) -> list[Holder]:
    """Everybody who holds the vendor `ref`, sorted by path; nothing for other kinds."""
    if kind_of(ref) != Kind.VENDOR:
        return []
    return sorted(_above(land, [ref], Fraction(1), commands=True), key=lambda holder: holder["path"])


def _above(land: Landscape, path: list[str], share: Fraction | None, *, commands: bool) -> Iterator[Holder]:
    """Holders of the last company of `path`, of which the first is held with `share`."""
    company = path[-1]
    owners = [owner for owner in _owners(land, company) if holds_on(owner, land.as_of.isoformat())]
    grade = land.grade(company, "owners")
    for owner in owners:
        part = _part(owner)
        whole = None if share is None or part is None else share * part
        veto = commands and bool(owner.get("veto"))
        above = owner.get("vendor")
        if above in path:  # companies that hold each other: who stands behind that part is not to be told
            yield _rest(path, whole, grade)
            continue
        way = [*path, above or str(owner["name"])]
        yield _holder(land, owner, way, whole, veto, grade)
        if above:
            decides = veto or (commands and part is not None and part >= _HALF)
            yield from _above(land, way, whole, commands=decides)
    left = _left(owners)
    if left != 0:
        yield _rest(path, None if share is None or left is None else share * left, grade)


def _owners(land: Landscape, company: str) -> Sequence[dict[str, Any]]:
    return (land.attributes(company) or {}).get("owners") or ()


def _part(owner: dict[str, Any]) -> Fraction | None:
    """The larger of capital and voting share, exact."""
    stated = [Fraction(str(owner[key])) for key in ("capital_share", "voting_share") if owner.get(key) is not None]
    return max(stated) / _HUNDRED if stated else None


def _left(owners: Sequence[dict[str, Any]]) -> Fraction | None:
    """The larger part of capital and votes that no owner states; None where an owner does not state his."""
    if any(_part(owner) is None for owner in owners):
        return None
    stated = [
        sum((Fraction(str(owner.get(one, owner.get(other)))) for owner in owners), Fraction(0))
        for one, other in (("capital_share", "voting_share"), ("voting_share", "capital_share"))
    ]
    return max(Fraction(0), 1 - min(stated) / _HUNDRED)


def _holder(
    land: Landscape, owner: dict[str, Any], way: list[str], share: Fraction | None, veto: bool, grade: Grade
) -> Holder:
    ref = way[-1]
    known = land.attributes(ref) if owner.get("vendor") else None
    country = known.get("incorporated_in", owner.get("country")) if known else owner.get("country")
    headquarters = known.get("headquarters") if known else country
    return {
        "vendor": ref,
        "name": (known or {}).get("legal_name") or str(owner.get("name") or ref),
        "holder": True,
        "country": country,
        "headquarters": headquarters,
        "blocs": list(land.catalogue.blocs_of(country)) if country else [],
        "headquarters_blocs": list(land.catalogue.blocs_of(headquarters)) if headquarters else [],
        "share": None if share is None else ceil(share * WHOLE),
        "veto": veto,
        "path": way,
        "grade": weakest(grade, land.grade(ref, "incorporated_in")) if known else grade,
    }


def _rest(path: list[str], share: Fraction | None, grade: Grade) -> Holder:
    return {
        "vendor": path[-1],
        "name": f"holders of {path[-1]} that nobody states",
        "holder": False,
        "country": None,
        "headquarters": None,
        "blocs": [],
        "headquarters_blocs": [],
        "share": None if share is None else ceil(share * WHOLE),
        "veto": False,
        "path": path,
        "grade": grade,
    }
