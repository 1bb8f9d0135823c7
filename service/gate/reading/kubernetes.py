"""Kubernetes manifests: what is applied, what Helm and kustomize render, what `kubectl get -o yaml` shows.

Workloads become systems (`service/scans/workloads.py` says how), nodes with accelerators become hosts. Other kinds are
ignored, each by name; in a kind that nobody knows, what has the form of a pod is read.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from service.gate.reading.kubernetes_objects import Object, containers_anywhere, objects, selectors, variables
from service.gate.reading.names_of_ai import speaks_of_ai
from service.gate.reading.parts import File, Ignored, Missing, Options, Proposed, Reading, Type
from service.gate.reading.text import documents, refusal, refuse
from service.gate.reading.workload import Estate, Told, is_of_marks, refused_mark
from service.inventory.facts import RelationType
from service.scans import marks, regions
from service.scans.bom_facts import declared
from service.scans.connectors.kubernetes_nodes import read_node
from service.scans.draft import Draft
from service.scans.names import slug
from service.scans.workload_documents import Workload, understand
from service.scans.workloads import region_ref

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_RENDER: Final = {
    "Kustomization": "what `kustomize build` makes of it",
    "Component": "what `kustomize build` makes of it",
}
# Kinds of Kubernetes itself that start nothing.
_STILL: Final = frozenset(
    {
        *(
            "APIService",
            "ClusterRole",
            "ClusterRoleBinding",
            "ConfigMap",
            "ControllerRevision",
            "CSIDriver",
            "Endpoints",
        ),
        *("CustomResourceDefinition", "EndpointSlice", "Event", "HorizontalPodAutoscaler", "Ingress", "IngressClass"),
        *("Lease", "LimitRange", "MutatingWebhookConfiguration", "Namespace", "NetworkPolicy", "PersistentVolume"),
        *("PersistentVolumeClaim", "PodDisruptionBudget", "PriorityClass", "ResourceQuota", "Role", "RoleBinding"),
        *("RuntimeClass", "Secret", "Service", "ServiceAccount", "StorageClass", "ValidatingAdmissionPolicy"),
        *("ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeSnapshot"),
    }
)
_SOURCE: Final = "kubernetes"


def read(file: File, options: Options) -> Reading:
    """What the documents of a file would bring to a cluster.

    Raises:
        Invalid: a document is no object of Kubernetes, or a mark or an image in it cannot be understood.
    """
    found = documents(file)
    if not found:
        raise refusal(file.name, "there is nothing in it", "at least one document", line=1)
    scope = f"kubernetes/{slug(options.cluster)}" if options.cluster else "kubernetes"
    estate = Estate(scope, f"{_SOURCE}:{file.name}"[:500])
    for document in found:
        for one in objects(document):
            _object(one, estate, options)
    refuse(estate.faults)
    return Reading(Type.KUBERNETES, estate.finish(), tuple(estate.missing), tuple(estate.ignored))


def _object(one: Object, estate: Estate, options: Options) -> None:
    faults = one.faults()
    if one.kind in _RENDER and faults:
        faults = [one.fault("", f"kind {one.kind} describes what is to be rendered", _RENDER[one.kind])]
    if faults:
        estate.faults += faults
        return
    if one.kind == "Node":
        _node(one, estate, options)
        return
    workload = understand(one.data)
    if workload is not None and not workload.containers and not workload.sources and not workload.dedicated:
        workload = _deeper(one, workload)
    if workload is None:
        known = one.kind in _STILL
        why = f"kind {one.kind} starts nothing" if known else f"kind {one.kind} is not read: no pod in it"
        estate.ignored.append(Ignored(f"{one.kind} {one.name}", why, one.place()))
        return
    for key, text in (("name", workload.name), ("namespace", workload.namespace)):
        if not _NAME.fullmatch(text):
            message = f"{text[:60]!r} is no name that Kubernetes takes"
            expected = "lower-case letters, digits, - and ."
            estate.faults.append(one.fault(f"/metadata/{key}", message, expected))
            return
    told = Told(
        workload,
        variables(one.data),
        one.place(),
        one.place("/metadata/annotations"),
        one.mention,
        lambda mark, value: f'{marks.PREFIX}{mark}: "{value}"',
    )
    estate.take(told, everything=options.everything, place_on=lambda draft: _placed(draft, told, one, options))


def _deeper(one: Object, workload: Workload) -> Workload | None:
    """The workload with the containers that its document has in places of its own; None where it has none."""
    if one.kind in _STILL:
        return None
    inner, selector = containers_anywhere(one.data), selectors(one.data)
    if not inner:
        group = str(one.data.get("apiVersion", "")).partition("/")[0]
        if speaks_of_ai(one.kind) or speaks_of_ai(group):
            return replace(workload, dedicated=True)  # AI by its name, whatever form it has: an open question
        return workload if marks.marks(workload.tags) else None
    pod = {"spec": {"containers": inner, "nodeSelector": selector}}
    return understand({**one.data, "spec": {"template": pod}})


def _placed(draft: Draft, told: Told, one: Object, options: Options) -> Iterator[Missing]:
    """States where the pods must run, as far as that is told, and what nodes they ask for."""
    wanted = selectors(one.data)
    draft.annotate("kubernetes/node-selector", ", ".join(f"{key}={value}" for key, value in sorted(wanted.items())))
    if options.cluster:
        draft.labels["kubernetes/cluster"] = options.cluster
    elif marks.REF not in marks.marks(told.workload.tags):
        yield Missing(draft.ref, "which cluster it goes to: its name there is unknown", "--cluster NAME", told.place)
    if any(type_ == RelationType.RUNS_ON for type_, _ in draft.relations):
        return
    provider = options.provider
    codes = [code.lower() for code in told.workload.regions]
    if provider == "ovhcloud":
        codes = [regions.ovhcloud(code) for code in codes]
    for code in codes:
        if ref := region_ref(provider, code):
            draft.relate(RelationType.RUNS_ON, ref)
        elif provider:
            yield Missing(
                draft.ref,
                f"which region {code[:60]!r} is",
                told.line("runs-on", f"cloud_region:{provider}/CODE"),
                told.marked,
            )
        else:
            yield Missing(
                draft.ref, f"whose region {code[:60]} is", "--provider NAME, for instance --provider aws", told.place
            )
    if not codes:
        region = f"cloud_region:{provider or 'aws'}/CODE"
        yield Missing(draft.ref, "where it runs", told.line("runs-on", region), told.marked)


def _node(one: Object, estate: Estate, options: Options) -> None:
    node = read_node(one.data, cluster=options.cluster or "unnamed", provider=options.provider, region=None)
    host = node.host if node else None
    if node is None or host is None:
        estate.ignored.append(Ignored(f"Node {one.name}", "it has no accelerator", one.place()))
        return
    for trouble in node.troubles:
        if is_of_marks(trouble):
            estate.faults.append(refused_mark(one.place("/metadata/labels"), trouble))
        else:
            estate.ignored.append(Ignored(f"Node {one.name}", trouble, one.place()))
    if not any(type_ == RelationType.LOCATED_IN for type_, _ in host.relations):
        line = "topology.kubernetes.io/region: CODE, and --provider NAME"
        estate.missing.append(Missing(host.ref, "where it stands", line, one.place("/metadata/labels")))
    estate.proposed.append(_host(host, one, estate.source))


def _host(host: Draft, one: Object, source: str) -> Proposed:
    manifest: dict[str, Any] = declared(host.manifest(), source)
    return Proposed(manifest, one.place(), whole=False)
