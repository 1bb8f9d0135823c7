"""The answer to a candidate as plain data: what the API sends, what the command line prints, what formats are made from.

Everything is in it that a reader of the answer needs and nothing that changes from one asking to the next: the id of the
kept decision is added by whoever kept it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from service.foundation import canonical
from service.gate.reading.parts import Ignored, Missing, Place, Reading

Answer = dict[str, Any]
_Part = TypeVar("_Part", Missing, Ignored)


def nothing(*, workspace: str, point: str, as_of: str) -> Answer:
    """The answer where all that was read is of no concern: there is nothing that a rule could object to."""
    return {
        "id": None,
        "digest": canonical.digest({}),
        "verdict": "allow",
        "undecided": False,
        "workspace": workspace,
        "point": point,
        "as_of": as_of,
        "engine": "",
        "judged": 0,
        "reasons": [],
        "rules": {},
        "missing": [],
        "ignored": [],
    }


def located(answer: Mapping[str, Any], readings: Sequence[Reading], beside: Sequence[Ignored] = ()) -> Answer:
    """The answer with the places of the files that the candidates were read from, and what these files lack.

    Of what they lack that is told which concerns an asset with an open question: what is registered already, or what no
    rule asks for, needs no line. `beside` is what was found next to these files and not read.
    """
    places: dict[str, Place] = {}
    for proposed in (one for reading in readings for one in reading.proposed):
        places.setdefault(proposed.ref, proposed.place)
    ignored = [*beside, *(one for reading in readings for one in reading.ignored)]
    asked = {
        ref
        for reason in answer["reasons"]
        if reason["outcome"] == "unknown"
        for ref in (reason["asset"], reason.get("via"))
    }
    missing = [one for reading in readings for one in reading.missing if one.asset in asked]
    reasons = [{**reason, "place": _placed(places.get(reason.get("via") or ""))} for reason in answer["reasons"]]
    return {
        **answer,
        "reasons": reasons,
        "missing": [_missing(one) for one in _in_order(missing)],
        "ignored": [_ignored(one) for one in _in_order(ignored)],
    }


def _in_order(parts: Iterable[_Part]) -> list[_Part]:
    return sorted(parts, key=lambda one: (one.place, repr(one)))


def _placed(place: Place | None) -> dict[str, Any] | None:
    return {"file": place.file, "line": place.line} if place else None


def _missing(one: Missing) -> dict[str, Any]:
    return {"asset": one.asset, "what": one.what, "add": one.add, "file": one.place.file, "line": one.place.line}


def _ignored(one: Ignored) -> dict[str, Any]:
    return {"what": one.what, "why": one.why, "file": one.place.file, "line": one.place.line}
