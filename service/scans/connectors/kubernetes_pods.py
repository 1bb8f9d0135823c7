"""Which nodes the pods of each workload run on, and the pods that no workload answers for. Kept small: names, no objects.

A pod is of its controller: a ReplicaSet's of the Deployment that named it, a KServe pod of its InferenceService. Pods
that nothing controls are workloads themselves; those of a controller that is not read stand for it, the first of them.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from service.scans.workload_documents import Workload, listed, mapping
from service.scans.workload_images import Software, parse, software_of

_ISVC: Final = "serving.kserve.io/inferenceservice"
_HASH: Final = "pod-template-hash"
_OVER: Final = frozenset({"Succeeded", "Failed"})
_Key = tuple[str, str, str]  # namespace, kind, name


@dataclass(frozen=True, slots=True, order=True)
class Placement:
    """What a node is as a place: the ref of the host that it is, the ref of its region."""

    host: str = ""
    region: str = ""


@dataclass(slots=True)
class Pods:
    """All pods of a cluster, as far as other parts need them. `kinds` are the kinds of workload that are read."""

    kinds: Collection[str]
    nodes: dict[str, Placement] = field(default_factory=dict)
    running: dict[str, set[Software]] = field(default_factory=dict)
    _places: dict[_Key, set[Placement]] = field(default_factory=dict)
    _orphans: dict[_Key, Workload] = field(default_factory=dict)

    def take(self, pod: Workload, document: Mapping[str, Any], *, is_ai: bool) -> Workload | None:
        """Notes where a pod runs; answers it where it is a workload of its own, of interest, and not over."""
        status = mapping(document.get("status"))
        if status.get("phase") in _OVER:
            return None
        owner = owner_of(pod)
        key = (pod.namespace, *(owner or (pod.kind, pod.name)))
        if placement := self.nodes.get(str(mapping(document.get("spec")).get("nodeName") or "")):
            self._places.setdefault(key, set()).add(placement)
        if not is_ai:
            return None
        self._note_digests(pod, status)
        if owner is None:
            return pod
        if owner[0] not in self.kinds:
            self._orphans.setdefault(key, replace(pod, kind=owner[0], name=owner[1], labels={}))
        return None

    def hand_on(self, workload: Workload) -> None:
        """What a controlled workload runs on, its controller runs on."""
        owner = owner_of(workload)
        if owner is not None and (found := self._places.pop((workload.namespace, workload.kind, workload.name), None)):
            self._places.setdefault((workload.namespace, *owner), set()).update(found)

    def places(self, workload: Workload) -> list[Placement]:
        """Where its pods run, in the same order whenever it is asked."""
        return sorted(self._places.get((workload.namespace, workload.kind, workload.name), ()))

    def orphans(self) -> Iterator[Workload]:
        """What stands for controllers that are not read, each once."""
        for key in sorted(self._orphans):
            yield self._orphans[key]
        self._orphans.clear()

    def _note_digests(self, pod: Workload, status: Mapping[str, Any]) -> None:
        images = {one.name: parse(one.image) for one in pod.containers}
        for one in map(mapping, listed(status.get("containerStatuses"))):
            image, digest = images.get(str(one.get("name"))), str(one.get("imageID") or "").partition("@")[2]
            if image is not None and digest:
                software = software_of(replace(image, digest=digest))
                self.running.setdefault(software.name, set()).add(software)


def owner_of(workload: Workload) -> tuple[str, str] | None:
    """Kind and name of the workload that this one or this pod belongs to, None where it stands for itself."""
    service = workload.labels.get(_ISVC)
    if service and workload.kind != "InferenceService":
        return "InferenceService", service
    if workload.owner is None or workload.owner[0] == "Node":  # a static pod's "controller" is its node
        return None
    kind, name = workload.owner
    suffix = f"-{workload.labels.get(_HASH, '')}"
    if kind == "ReplicaSet" and len(suffix) > 1 and name.endswith(suffix):
        return "Deployment", name.removesuffix(suffix)
    return kind, name
