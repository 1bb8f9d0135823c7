"""Nova and Placement: which flavors have accelerators, and the machines behind them, as `gpu_host`s.

- An instance of such a flavor is named `openstack/<id>`, wherever else it is seen; its accelerators are inferred from the
  extra specs, as its tenancy is: whole devices are `dedicated`, shares of a card `shared`.
- A hypervisor is one where Placement lists accelerators for it, where an aggregate that a flavor with accelerators asks for
  holds it, or where such an instance runs on it. Without Placement only the last two tell, and no count.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from service.inventory.facts import Grade, Kind, RelationType
from service.scans import machine_types, marks
from service.scans.connector import Event, Note, Refused, Seen
from service.scans.connectors.openstack_accelerators import Gpus, of_flavor, of_inventories, unclear
from service.scans.connectors.openstack_client import PLACEMENT, Region
from service.scans.connectors.openstack_marks import name, tags, text, write
from service.scans.connectors.openstack_settings import place_of
from service.scans.draft import Draft
from service.scans.failures import SourceFailure

_AGGREGATE: Final = "aggregate_instance_extra_specs:"


@dataclass(slots=True)
class Compute:
    """What the parts of a region tell each other: its flavors, and where instances with accelerators run."""

    region: Region
    flavors: dict[str, tuple[str, Mapping[str, str] | None]] = field(default_factory=dict)
    busy: dict[str, Gpus] = field(default_factory=dict)
    pools: list[tuple[dict[str, str], Gpus]] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)

    def version(self) -> str | None:
        """The version of Nova's API to ask for; found out once.

        Raises:
            SourceFailure: Nova cannot be reached.
        """
        if not self.asked:
            self.asked.append(self.region.version())
        return self.asked[0]

    def gpus(self, flavor: str, specs: Mapping[str, str] | None) -> Gpus | None:
        """The accelerators of a flavor."""
        settings = self.region.cloud.settings
        return of_flavor(flavor, specs, provider=settings.provider or "", named=settings.gpu_flavors)


def flavors(compute: Compute, part: str) -> Iterator[Event]:
    """Which flavors have accelerators. They are no assets; what runs on them is."""
    region = compute.region
    compute.gaps.append("the flavors were not read to their end")
    hidden = ""
    for flavor in region.listed("compute", "/flavors/detail", "flavors", version=compute.version(), is_public="None"):
        if not isinstance(flavor, Mapping) or not text(flavor.get("name")):
            yield Refused(part, "a flavor", "it is not described as a flavor is")
            continue
        called, identity = text(flavor["name"]), text(flavor.get("id"))
        specs = _specs(flavor.get("extra_specs"))
        if specs is None and not hidden:
            specs, hidden = _asked(region, identity)
        compute.flavors[identity or called] = (called, specs)
        gpus = compute.gpus(called, specs)
        if gpus is not None:
            wanted = {
                key.removeprefix(_AGGREGATE): value
                for key, value in (specs or {}).items()
                if key.startswith(_AGGREGATE)
            }
            compute.pools += [(wanted, gpus)] if wanted else []
            if not all("model" in one for one in gpus.accelerators):
                yield Note(
                    part, called, "the flavor has accelerators, but its extra specs and its name do not say which"
                )
        elif specs is not None:
            if devices := unclear(specs):
                yield Note(
                    part, called, f"the flavor passes on {', '.join(devices)}, which is not taken for an accelerator"
                )
            elif machine_types.accelerators("", called):
                yield Note(part, called, "the flavor is named after an accelerator, but its extra specs ask for none")
    compute.gaps.pop()
    if hidden:
        yield Refused(
            part,
            "extra specs",
            f"they are not shown ({hidden}); flavors are judged by their names and by `gpu_flavors`",
        )


def instances(compute: Compute, part: str) -> Iterator[Event]:
    """Every instance whose flavor has accelerators."""
    region, everywhere = compute.region, {"all_tenants": "1"} if compute.region.cloud.settings.all_projects else {}
    compute.gaps.append("the instances were not read to their end")
    for server in region.listed("compute", "/servers/detail", "servers", version=compute.version(), **everywhere):
        identity = text(server.get("id")) if isinstance(server, Mapping) else ""
        if not identity:
            yield Refused(part, "an instance", "it is not described as an instance is")
        elif not isinstance(server.get("flavor"), Mapping):
            why = "its cell is down" if server.get("status") == "UNKNOWN" else "Nova does not say of which flavor it is"
            yield Refused(part, identity, why)
        else:
            yield from _instance(compute, part, identity, server)
        region.cloud.context.pause()
    compute.gaps.pop()


def hypervisors(compute: Compute, part: str) -> Iterator[Event]:
    """Every hypervisor with accelerators."""
    region = compute.region
    for gap in compute.gaps:
        yield Refused(part, None, f"{gap}: hypervisors that only they would show may be missing")
    pools = region.get("compute", "/os-aggregates", version=compute.version()).get("aggregates")
    aggregates = [one for one in pools if isinstance(one, Mapping)] if isinstance(pools, list) else []
    placement = region.has("placement")
    if not placement:
        yield Refused(
            part, "placement", "the catalogue has no Placement here: it alone tells all accelerators of a hypervisor"
        )
    for node in region.listed("compute", "/os-hypervisors/detail", "hypervisors", version=compute.version()):
        called = text(node.get("hypervisor_hostname")) if isinstance(node, Mapping) else ""
        if not called:
            yield Refused(part, "a hypervisor", "it is not described as a hypervisor is")
            continue
        gpus = None
        if placement:
            try:
                gpus = of_inventories(_tree(region, str(node.get("id"))))
            except SourceFailure as error:
                # Where Placement is closed or away for one hypervisor, it is for all.
                placement = error.code not in (401, 403, None)
                yield Refused(part, called if placement else "placement", f"Placement does not tell: {error.detail}")
        yield from _hypervisor(compute, part, node, gpus, aggregates)
        region.cloud.context.pause()


def _specs(given: Any) -> dict[str, str] | None:
    return {str(key): str(value) for key, value in given.items()} if isinstance(given, Mapping) else None


def _asked(region: Region, identity: str) -> tuple[dict[str, str] | None, str]:
    # Nova before 2.61 shows extra specs of one flavor at a time; a newer one leaves out what the user may not see.
    try:
        return _specs(region.get("compute", f"/flavors/{identity}/os-extra_specs").get("extra_specs")) or {}, ""
    except SourceFailure as error:
        return None, error.detail.rstrip(".")


def _instance(compute: Compute, part: str, identity: str, server: Mapping[str, Any]) -> Iterator[Event]:
    own: Mapping[str, Any] = server["flavor"]
    listed = compute.flavors.get(text(own.get("id")))
    flavor = text(own.get("original_name")) or (listed[0] if listed else "")
    # The flavor as it was when the instance was made, where Nova keeps that; else as it is now.
    specs = _specs(own.get("extra_specs"))
    if specs is None and listed is None:
        listed = next((one for one in compute.flavors.values() if flavor and one[0] == flavor), None)
    if specs is None and listed is None and not flavor:
        yield Refused(part, identity, "its flavor is gone, and Nova does not say what it was")
        return
    gpus = compute.gpus(flavor, specs if specs is not None else listed[1] if listed else None)
    node = text(server.get("OS-EXT-SRV-ATTR:hypervisor_hostname"))
    given = tags(server.get("metadata"))
    if gpus is None:
        if given.get(f"{marks.PREFIX}{marks.REF}", "").startswith(f"{Kind.GPU_HOST}:"):
            yield Note(
                part, identity, f"it is marked as a {Kind.GPU_HOST}, but its flavor {flavor} has no accelerators"
            )
        return
    if node:
        compute.busy[node] = _also(compute.busy.get(node), gpus)
    settings, zone = compute.region.cloud.settings, text(server.get("OS-EXT-AZ:availability_zone"))
    called, wrong = marks.name_of(Kind.GPU_HOST, name("openstack", identity), given)
    draft = Draft(Kind.GPU_HOST, called, text(server.get("name")) or identity)
    _state(draft, gpus, Grade.INFERRED, "nova:flavor")
    draft.labels["openstack/cloud"] = settings.cloud
    draft.annotate("openstack/id", identity)
    draft.annotate("openstack/flavor", flavor)
    draft.annotate("openstack/project", text(server.get("tenant_id")))
    draft.annotate("openstack/zone", zone)
    draft.annotate("openstack/hypervisor", node)
    yield from write(draft, given, wrong, part, identity, "nova:metadata")
    _locate(draft, place_of(settings, compute.region.name, zone))
    yield Seen(part, identity, draft.manifest())


def _hypervisor(
    compute: Compute, part: str, node: Mapping[str, Any], gpus: Gpus | None, aggregates: list[Mapping[str, Any]]
) -> Iterator[Event]:
    called, service = text(node["hypervisor_hostname"]), node.get("service")
    host = text(service.get("host")) if isinstance(service, Mapping) else ""
    mine = [_specs(one.get("metadata")) or {} for one in aggregates if host and host in (one.get("hosts") or ())]
    grade, source = Grade.VERIFIED if gpus and gpus.by_ids else Grade.INFERRED, "placement:inventories"
    if gpus is None and (gpus := _wanted(compute, mine) or compute.busy.get(called)):
        source = "nova:flavors"
    given = tags(*mine)
    if gpus is None:
        return
    settings, region = compute.region.cloud.settings, compute.region.name
    wanted, wrong = marks.name_of(Kind.GPU_HOST, name("openstack", settings.cloud, region, called), given)
    draft = Draft(Kind.GPU_HOST, wanted, called)
    _state(draft, gpus, grade, source)
    if any("filter_tenant_id" in one for one in mine):
        draft.state("tenancy", "dedicated", grade=Grade.INFERRED, source="nova:aggregates")  # one project's alone
    zone = next((one["availability_zone"] for one in mine if "availability_zone" in one), "")
    draft.labels["openstack/cloud"] = settings.cloud
    draft.annotate("openstack/id", str(node.get("id") or ""))
    draft.annotate("openstack/hypervisor-type", text(node.get("hypervisor_type")))
    draft.annotate("openstack/zone", zone)
    yield from write(draft, given, wrong, part, called, "nova:aggregates")
    _locate(draft, place_of(settings, region, zone))
    yield Seen(part, called, draft.manifest())


def _state(draft: Draft, gpus: Gpus, grade: Grade, source: str) -> None:
    draft.state("accelerators", [dict(one) for one in gpus.accelerators], grade=grade, source=source)
    tenancy = "shared" if gpus.shared else "dedicated"
    draft.state("tenancy", tenancy, grade=Grade.INFERRED, source=source)
    draft.annotate("openstack/shares-of-a-card", gpus.shares)


def _locate(draft: Draft, place: str) -> None:
    if not any(type_ == RelationType.LOCATED_IN for type_, _ in draft.relations):
        draft.relate(RelationType.LOCATED_IN, place)


def _wanted(compute: Compute, aggregates: list[dict[str, str]]) -> Gpus | None:
    offered = {key: value for one in aggregates for key, value in one.items()}
    return next((_also(None, gpus) for want, gpus in compute.pools if want.items() <= offered.items()), None)


def _also(before: Gpus | None, gpus: Gpus) -> Gpus:
    # What guests have of a hypervisor says what is in it, not how much.
    known = list(before.accelerators) if before else []
    known += [{key: value for key, value in one.items() if key != "count"} for one in gpus.accelerators]
    chips = {str(sorted(one.items())): one for one in known if one}
    return Gpus(
        tuple(chips[key] for key in sorted(chips)) or ({},), shared=gpus.shared or bool(before and before.shared)
    )


def _tree(region: Region, identity: str) -> Iterator[tuple[str, dict[str, int], list[str]]]:
    listed = region.get("placement", "/resource_providers", version=PLACEMENT, in_tree=identity).get(
        "resource_providers"
    )
    for one in listed if isinstance(listed, list) else ():
        path = f"/resource_providers/{one.get('uuid') if isinstance(one, Mapping) else one}"
        held = region.get("placement", f"{path}/inventories", version=PLACEMENT).get("inventories")
        totals = {
            str(resource): entry["total"]
            for resource, entry in (held.items() if isinstance(held, Mapping) else ())
            if isinstance(entry, Mapping) and isinstance(entry.get("total"), int) and entry["total"] > 0
        }
        traits: Any = []
        if totals.keys() & {"VGPU", "PGPU"}:
            traits = region.get("placement", f"{path}/traits", version=PLACEMENT).get("traits")
        yield text(one.get("name")), totals, [str(trait) for trait in traits or ()]
