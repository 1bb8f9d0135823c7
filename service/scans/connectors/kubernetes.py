"""Clusters of Kubernetes: nodes with accelerators, and the workloads that use them or serve models.

Read through the API, with a token that may list (the built-in role `view` does not list nodes). What is seen becomes:

- nodes with accelerators: `gpu_host`, `located_in` the region that their labels or their provider's id name;
- workloads that ask for accelerators, run a known model server, are KServe's, Kubeflow's or Ray's, or carry marks
  `allod.dev/...`: `system`, which `uses` models and software and `runs_on` the hosts and regions where its pods run now;
- their images: `software`; their models: `model`. Both gathered over the whole cluster, so in a part of their own.

Deployments, StatefulSets, DaemonSets, Jobs, CronJobs and bare Pods are read, and those of these that are not installed by
everybody: InferenceService, LLMInferenceService, Kubeflow's jobs, Ray's kinds, JobSet, LeaderWorkerSet. What a kind that
is read controls belongs to its owner; Pods of owners that are not read (an Argo Rollout) are a system under the owner's
name. A part is one kind, in all namespaces or in each of those named.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final

from pydantic import Field

from service.inventory.facts import Grade, Kind, RelationType
from service.inventory.values import RegionRef, Slug
from service.scans.connector import (
    Address,
    Asked,
    Connector,
    Context,
    Event,
    Note,
    Read,
    Refused,
    SecretRef,
    Seen,
    SettingsBase,
)
from service.scans.connectors.kubernetes_api import Api, ListKind
from service.scans.connectors.kubernetes_nodes import read_node
from service.scans.connectors.kubernetes_pods import Placement, Pods, owner_of
from service.scans.draft import Draft
from service.scans.failures import SourceFailure
from service.scans.names import slug
from service.scans.outbound import host_of
from service.scans.workload_documents import Workload, mapping, understand
from service.scans.workload_images import Software, software_draft
from service.scans.workload_models import ModelUse
from service.scans.workloads import is_ai, models_draft, region_ref, system

NODES: Final = ListKind("", "v1", "Node", "nodes", namespaced=False)
PODS: Final = ListKind("", "v1", "Pod", "pods")
# From what is controlled to what controls it: where a pod runs is handed on upwards.
WORKLOADS: Final[Sequence[ListKind]] = (
    ListKind("apps", "v1", "StatefulSet", "statefulsets"),
    ListKind("apps", "v1", "Deployment", "deployments"),
    ListKind("apps", "v1", "DaemonSet", "daemonsets"),
    ListKind("batch", "v1", "Job", "jobs"),
    ListKind("batch", "v1", "CronJob", "cronjobs"),
    ListKind("jobset.x-k8s.io", "v1alpha2", "JobSet", "jobsets", custom=True),
    ListKind("leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet", "leaderworkersets", custom=True),
    *(
        ListKind("kubeflow.org", "v1", kind, f"{kind.lower()}s", custom=True)
        for kind in ("PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob")
    ),
    ListKind("trainer.kubeflow.org", "v1alpha1", "TrainJob", "trainjobs", custom=True),
    ListKind("ray.io", "v1", "RayCluster", "rayclusters", custom=True),
    ListKind("ray.io", "v1", "RayJob", "rayjobs", custom=True),
    ListKind("ray.io", "v1", "RayService", "rayservices", custom=True),
    ListKind("serving.kserve.io", "v1beta1", "InferenceService", "inferenceservices", custom=True),
    ListKind("serving.kserve.io", "v1alpha1", "LLMInferenceService", "llminferenceservices", custom=True),
)
KINDS: Final = frozenset(kind.kind for kind in WORKLOADS)
CLUSTER: Final = "cluster"
GATHERED: Final = "software and models"
_UNHEARD: Final = 2  # parts in a row that get no answer at all: then nobody asks for the others
_Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class KubernetesSettings(SettingsBase):
    """One cluster."""

    server: Address = Field(description="The API server, for instance https://10.0.0.1:6443")
    cluster: Slug = Field(
        max_length=60, description="What the cluster is called here: part of the names of all it holds"
    )
    token: SecretRef | None = Field(default=None, description="A bearer token, for instance of a service account")
    ca_file: str | None = Field(default=None, description="Certificates that the server is trusted by, as a PEM file")
    namespaces: list[_Namespace] = Field(
        default=[], max_length=1_000, description="These namespaces alone, each asked for by itself; otherwise all"
    )
    exclude: list[str] = Field(
        default=[], max_length=1_000, description="Namespaces left out; * and ? stand for any letters"
    )
    nodes: bool = Field(default=True, description="Whether nodes are read; false where the account may not list them")
    provider: Slug | None = Field(
        default=None, description="Whose region codes the nodes' labels hold (`ovhcloud`), where their ids do not tell"
    )
    region: RegionRef | None = Field(default=None, description="Where nodes stand that tell no region themselves")
    page: int = Field(default=250, ge=1, le=5_000, description="Objects asked for at once")


@dataclass(slots=True)
class _Reading:
    settings: KubernetesSettings
    context: Context
    api: Api
    providers: set[str] = field(default_factory=set)
    pods: Pods = field(default_factory=lambda: Pods(KINDS))
    software: dict[str, set[Software]] = field(default_factory=dict)
    models: dict[str, set[ModelUse]] = field(default_factory=dict)
    serves: set[tuple[str, str]] = field(default_factory=set)
    broken: bool = False
    unheard: int = 0

    @property
    def scope(self) -> str:
        return f"kubernetes/{slug(self.settings.cluster)}"

    def cluster(self) -> Iterator[Event]:
        """The server itself. Whoever tells no version is none, and is asked nothing else."""
        yield Asked(CLUSTER)
        try:
            version = self.api.version()
        except SourceFailure as failure:
            if failure.code != 403:
                raise
            yield Refused(CLUSTER, None, failure.detail)
            return
        draft = Draft(Kind.SOFTWARE, "kubernetes", "Kubernetes")
        draft.state("version", version, grade=Grade.VERIFIED, source="kubernetes:version")
        yield Seen(CLUSTER, self.settings.server, draft.manifest())
        yield Read(CLUSTER)

    def listed(self, kind: ListKind, take: Any, rest: Any = None) -> Iterator[Event]:
        """A kind: in all namespaces as one part, or a part for each namespace.

        `take` answers the events of one object, `rest` those that are left when no more objects come.
        """
        names: Sequence[str | None] = (self.settings.namespaces if kind.namespaced else ()) or [None]
        for namespace in names:
            part = f"{namespace}/{kind.plural}" if namespace else kind.plural
            yield Asked(part)
            if self.unheard >= _UNHEARD:
                yield Refused(part, None, "The server has stopped answering.")
                self.broken = True
                continue
            failed: SourceFailure | None = None
            try:
                for found in self.api.objects(kind, namespace):
                    self.context.pause()
                    if not self.is_left_out(found):
                        yield from take(part, kind, found)
            except SourceFailure as failure:
                failed = None if failure.code == 404 and kind.custom else failure
            if rest is not None:
                yield from rest(part, kind)
            if failed is None:
                self.unheard = 0
                yield Read(part)
            else:
                self.broken = True
                self.unheard = 0 if failed.code else self.unheard + 1
                yield Refused(part, None, failed.detail)

    def is_left_out(self, found: Any) -> bool:
        namespace = mapping(mapping(found).get("metadata")).get("namespace")
        return any(fnmatchcase(str(namespace or ""), pattern) for pattern in self.settings.exclude)

    def node(self, part: str, kind: ListKind, found: Any) -> Iterator[Event]:
        settings = self.settings
        node = read_node(found, cluster=settings.cluster, provider=settings.provider, region=settings.region)
        if node is None:
            yield Refused(part, kind.kind, "it has no name")
            return
        if node.provider:
            self.providers.add(node.provider)
        self.pods.nodes[node.name] = Placement(node.host.ref if node.host else "", node.place or "")
        if node.host is not None:
            yield Seen(part, f"node/{node.name}", node.host.manifest())
        yield from (Note(part, f"node/{node.name}", text) for text in node.troubles)

    def pod(self, part: str, kind: ListKind, found: Any) -> Iterator[Event]:
        workload = understand({**mapping(found), "kind": kind.kind})
        if workload is None:
            yield Refused(part, kind.kind, "it has no name")
            return
        own = self.pods.take(workload, mapping(found), is_ai=is_ai(workload))
        if own is not None:
            yield from self.emit(part, kind, own)

    def orphans(self, part: str, kind: ListKind) -> Iterator[Event]:
        for workload in self.pods.orphans():
            yield from self.emit(part, kind, workload)

    def workload(self, part: str, kind: ListKind, found: Any) -> Iterator[Event]:
        workload = understand({**mapping(found), "kind": kind.kind})
        if workload is None:
            yield Refused(part, kind.kind, "it has no name")
        elif (owner := owner_of(workload)) and owner[0] in KINDS:
            self.pods.hand_on(workload)
        elif is_ai(workload):
            yield from self.emit(part, kind, workload)

    def emit(self, part: str, kind: ListKind, workload: Workload) -> Iterator[Event]:
        known = system(workload, scope=self.scope, source=kind.source)
        draft, thing = known.system, f"{workload.namespace}/{workload.kind}/{workload.name}"
        draft.labels["kubernetes/cluster"] = self.settings.cluster
        draft.relate(RelationType.USES, "software:kubernetes")
        troubles = list(known.troubles)
        if not any(type_ == RelationType.RUNS_ON for type_, _ in draft.relations):
            troubles += self.place(draft, workload)
        for one in known.software:
            self.software.setdefault(one.name, set()).add(one)
        for use in known.models:
            self.models.setdefault(use.name, set()).add(use)
        self.serves |= known.serves
        yield Seen(part, thing, draft.manifest())
        yield from (Note(part, thing, text) for text in troubles)

    def place(self, draft: Draft, workload: Workload) -> Sequence[str]:
        """Where the pods run now, or else where they may run alone."""
        found = self.pods.places(workload)
        for placement in found:
            if ref := placement.host or placement.region:
                draft.relate(RelationType.RUNS_ON, ref)
        if found or not workload.regions:
            return ()
        whose = self.settings.provider or (next(iter(self.providers)) if len(self.providers) == 1 else None)
        refs = [region_ref(whose, code.lower()) for code in workload.regions]
        for ref in filter(None, refs):
            draft.relate(RelationType.RUNS_ON, ref)
        return () if all(refs) else ("it must run in a region whose provider cannot be told",)

    def gathered(self) -> Iterator[Event]:
        """Software and models: what several workloads use is one asset, so it is told last."""
        yield Asked(GATHERED)
        source = f"kubernetes:{self.settings.cluster}/images"
        for name, uses in sorted(self.software.items()):
            draft = software_draft(uses | self.pods.running.get(name, set()), source=source)
            for server, served in sorted(self.serves):
                if server == name:
                    draft.relate(RelationType.SERVES, f"{Kind.MODEL}:{served}")
            yield Seen(GATHERED, draft.title, draft.manifest())
        for _, given in sorted(self.models.items()):
            draft = models_draft(sorted(given, key=lambda use: use.title))
            yield Seen(GATHERED, draft.title, draft.manifest())
        if self.broken:
            yield Refused(GATHERED, None, "not all workloads could be read: there may be more of both")
        else:
            yield Read(GATHERED)


def read(settings: KubernetesSettings, context: Context) -> Iterator[Event]:
    """What the cluster shows."""
    token = context.secret(settings.token) if settings.token else None
    ca_file = context.path(settings.ca_file) if settings.ca_file else None
    with closing(Api(settings.server, token=token, ca_file=ca_file, page=settings.page)) as api:
        reading = _Reading(settings, context, api)
        yield from reading.cluster()
        if settings.nodes:
            yield from reading.listed(NODES, reading.node)
        yield from reading.listed(PODS, reading.pod, reading.orphans)
        for kind in WORKLOADS:
            yield from reading.listed(kind, reading.workload)
        yield from reading.gathered()


def reaches(settings: KubernetesSettings) -> list[str]:
    """The API server alone."""
    return [host_of(settings.server)]


CONNECTOR: Final = Connector(
    name="kubernetes",
    title="Kubernetes cluster",
    settings=KubernetesSettings,
    read=read,
    reaches=reaches,
    extra="kubernetes",
)
