"""What holds of the rules whatever the document: laws that no single case can show."""

from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.engine.embedded import EmbeddedEngine
from service.engine.judge import judge
from service.engine.protocol import RawVerdict
from service.packs.cases import complete
from service.packs.source import Library

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def asked(engine: EmbeddedEngine, library: Library, rule: str, document: dict[str, Any], **given: Any) -> RawVerdict:
    values = {name: one.default for name, one in library.rules[rule].parameters.items()} | given
    document["parameters"] = {rule: values}
    (judged,) = judge(engine, library.bundle([rule]), document["asset"]["kind"], [document])
    verdict = judged.verdicts[rule]
    assert verdict.error is None
    return verdict


days = st.dates(min_value=date(1970, 1, 1), max_value=date(2199, 12, 31))


@FEW
@given(day=days, gap=st.integers(-400, 4000), allowed=st.integers(1, 4000))
def test_an_exit_plan_holds_from_its_day_to_exactly_its_age(
    embedded: EmbeddedEngine, library: Library, base: dict[str, Any], day: date, gap: int, allowed: int
) -> None:
    today = day + timedelta(days=gap)
    part = {
        "as_of": today.isoformat(),
        "asset": {
            "ref": "system:a",
            "attributes": {"criticality": "critical", "exit_plan": {"tested_on": day.isoformat()}},
        },
    }
    verdict = asked(embedded, library, "VEN-003", complete(base, part), max_age_days=allowed)
    assert bool(verdict.violations) is not (0 <= gap <= allowed)
    assert verdict.unknowns == ()


companies = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 10_000)), st.booleans(), st.booleans()), min_size=1, max_size=5
)


@FEW
@given(chain=companies, threshold=st.integers(1, 10_000))
def test_a_foreign_owner_counts_exactly_when_every_step_down_to_the_operator_does(
    embedded: EmbeddedEngine,
    library: Library,
    base: dict[str, Any],
    chain: list[tuple[int | None, bool, bool]],
    threshold: int,
) -> None:
    links: list[dict[str, Any]] = [{"vendor": "vendor:op", "role": "operator", "country": "FR", "blocs": ["EEA", "EU"]}]
    surely, perhaps = True, True
    violations, questions = set(), set()
    for number, (share, veto, foreign) in enumerate(chain):
        vendor = f"vendor:{number}"
        decides = veto or (share is not None and share >= threshold)
        surely, perhaps = surely and decides, perhaps and (decides or share is None)
        # A state of its own for each company, since one state's reach is one finding.
        country = f"X{chr(ord('A') + number)}" if foreign else "DE"
        link = {"vendor": vendor, "share": share, "veto": veto, "country": country}
        law = {"id": f"law-{number}", "title": f"Law {number}", "country": country}
        links.append({**link, "regimes": [law]} if foreign else {**link, "blocs": ["EEA", "EU"]})
        if foreign and surely:
            violations.add(vendor)
        elif foreign and perhaps:
            questions.add(vendor)
    part = {
        "asset": {"ref": "gpu_host:a"},
        "data": {"classes": ["personal"]},
        "control": [{"of": "gpu_host:a", "links": links}],
    }
    verdict = asked(embedded, library, "JUR-001", complete(base, part), control_threshold=threshold)
    assert {finding.vendor for finding in verdict.violations} == violations
    assert {finding.vendor for finding in verdict.unknowns} == questions


duties = st.sets(st.sampled_from(["copyleft", "naming", "non_commercial", "notice", "use_restrictions"]))


@FEW
@given(own=duties, ancestors=st.lists(duties, min_size=1, max_size=4))
def test_a_derivative_is_clean_exactly_when_it_carries_all_that_binds_its_line(
    embedded: EmbeddedEngine, library: Library, base: dict[str, Any], own: set[str], ancestors: list[set[str]]
) -> None:
    def fact(number: int, obligations: set[str]) -> dict[str, Any]:
        path = [f"model:{step}" for step in range(number + 1)]
        terms = {"commercial_use": True, "obligations": sorted(obligations)}
        return {"ref": path[-1], "path": path, "expression": "LicenseRef-x", "terms": terms}

    facts = [fact(number, obligations) for number, obligations in enumerate([own, *ancestors])]
    document = complete(base, {"asset": {"ref": "model:0"}, "licences": facts})
    verdict = asked(embedded, library, "LIC-009", document)
    dropping = {f"model:{n}" for n, theirs in enumerate(ancestors, 1) if theirs - own - {"notice"}}
    assert {finding.subject for finding in verdict.violations} == dropping


kinds_of_place = st.fixed_dictionaries(
    {
        "purpose": st.sampled_from(["storage", "backup", "processing"]),
        "status": st.sampled_from(["known", "dangling", "no_country"]),
        "country": st.sampled_from(["FR", "US"]),
    }
)


@FEW
@given(places=st.lists(kinds_of_place, max_size=6), declared=st.booleans())
def test_storage_passes_only_on_known_places_that_are_all_allowed(
    embedded: EmbeddedEngine, library: Library, base: dict[str, Any], places: list[dict[str, str]], declared: bool
) -> None:
    def place(number: int, one: dict[str, str]) -> dict[str, Any]:
        known = one["status"] == "known"
        blocs = ["EEA", "EU"] if known and one["country"] == "FR" else []
        region = f"cloud_region:x/{number}"
        return {**one, "region": region, "country": one["country"] if known else None, "blocs": blocs}

    data = {"classes": ["personal"]} if declared else {"undeclared": [["dataset:d"]]}
    part = {"asset": {"ref": "dataset:d"}, "data": data, "places": [place(n, one) for n, one in enumerate(places)]}
    verdict = asked(embedded, library, "RES-001", complete(base, part))
    stores = [one for one in places if one["purpose"] != "processing"]
    abroad = [one for one in stores if one["status"] == "known" and one["country"] == "US"]
    unclear = [one for one in stores if one["status"] != "known"]
    missing = not any(one["purpose"] == "storage" for one in stores)
    assert verdict.applies
    assert len(verdict.violations) == (len(abroad) if declared else 0)
    assert len(verdict.unknowns) == len(unclear) + missing + (1 if abroad and not declared else 0)
