"""Effective control: who can be compelled over the regions, hosts and services that an asset's data reaches.

For each such thing the chain starts at its operator and climbs through every owner known on `as_of` to the ultimate parents.
Source of the idea that reach follows control, not place: 18 U.S.C. 2713; SecNumCloud 3.2, 19.6.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from service.evaluation.effective_operators import operators
from service.evaluation.effective_places import hosts_and_services
from service.evaluation.landscape import Landscape, kind_of, weakest
from service.evaluation.policy_input import Control, Grade, Link, Place
from service.inventory.facts import Kind

Status = Literal["complete", "unknown_owner", "unknown_operator", "unknown_country", "dangling"]
# Where several gaps lie in one chain, the one that hides most is reported.
_WORST: tuple[Status, ...] = ("complete", "unknown_country", "unknown_owner", "dangling", "unknown_operator")
_WHOLE = 10_000


@dataclass
class _Chain:
    """A company and everybody above it, with paths that start at the company."""

    links: list[Link] = field(default_factory=list)
    status: Status = "complete"
    ends: set[str] = field(default_factory=set)

    def stop(self, status: Status, end: str) -> None:
        self.ends.add(end)
        self.status = max(self.status, status, key=_WORST.index)


class Controls:
    """Builds chains for a batch; the chain of a company is climbed once."""

    def __init__(self, land: Landscape) -> None:
        """Reads from `land`."""
        self._land = land
        self._chains: dict[str, _Chain] = {}

    def of(self, ref: str, places: list[Place]) -> list[Control]:
        """One entry for each thing under somebody's control that the asset rests on, sorted by ref."""
        found: dict[str, Control] = {}
        for thing, path in self._things(ref, places):
            if thing not in found or len(path) < len(found[thing]["path"]):
                found[thing] = self.chain_of(thing, path)
        return [found[thing] for thing in sorted(found)]

    def chain_of(self, thing: str, path: list[str]) -> Control:
        """Who stands above a region, host, service or company; `path` leads to it."""
        whole = _Chain()
        runs: list[tuple[str, Grade]] = [(thing, "verified")]
        if kind_of(thing) != Kind.VENDOR:
            runs = operators(self._land, thing)
        if not runs:
            whole.stop("dangling" if not self._land.is_known(thing) else "unknown_operator", thing)
        for operator, grade in runs:
            chain = self._chain(operator)
            # A vendor is the first link of its own chain: its way must not name it twice.
            way = path[:-1] if operator == thing else path
            whole.links += [_placed(link, way, grade) for link in chain.links]
            for end in chain.ends:
                whole.stop(chain.status, end)
        return {
            "of": thing,
            "path": path,
            "status": whole.status,
            "ends": sorted(whole.ends),
            "links": sorted(whole.links, key=lambda link: (link["depth"], link["vendor"], link["path"])),
        }

    def _things(self, ref: str, places: list[Place]) -> Iterator[tuple[str, list[str]]]:
        if kind_of(ref) in (Kind.CLOUD_REGION, Kind.VENDOR):
            yield ref, [ref]
        yield from hosts_and_services(self._land, ref)
        for place in places:
            if place["region"] is not None:
                yield place["region"], place["path"]

    def _chain(self, operator: str) -> _Chain:
        if operator not in self._chains:
            chain = _Chain()
            self._climb(chain, operator, "operator", [operator], _WHOLE, veto=False)
            self._chains[operator] = chain
        return self._chains[operator]

    def _climb(
        self,
        chain: _Chain,
        vendor: str,
        role: Literal["operator", "owner"],
        path: list[str],
        share: int | None,
        *,
        veto: bool,
    ) -> None:
        land = self._land
        attributes = land.attributes(vendor)
        if attributes is None:
            chain.links.append(self._link(vendor, vendor, role, path, share, veto, None, None, "unresolved"))
            chain.stop("dangling", vendor)
            return
        country, headquarters = attributes.get("incorporated_in"), attributes.get("headquarters")
        name = attributes.get("legal_name") or vendor
        grade = weakest(land.grade(vendor, "incorporated_in"), land.grade(vendor, "owners"))
        chain.links.append(self._link(vendor, name, role, path, share, veto, country, headquarters, grade))
        if country is None:
            chain.stop("unknown_country", vendor)
        owners = attributes.get("owners")
        if owners is None:
            chain.stop("unknown_owner", vendor)
            return
        for owner in owners:
            if holds_on(owner, land.as_of.isoformat()):
                self._owner(chain, owner, path, land.grade(vendor, "owners"))

    def _owner(self, chain: _Chain, owner: dict[str, Any], path: list[str], grade: Grade) -> None:
        share, veto = _share(owner), bool(owner.get("veto"))
        above = owner.get("vendor")
        if above:
            if above not in path:  # two companies that own each other: the circle is closed, nobody stands above
                self._climb(chain, above, "owner", [*path, above], share, veto=veto)
            return
        name, country = str(owner.get("name", "unnamed owner")), owner.get("country")
        chain.links.append(self._link(name, name, "owner", [*path, name], share, veto, country, country, grade))
        if country is None:
            chain.stop("unknown_country", name)

    def _link(
        self,
        vendor: str,
        name: str,
        role: Literal["operator", "owner"],
        path: list[str],
        share: int | None,
        veto: bool,
        country: str | None,
        headquarters: str | None,
        grade: Grade,
    ) -> Link:
        catalogue = self._land.catalogue
        seats = sorted({seat for seat in (country, headquarters) if seat})
        regimes = {regime.id: regime for seat in seats for regime in catalogue.regimes_of(seat)}
        return {
            "vendor": vendor,
            "name": name,
            "role": role,
            "depth": len(path) - 1,
            "country": country,
            "headquarters": headquarters,
            "blocs": list(catalogue.blocs_of(country)) if country else [],
            "headquarters_blocs": list(catalogue.blocs_of(headquarters)) if headquarters else [],
            "share": share,
            "veto": veto,
            "regimes": [
                {"id": key, "title": regimes[key].title, "country": regimes[key].country} for key in sorted(regimes)
            ],
            "path": path,
            "grade": grade,
        }


def _placed(link: Link, path: list[str], grade: Grade) -> Link:
    return {**link, "path": [*path, *link["path"]], "grade": weakest(grade, link["grade"])}


def holds_on(owner: dict[str, Any], day: str) -> bool:
    """Whether an ownership holds on `day`: from the first day named, up to but not with the last."""
    return (owner.get("from") or "") <= day and (owner.get("to") is None or day < owner["to"])


def _share(owner: dict[str, Any]) -> int | None:
    """The larger of capital and voting share, in basis points."""
    stated = [owner[key] for key in ("capital_share", "voting_share") if owner.get(key) is not None]
    return round(max(stated) * 100) if stated else None
