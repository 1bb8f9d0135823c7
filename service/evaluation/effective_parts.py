"""Parts of a system: what it needs to run, what could take each part's place, and where both run."""

from collections.abc import Iterator, Mapping

from service.evaluation.effective_command import Command, command
from service.evaluation.effective_control import Controls
from service.evaluation.landscape import Landscape, kind_of
from service.evaluation.policy_input import Alternative, Part, Way
from service.inventory.edges import SERVED_BY
from service.inventory.facts import Kind, RelationType

ALTERNATIVE = RelationType.ALTERNATIVE_TO.value
_PARTS = (Kind.MODEL, Kind.AI_SERVICE, Kind.SOFTWARE, Kind.GPU_HOST, Kind.CLOUD_REGION)
_SITES = (Kind.GPU_HOST, Kind.CLOUD_REGION, Kind.AI_SERVICE)

# By ref and pack id, what the last judgement of an asset came to.
Outcomes = Mapping[str, Mapping[str, str]]


class Parts:
    """Finds parts for a batch; who commands a thing is asked once."""

    def __init__(self, land: Landscape, controls: Controls, outcomes: Outcomes) -> None:
        """Reads from `land`; `outcomes` are those of the alternatives' last judgements."""
        self._land = land
        self._controls = controls
        self._outcomes = outcomes
        self._commands: dict[str, Command] = {}
        self._named: dict[str, set[str]] = {}
        for edge in (edge for edges in land.part.up.values() for edge in edges if edge.type == ALTERNATIVE):
            self._named.setdefault(edge.source, set()).add(edge.target)
            self._named.setdefault(edge.target, set()).add(edge.source)

    def of(self, ref: str) -> list[Part]:
        """The parts of a system, sorted by ref; other kinds have none."""
        if kind_of(ref) != Kind.SYSTEM:
            return []
        land = self._land
        sites = {edge.target for edge in land.up(ref, ("runs_on",))}
        used = {edge.target for edge in land.up(ref, ("uses",)) if kind_of(edge.target) in _PARTS}
        plan = (land.attributes(ref) or {}).get("exit_plan") or {}
        planned = {name for name in plan.get("alternatives") or () if kind_of(name) in _PARTS}
        return [
            {
                "ref": part,
                "path": [ref, part],
                "alternatives": [
                    self._alternative(other) for other in sorted(self._others(part, sites, planned) - {part})
                ],
                "ways": self._ways(part),
            }
            for part in sorted(sites | used)
        ]

    def _others(self, part: str, sites: set[str], planned: set[str]) -> set[str]:
        kind = kind_of(part)
        others = self._named.get(part, set()) | {name for name in planned if kind_of(name) == kind}
        return others | sites if part in sites else others

    def _alternative(self, ref: str) -> Alternative:
        return {
            "ref": ref,
            "registered": self._land.asset(ref) is not None,
            "outcomes": dict(sorted(self._outcomes.get(ref, {}).items())),
            "ways": self._ways(ref),
        }

    def _ways(self, ref: str) -> list[Way]:
        if kind_of(ref) in _SITES:
            return [self._way(ref)]
        runs = {edge.target for edge in self._land.up(ref, ("runs_on", SERVED_BY))}
        return [self._way(site) for site in sorted(runs) if kind_of(site) in _SITES]

    def _way(self, site: str) -> Way:
        by = self._command(site)
        places = list(self._places(site))
        countries = by.seats | {place for place in places if place}
        blocs_of = self._land.catalogue.blocs_of
        return {
            "ref": site,
            "jurisdictions": [{"country": code, "blocs": list(blocs_of(code))} for code in sorted(countries)],
            "complete": by.known and not by.maybe and bool(places) and all(places),
        }

    def _places(self, site: str) -> Iterator[str | None]:
        """Countries where a site is; None for one that nobody knows."""
        land = self._land
        if kind_of(site) == Kind.CLOUD_REGION:
            yield (land.attributes(site) or {}).get("country")
        for edge in land.up(site, ("located_in",)):
            yield (land.attributes(edge.target) or {}).get("country")
        for path in (land.attributes(site) or {}).get("data_paths") or ():
            if path["purpose"] == "processing":
                yield (land.attributes(path["region"]) or {}).get("country")

    def _command(self, site: str) -> Command:
        if site not in self._commands:
            self._commands[site] = command(self._controls, site)
        return self._commands[site]
