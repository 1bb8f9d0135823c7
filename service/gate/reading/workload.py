"""Workloads as proposals, whoever starts them: systems, and the software and models that several of them may use.

Kubernetes and Compose differ in how they write a workload down; what it becomes, and what it does not tell, is the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from service.foundation.errors import Fault
from service.gate.reading import hosted
from service.gate.reading.parts import Ignored, Missing, Place, Proposed
from service.inventory.facts import Kind, RelationType
from service.scans import marks
from service.scans.bom_facts import declared
from service.scans.draft import Draft
from service.scans.workload_documents import Workload
from service.scans.workload_images import Software, parse, software_draft
from service.scans.workload_models import ModelUse
from service.scans.workloads import Understood, is_ai, models_draft, server_of, system

# Attribute -> what is not known, the mark that tells, and what it may say.
_ASKED: Final = (
    (
        "data_classes",
        "which data it handles (public, internal, personal, special_category, health, financial, classified)",
        "data-classes",
        "personal",
    ),
    ("commercial", "whether its use is commercial", "commercial", "true"),
    ("criticality", "how critical it is (low, medium, high, critical)", "criticality", "medium"),
    ("user_jurisdictions", "where its users live", "user-jurisdictions", "DE, FR"),
    ("languages", "which languages its users speak", "languages", "de, fr"),
    ("data_paths", "where its data lies", "storage", "cloud_region:aws/eu-central-1"),
    ("data_paths_complete", "whether these are all the places its data goes to", "data-paths-complete", "true"),
    ("exit_plan", "when its exit plan was last tried", "exit-plan-tested-on", "2026-09-30"),
)
NO_AI: Final = (
    "it shows nothing of AI: no accelerator, no known model server, no model, no key to a hosted service, no mark "
    f"{marks.PREFIX}…"
)


@dataclass(frozen=True, slots=True)
class Told:
    """A workload that was read, where it and its parts stand, and how a mark is written in its file.

    `at` gives the place of the first mention of a text, `marked` that where marks stand; `line` writes a mark as a line.
    """

    workload: Workload
    variables: Sequence[str]
    place: Place
    marked: Place
    at: Callable[[str], Place]
    line: Callable[[str, str], str]


@dataclass(slots=True)
class Estate:
    """All workloads of a file, as they come."""

    scope: str
    source: str
    proposed: list[Proposed] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _software: dict[str, list[tuple[Software, Place]]] = field(default_factory=dict)
    _models: dict[str, list[tuple[ModelUse, Place]]] = field(default_factory=dict)
    _serves: set[tuple[str, str]] = field(default_factory=set)

    def take(self, told: Told, *, everything: bool, place_on: Callable[[Draft], Iterator[Missing]]) -> None:
        """A workload: a system where it is of interest. `place_on` states where it runs, or answers what is missing."""
        workload = told.workload
        told = replace(told, workload=workload)
        services = hosted.services(told.variables)
        if not self._readable(told):
            return
        what = f"{workload.kind} {workload.name}"
        if not (everything or services or is_ai(workload)):
            self.ignored.append(Ignored(what, NO_AI, told.place))
            return
        known = system(workload, scope=self.scope, source=self.source)
        draft = known.system
        for trouble in known.troubles:
            if is_of_marks(trouble):
                self.faults.append(_fault(told.marked, trouble))
            else:
                self.ignored.append(Ignored(what, trouble, told.place))
        if not any(ref.startswith(f"{Kind.AI_SERVICE}:") for _, ref in draft.relations):
            for service in services:
                draft.relate(RelationType.USES, f"{Kind.AI_SERVICE}:{service}")
                asked = f"whether the service that it has a key to is the one registered as {service}"
                line = told.line("uses", f"{Kind.AI_SERVICE}:{service}")
                self.missing.append(Missing(draft.ref, asked, line, told.marked))
        self.missing += place_on(draft)
        self.missing += _asked(draft, known, told)
        self.proposed.append(Proposed(draft.manifest(), told.place, whole=False))
        self._keep(known, told)

    def finish(self) -> tuple[Proposed, ...]:
        """The systems, then what they use: one asset for all workloads of the file, where it stands first."""
        for name, uses in sorted(self._software.items()):
            draft = software_draft({use for use, _ in uses}, source=self.source)
            for server, served in sorted(self._serves):
                if server == name:
                    draft.relate(RelationType.SERVES, f"{Kind.MODEL}:{served}")
            self._propose(draft, uses[0][1])
        for _, models in sorted(self._models.items()):
            self._propose(models_draft([use for use, _ in models]), models[0][1])
        return tuple(self.proposed)

    def _propose(self, draft: Draft, place: Place) -> None:
        self.proposed.append(Proposed(declared(draft.manifest(), self.source), place, whole=False))

    def _keep(self, known: Understood, told: Told) -> None:
        for one in known.software:
            written = [container.image for container in told.workload.containers if parse(container.image) == one.image]
            place = told.at(next(iter(written), one.title))
            self._software.setdefault(one.name, []).append((one, place))
        for use in known.models:
            self._models.setdefault(use.name, []).append((use, told.at(use.title)))
        self._serves |= known.serves

    def _readable(self, told: Told) -> bool:
        """Whether all images can be read: what is in one that cannot, nobody can tell."""
        before = len(self.faults)
        for container in told.workload.containers:
            if container.image and parse(container.image) is None:
                written = container.image
                message = f"the image {written[:60]!r} is no reference that can be read"
                self.faults.append(_fault(told.at(written), message, "for instance ghcr.io/acme/bot:1.4"))
        return len(self.faults) == before


def is_of_marks(trouble: str) -> bool:
    """Whether a sentence is about a mark that somebody wrote for Allod, and wrote wrongly."""
    return trouble.startswith((f"the mark {marks.PREFIX}", f"there is no mark {marks.PREFIX}"))


def refused_mark(place: Place, trouble: str) -> Fault:
    """The fault of a mark that cannot be understood."""
    return _fault(place, trouble)


def _fault(place: Place, message: str, expected: str = "") -> Fault:
    known = ", ".join(sorted(marks.KNOWN))
    return Fault(
        "", message, expected or f"a mark that is known ({known}), in its words", file=place.file, line=place.line
    )


def _asked(draft: Draft, known: Understood, told: Told) -> Iterator[Missing]:
    for attribute, what, mark, example in _ASKED:
        if attribute not in draft.attributes:
            yield Missing(draft.ref, what, told.line(mark, example), told.marked)
    models = any(ref.startswith((f"{Kind.MODEL}:", f"{Kind.AI_SERVICE}:")) for _, ref in draft.relations)
    servers = sorted(filter(None, {server_of(one) for one in told.workload.containers}))
    if not known.models and not models:
        what = f"which model {', '.join(servers)} serves" if servers else "which models it uses"
        example = "model:ollama/llama3.1:8b" if servers == ["ollama"] else "model:organisation/name"
        yield Missing(draft.ref, what, told.line("uses", example), told.marked)
