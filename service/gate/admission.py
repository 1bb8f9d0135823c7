"""Admission to a Kubernetes cluster: what an API server asks, what of it is judged, and how the answer reads. Pure.

What is let through unjudged, and why that is safe:

- deletion and connection, and subresources that carry no pods (`status`, `scale`, `binding`): nothing new would run;
- an update that changes nothing of what is judged, for instance the removal of a finalizer;
- what a controller of the cluster itself makes for an owner whose kind is judged: a Deployment's ReplicaSets and their
  Pods. An owner reference alone proves nothing, since whoever may create a Pod may write one. The name of the account
  that asks is put there by the API server, so only that controller's own account is believed.

Everything else is judged. A verdict that could not be had refuses, under either failure policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from service.gate.admission_file import SETTING, AdmissionFile, Mode, Treatment
from service.scans import marks
from service.scans.workload_documents import listed, mapping

PATH: Final = "/admission/v1/validate"
VERSION: Final = "admission.k8s.io/v1"
KIND: Final = "AdmissionReview"
MESSAGE_MAX: Final = 4_096  # characters of a refusal
WARNING_MAX: Final = 256  # characters; an API server that must shorten warnings shortens them to this
WARNINGS_MAX: Final = 4_096  # characters of all warnings together, likewise

# API group -> kinds whose pods are judged, with the resources that a webhook is called for.
JUDGED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "": {
        "Pod": ("pods", "pods/ephemeralcontainers", "pods/resize"),
        "ReplicationController": ("replicationcontrollers",),
    },
    "apps": {
        "Deployment": ("deployments",),
        "StatefulSet": ("statefulsets",),
        "DaemonSet": ("daemonsets",),
        "ReplicaSet": ("replicasets",),
    },
    "batch": {"Job": ("jobs",), "CronJob": ("cronjobs",)},
    "jobset.x-k8s.io": {"JobSet": ("jobsets",)},
    "kubeflow.org": {
        kind: (f"{kind.lower()}s",) for kind in ("JAXJob", "MPIJob", "PaddleJob", "PyTorchJob", "TFJob", "XGBoostJob")
    },
    "leaderworkerset.x-k8s.io": {"LeaderWorkerSet": ("leaderworkersets",)},
    "ray.io": {"RayCluster": ("rayclusters",), "RayJob": ("rayjobs",), "RayService": ("rayservices",)},
    "serving.kserve.io": {
        "InferenceService": ("inferenceservices",),
        "LLMInferenceService": ("llminferenceservices",),
    },
    "trainer.kubeflow.org": {"TrainJob": ("trainjobs",)},
}
_KINDS: Final = frozenset((group, kind) for group, kinds in JUDGED.items() for kind in kinds)
# What is made, its owner's group and kind -> the account in kube-system that makes it.
_MAKERS: Final[Mapping[tuple[str, str, str], str]] = {
    ("Pod", "", "ReplicationController"): "replication-controller",
    ("Pod", "apps", "ReplicaSet"): "replicaset-controller",
    ("Pod", "apps", "StatefulSet"): "statefulset-controller",
    ("Pod", "apps", "DaemonSet"): "daemon-set-controller",
    ("Pod", "batch", "Job"): "job-controller",
    ("ReplicaSet", "apps", "Deployment"): "deployment-controller",
    ("Job", "batch", "CronJob"): "cronjob-controller",
}
_ALL_MAKERS: Final = "system:kube-controller-manager"  # where the controllers have no accounts of their own


class Operation(StrEnum):
    """What is about to happen to the object."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    CONNECT = "CONNECT"


@dataclass(frozen=True, slots=True)
class Asked:
    """A review's request. `user` is the account that the API server found to ask; a `dry_run` changes nothing."""

    uid: str
    operation: Operation
    namespace: str
    name: str
    subresource: str
    user: str
    dry_run: bool
    object: Mapping[str, Any] | None
    old: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ToJudge:
    """An object to be judged, complete with name and namespace, and how its namespace is treated."""

    document: Mapping[str, Any]
    treatment: Treatment


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server is told. `annotations` stand in its audit log, under the webhook's name."""

    uid: str
    allowed: bool
    code: int = 200
    reason: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)

    def as_review(self) -> dict[str, Any]:
        """The AdmissionReview that says so."""
        response: dict[str, Any] = {"uid": self.uid, "allowed": self.allowed}
        if not self.allowed:
            response["status"] = {"code": self.code, "reason": self.reason, "message": self.message}
        if self.warnings:
            response["warnings"] = list(self.warnings)
        response["auditAnnotations"] = dict(self.annotations)
        return {"apiVersion": VERSION, "kind": KIND, "response": response}


def sort(asked: Asked, file: AdmissionFile) -> ToJudge | Answer:
    """What is to be judged, or the answer where that is nothing."""
    treatment = file.treatment(asked.namespace)
    if why := _unjudged(asked, treatment.mode, file.controllers):
        return passed(asked.uid, why)
    if asked.object is None:
        return refused(asked.uid, f"Allod cannot judge this: the review of a {asked.operation} holds no object.")
    return ToJudge(_complete(asked, asked.object), treatment)


def homeless(asked: Asked) -> Answer:
    """The refusal of what stands in a namespace that belongs to no workspace."""
    entry = f'- {{match: "{asked.namespace}", workspace: <name>}}'
    return refused(
        asked.uid,
        f"Allod does not know which workspace the namespace {asked.namespace!r} belongs to. "
        f"Add under namespaces, in the file that {SETTING} names: {entry}",
    )


def passed(uid: str, why: str) -> Answer:
    """It may go on, unjudged, for a reason that the audit log keeps."""
    return Answer(uid, allowed=True, annotations={"verdict": f"not judged: {plain(why)}"})


def refused(uid: str, why: str) -> Answer:
    """It may not go on, as it is."""
    return Answer(uid, False, 403, "Forbidden", _cut(why, MESSAGE_MAX), annotations={"verdict": "refused"})


def undecided(uid: str, why: str) -> Answer:
    """It may not go on, since nobody knows whether it may: the same again may be answered otherwise."""
    message = _cut(f"Allod could not decide, so this is refused: {why}", MESSAGE_MAX)
    return Answer(uid, False, 503, "ServiceUnavailable", message, annotations={"verdict": "undecided"})


def decided(asked: Asked, decision: Mapping[str, Any], mode: Mode) -> Answer:
    """What a decision means for what was asked. `decision` has the keys that `POST /gate` answers.

    A dry run's decision is kept nowhere, so its id is not told.
    """
    kept = None if asked.dry_run else str(decision["id"])
    annotations = {"verdict": str(decision["verdict"]), **({"decision": kept} if kept else {})}
    reasons: Sequence[Mapping[str, Any]] = decision["reasons"]
    hard = [one for one in reasons if one["enforcement"] == "block"]
    if decision["undecided"]:
        errors = "; ".join(_sentence(one) for one in hard if one["outcome"] == "error")
        answer = undecided(asked.uid, errors)
        return Answer(
            asked.uid, False, answer.code, answer.reason, answer.message, (), {**annotations, "verdict": "undecided"}
        )
    blocked = decision["verdict"] not in {"allow", "warn"}
    if blocked and mode is Mode.ENFORCE:
        message = _message(hard, decision["missing"], kept)
        return Answer(asked.uid, False, 403, "Forbidden", message, (), annotations)
    told = [f"would be refused: {_short(one)}" for one in hard]
    told += [_short(one) for one in reasons if one["enforcement"] == "warn"]
    told += [
        _short(one)
        for one in reasons
        if one["enforcement"] == "inform" and one["outcome"] == "unknown" and not one["waiver"]
    ]
    told += [_addition(one) for one in decision["missing"] if told]
    mark = {"mode": mode.value} if blocked else {}
    return Answer(asked.uid, True, warnings=_warnings(told), annotations={**annotations, **mark})


def plain(text: str) -> str:
    """`text` on one line, what cannot be printed shown as `?`: an API server drops warnings with control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))


def _unjudged(asked: Asked, mode: Mode, controllers: Sequence[str]) -> str | None:
    """Why it is let through without a verdict; None where it is not."""
    document = mapping(asked.object)
    carries_pods = (_group(document), document.get("kind")) in _KINDS
    unchanged = asked.operation is Operation.UPDATE and _judged(mapping(asked.old)) == _judged(document)
    owner = _believed_owner(asked, controllers)
    reasons = {
        f"{SETTING} turns the namespace {asked.namespace} off": mode is Mode.OFF,
        f"{asked.operation} runs nothing new": asked.operation in {Operation.DELETE, Operation.CONNECT},
        "a status runs nothing": asked.subresource == "status",
        f"the subresource {asked.subresource} carries no pods": bool(asked.subresource and document)
        and not carries_pods,
        "nothing of what is judged changes": unchanged and bool(document),
        f"its owner is judged, the {owner}": owner is not None,
    }
    return next((why for why, holds in reasons.items() if holds), None)


def _group(document: Mapping[str, Any]) -> str:
    group, slash, _ = str(document.get("apiVersion") or "").partition("/")
    return group if slash else ""


def _judged(document: Mapping[str, Any]) -> Any:
    """All of a document that a reader may look at: everything but its state and the bookkeeping in its metadata."""
    metadata = mapping(document.get("metadata"))
    annotations = mapping(metadata.get("annotations"))
    rest = {key: value for key, value in document.items() if key not in {"metadata", "status"}}
    own = {key: value for key, value in annotations.items() if key.startswith(marks.PREFIX)}
    return rest, mapping(metadata.get("labels")), own


def _believed_owner(asked: Asked, controllers: Sequence[str]) -> str | None:
    """The owner that answers for this object, `Kind name`; None where the object answers for itself."""
    document = mapping(asked.object)
    for owner in map(mapping, listed(mapping(document.get("metadata")).get("ownerReferences"))):
        group, kind = _group(owner), str(owner.get("kind"))
        if owner.get("controller") is not True or (group, kind) not in _KINDS:
            continue
        maker = _MAKERS.get((str(document.get("kind")), group, kind))
        known = {f"system:serviceaccount:kube-system:{maker}", _ALL_MAKERS} if maker else set()
        if asked.user in known or asked.user in controllers:
            return f"{kind} {owner.get('name')}"
    return None


def _complete(asked: Asked, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object with its name and namespace in it."""
    metadata = mapping(document.get("metadata"))
    name = metadata.get("name") or asked.name or str(metadata.get("generateName") or "").rstrip("-.")
    own = {**metadata, "name": name, "namespace": metadata.get("namespace") or asked.namespace}
    return {**document, "metadata": own}


def _message(hard: Sequence[Mapping[str, Any]], missing: Sequence[Mapping[str, Any]], kept: str | None) -> str:
    where = f" (decision {kept})" if kept else ""
    head = f"Allod blocks this for {len(hard)} {'reason' if len(hard) == 1 else 'reasons'}{where}:"
    lines = [f"- {_sentence(one)}" for one in hard]
    lines += [plain(f"{_addition(one)} ({one['what']})") for one in missing]
    return _fitting([head, *(_cut(line, MESSAGE_MAX // 4) for line in lines)], MESSAGE_MAX)


def _addition(missing: Mapping[str, Any]) -> str:
    """The line to add, and where; what a command line would be told, the file of the cluster is told here."""
    line = str(missing["add"])
    if line.startswith("--provider"):
        return f"Add to the file that {SETTING} names: provider: NAME"
    where = "under metadata.annotations" if line.startswith(marks.PREFIX) else f"to {missing['asset']}"
    return f"Add {where}: {line}"


def _fitting(lines: Sequence[str], limit: int) -> str:
    """As many lines as fit into `limit` characters, and how many do not."""
    fitting: list[str] = []
    left = limit - len(f"\n... and {len(lines)} more lines")
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            return "\n".join([*fitting, f"... and {len(lines) - len(fitting)} more lines"])
        fitting.append(line)
    return "\n".join(fitting)


def _warnings(told: Sequence[str]) -> tuple[str, ...]:
    return tuple(_fitting([_cut(one, WARNING_MAX) for one in told], WARNINGS_MAX).split("\n")) if told else ()


def _sentence(reason: Mapping[str, Any]) -> str:
    where = f"{reason['rule']} ({reason['severity']}) {reason['asset']}"
    return plain(f"{where}: {reason['message']} {reason['remedy']}")


def _short(reason: Mapping[str, Any]) -> str:
    return f"{reason['rule']}: {reason['message']} {reason['remedy']}"


def _cut(text: str, limit: int) -> str:
    line = plain(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
