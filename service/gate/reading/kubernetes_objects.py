"""Objects in documents of Kubernetes: one by one, out of lists, with what is wrong with their form."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from service.foundation.errors import Fault
from service.gate.reading.parts import Place
from service.gate.reading.text import Document, inside, mentioned, walk
from service.inventory.facts import Kind
from service.scans import marks
from service.scans.workload_documents import listed, mapping

# What nodes are chosen by, and tells of their accelerators or their place.
_TELLING: Final = (
    "nvidia.com/gpu",
    "amd.com/gpu",
    "gpu.intel.com/",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu",
    "karpenter.k8s.aws/instance-gpu",
    "k8s.amazonaws.com/accelerator",
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
    "topology.kubernetes.io/",
    "failure-domain.beta.kubernetes.io/",
)
_KINDS: Final = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Object:
    """An object, and where in which document it stands."""

    document: Document
    path: str
    data: Any

    @property
    def kind(self) -> str:
        """Its kind, empty where it has none."""
        return _text(mapping(self.data).get("kind"))

    @property
    def name(self) -> str:
        """Its name; that of an object that is named when it is made, without the end that it gets then."""
        metadata = mapping(mapping(self.data).get("metadata"))
        return _text(metadata.get("name"))

    def place(self, path: str = "") -> Place:
        """Where it stands, or what `path` leads to."""
        return self.document.place(self.path + path)

    def mention(self, text: str) -> Place:
        """Where `text` is first said in it."""
        return self.document.place(mentioned(self.data, text, self.path))

    def fault(self, path: str, message: str, expected: str) -> Fault:
        """What is wrong at `path` of it."""
        return self.document.fault(self.path + path, message, expected)

    def faults(self) -> list[Fault]:
        """What keeps it from being an object of Kubernetes; marks that are no text are no annotations."""
        if not isinstance(self.data, dict):
            return [self.fault("", "this is no object of Kubernetes", "a mapping with apiVersion, kind and metadata")]
        if self.kind in _KINDS and "apiVersion" not in self.data:
            return [self.fault("", "this is a manifest of Allod in a file of Kubernetes", "each in a file of its own")]
        found = [
            self.fault(f"/{key}", f"there is no {key}", f"{key} as text")
            for key in ("apiVersion", "kind")
            if not _text(self.data.get(key))
        ]
        if not self.name:
            found.append(self.fault("/metadata/name", "there is no metadata.name", "a name"))
        for path, word, value in walk(self.data) if any(map(_is_odd_mark, inside(self.data))) else ():
            if _is_odd_mark((word, value)):
                message = f"{word} is {str(value)[:60]}, which is no text"
                found.append(self.fault(path, message, f'text in quotes: {word}: "true"'))
        return found


def objects(document: Document) -> Iterator[Object]:
    """The objects of a document: itself, or where it is a list the entries of that, in their order."""
    left: list[tuple[str, Any]] = [("", document.data)]
    while left:
        path, data = left.pop()
        kind, items = mapping(data).get("kind"), mapping(data).get("items")
        if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
            # A list of one kind (`DeploymentList`) may leave that kind out of its entries.
            inner = {"kind": kind.removesuffix("List"), "apiVersion": mapping(data).get("apiVersion")}
            filled = [{**inner, **one} if kind != "List" and isinstance(one, dict) else one for one in items]
            left += [(f"{path}/items/{number}", one) for number, one in enumerate(filled)][::-1]
        else:
            yield Object(document, path, _named(data))


def variables(data: Any) -> list[str]:
    """The names of all variables that containers are given, whatever gives the values."""
    return [
        entry["name"]
        for key, value in inside(data)
        if key == "env"
        for entry in listed(value)
        if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    ]


def selectors(data: Any) -> dict[str, str]:
    """What nodes must be called for its pods, where that tells of accelerators or places."""
    found: dict[str, str] = {}
    for key, value in inside(data):
        if key == "nodeSelector":
            told = mapping(value).items()
            found |= {name: text for name, text in told if isinstance(text, str) and name.startswith(_TELLING)}
    return found


def containers_anywhere(data: Any) -> list[dict[str, Any]]:
    """All containers, wherever a kind keeps them: what stands in `containers`, and a `container` of its own."""
    found: list[dict[str, Any]] = []
    for key, value in inside(data):
        if key in ("containers", "initContainers"):
            found += [one for one in listed(value) if isinstance(one, dict)]
        elif key == "container" and isinstance(value, dict):
            found.append(value)
    return found


def _named(data: Any) -> Any:
    """`data` with a name, where its name is made up by the server when the object is made."""
    metadata = mapping(mapping(data).get("metadata"))
    start = _text(metadata.get("generateName")).rstrip("-.")
    if not start or metadata.get("name"):
        return data
    return {**data, "metadata": {**metadata, "name": start}}


def _is_odd_mark(pair: tuple[Any, Any]) -> bool:
    """Whether a key is a mark, and its value no text: YAML has read `true` as a truth, and Kubernetes would refuse it."""
    return isinstance(pair[0], str) and pair[0].startswith(marks.PREFIX) and not isinstance(pair[1], str)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
