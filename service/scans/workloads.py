"""What a workload of Kubernetes says about AI: pure reading of one document, whoever brought it.

An API server's list and a YAML file at the gate are read alike. `understand` (from `workload_documents`) takes a document
apart, `is_ai` says whether it is of interest, `system` makes the asset with what it uses:

- `system`, named `<scope>/<namespace>/<kind>/<name>`, with the marks `allod.dev/...` of its labels and annotations;
- `software` of its images and commands (`workload_images`);
- `model`s: `storageUri` and `uri` of KServe, `serveConfigV2` of Ray, and what command lines and variables name
  (`workload_models`); an adapter is `derived_from` the model that it is served with.

Where it runs is not in it, but for regions that its pods must run in (`Workload.regions`); `region_ref` names those.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.inventory.facts import Kind, RelationType
from service.inventory.values import NAME_MAX, is_name
from service.scans import marks
from service.scans.draft import Draft
from service.scans.names import slug
from service.scans.workload_documents import Container, Workload
from service.scans.workload_images import Software, parse, software_of
from service.scans.workload_models import ModelUse, model, models, program

# Labels that controllers write, other ones for the same thing made anew.
_OF_THE_MOMENT: Final = frozenset({"controller-uid", "job-name", "pod-template-hash", "controller-revision-hash"})


@dataclass(frozen=True, slots=True)
class Understood:
    """What a workload becomes, and what of it could not be understood, a sentence each."""

    system: Draft
    software: tuple[Software, ...]
    models: tuple[ModelUse, ...]
    serves: frozenset[tuple[str, str]]  # names of software and of the model it serves
    troubles: tuple[str, ...]


def is_ai(workload: Workload) -> bool:
    """Whether it uses accelerators, runs a known model server, names models, or is marked for Allod."""
    if workload.dedicated or workload.sources or workload.asks or workload.claims or marks.marks(workload.tags):
        return True
    return any(server_of(one) or models_of(one, space="") for one in workload.containers)


def name_of(workload: Workload, scope: str) -> str:
    """The name of its system: `<scope>/<namespace>/<kind>/<name>`."""
    name = "/".join([scope, slug(workload.namespace), slug(workload.kind), slug(workload.name)])
    if len(name) <= NAME_MAX:
        return name
    return f"{name[: NAME_MAX - 9].rstrip('/.-')}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def server_of(container: Container) -> str | None:
    """The package of the model server that a container runs: by its image, else by its command."""
    image = parse(container.image)
    return (image.server if image else None) or program(container.words)


def models_of(container: Container, *, space: str) -> list[ModelUse]:
    """The models that a container serves."""
    return models(container.words, container.environment, server=server_of(container), space=space)


def system(workload: Workload, *, scope: str, source: str) -> Understood:
    """The system that a workload is, with what it uses. Where it runs is left to who knows the cluster.

    Args:
        workload: what `understand` answered.
        scope: the beginning of names: `kubernetes/<cluster>`.
        source: what evidence names as its origin, for instance `kubernetes:apps/v1/deployments`.
    """
    name, trouble = marks.name_of(Kind.SYSTEM, name_of(workload, scope), workload.tags)
    draft = Draft(Kind.SYSTEM, name, workload.name)
    troubles = [trouble] if trouble else []
    given = {key: text for key, text in workload.labels.items() if key.rpartition("/")[2] not in _OF_THE_MOMENT}
    draft.labels |= {**marks.labels(given), "kubernetes/namespace": workload.namespace}
    draft.labels["kubernetes/kind"] = workload.kind
    software: list[Software] = []
    found: dict[str, ModelUse] = {}
    serves: set[tuple[str, str]] = set()
    space = f"{scope}/{slug(workload.namespace)}"
    for text in workload.sources:
        if (use := model(text, space=space)) is not None:
            found.setdefault(use.name, use)
        else:
            troubles.append("it names a model that cannot be named here")
    for container in workload.containers:
        programs, trouble = _programs(container)
        software += programs
        troubles += [trouble] if trouble else []
        for use in models_of(container, space=space):
            found.setdefault(use.name, use)
            if server := server_of(container):
                serves.add((server, use.name))
    for use in found.values():
        draft.relate(RelationType.USES, f"{Kind.MODEL}:{use.name}")
    for one in software:
        draft.relate(RelationType.USES, f"{Kind.SOFTWARE}:{one.name}")
    draft.annotate("kubernetes/accelerators", ", ".join(f"{key}: {value}" for key, value in workload.asks.items()))
    if workload.claims:
        troubles.append("it claims devices (resource.k8s.io), and what these are is not told in it")
    troubles += marks.apply(draft, workload.tags, source=f"{source}/annotations")
    return Understood(draft, tuple(software), tuple(found.values()), frozenset(serves), tuple(troubles))


def region_ref(provider: str | None, code: str) -> str | None:
    """The ref of a region, None where the provider is not known or the code makes no name."""
    name = f"{provider}/{code}"
    return f"{Kind.CLOUD_REGION}:{name}" if provider and code and is_name(name) else None


def models_draft(uses: Sequence[ModelUse]) -> Draft:
    """The asset that all `uses` speak of."""
    first = min(uses, key=lambda use: (use.title, use.base or ""))
    draft = Draft(Kind.MODEL, first.name, first.title)
    for use in uses:
        if use.base:
            draft.relate(RelationType.DERIVED_FROM, f"{Kind.MODEL}:{use.base}", "adapter")
    return draft


def _programs(container: Container) -> tuple[list[Software], str | None]:
    image, known = parse(container.image), program(container.words)
    if image is None:
        trouble = (
            f"the image of its container {container.name} is no reference that can be read" if container.image else None
        )
        return ([Software(known, known)] if known else []), trouble
    own = software_of(image)
    return [own, *([Software(known, known)] if known and known != own.name and not image.server else [])], None
