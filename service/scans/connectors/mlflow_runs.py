"""What MLflow tells of a run: its tags and parameters, and the data that went in."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from service.inventory.facts import Kind, RelationType
from service.scans.draft import Draft
from service.scans.names import hub_name, slug
from service.scans.plain_text import line

CONTEXT: Final = "mlflow.data.context"
# Where the tags of a run keep what its model came from: annotation and tag.
_GIT: Final = {
    "mlflow/git-commit": "mlflow.source.git.commit",
    "mlflow/git-branch": "mlflow.source.git.branch",
    "mlflow/git-repository": "mlflow.source.git.repoURL",
    "mlflow/source-name": "mlflow.source.name",
    "mlflow/source-type": "mlflow.source.type",
}
_EVALUATING = re.compile(r"(?:eval|valid|test|benchmark)", re.IGNORECASE)
_SECRET = re.compile(r"key|token|secret|passw|credential|auth", re.IGNORECASE)
PARAMETERS_MAX: Final = 100
DIGESTS_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Input:
    """Data that went into a run. `name` is that of the dataset's asset."""

    name: str
    title: str
    digest: str
    context: str
    kind: str
    uri: str

    @property
    def relation(self) -> RelationType:
        """What the data was for; where nobody said, a run's input is what the model learnt from."""
        return RelationType.EVALUATED_ON if _EVALUATING.search(self.context) else RelationType.TRAINED_ON


@dataclass(frozen=True, slots=True)
class Run:
    """A run, as far as it says something of the model that came of it."""

    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    strange: tuple[str, ...] = ()

    def annotate(self, draft: Draft) -> None:
        """Keeps what the run says and no attribute holds. Parameters that may be secrets are left out."""
        for key, tag in _GIT.items():
            draft.annotate(key, bare(line(self.tags.get(tag))))
        shown = {key: bare(value)[:200] for key, value in self.parameters.items() if not _SECRET.search(key)}
        draft.annotate("mlflow/parameters", dict(sorted(shown.items())[:PARAMETERS_MAX]))
        lines = sorted({f"{one.title} {one.digest} {one.context or 'no context'}" for one in self.inputs if one.title})
        draft.annotate("mlflow/inputs", "\n".join(lines)[:20_000])


@dataclass(slots=True)
class Shelf:
    """The data that runs named, each once: what is told of it must not hang on which model was read first."""

    inputs: dict[str, list[Input]] = field(default_factory=dict)

    def put(self, inputs: Iterable[Input]) -> None:
        """Remembers `inputs`."""
        for one in inputs:
            known = self.inputs.setdefault(one.name, [])
            if one not in known:
                known.append(one)

    def drafts(self, regions: Mapping[str, str]) -> Iterator[Draft]:
        """The datasets, by name."""
        for name, inputs in sorted(self.inputs.items()):
            draft = Draft(Kind.DATASET, name, min(one.title for one in inputs) or name)
            digests = sorted({one.digest for one in inputs if one.digest})
            draft.annotate("mlflow/digest", ", ".join(digests[:DIGESTS_MAX]))
            draft.annotate("mlflow/source-type", ", ".join(sorted({one.kind for one in inputs})))
            uris = sorted({one.uri for one in inputs if one.uri})
            draft.annotate("mlflow/source", "\n".join(uris)[:20_000])
            for region in {place(uri, regions) for uri in uris} - {None}:
                draft.relate(RelationType.STORED_IN, str(region))
            yield draft


def run_of(answer: Any, space: str) -> Run:
    """The run in what `runs/get` answers; what is missing or odd in it is left out, odd inputs are told."""
    run = _mapping(_mapping(answer).get("run"))
    data, inputs, strange = _mapping(run.get("data")), [], []
    for entry in _list(_mapping(run.get("inputs")).get("dataset_inputs")):
        found = _input(_mapping(entry), space)
        if found is None:
            strange.append(f"an input without a name: {line(str(entry))[:60]}")
        else:
            inputs.append(found)
    return Run(pairs(data.get("tags")), pairs(data.get("params")), tuple(inputs), tuple(strange))


def pairs(entries: Any) -> dict[str, str]:
    """Tags, parameters: `[{key, value}]` as a mapping."""
    return {
        entry["key"]: str(entry.get("value", ""))
        for entry in map(_mapping, _list(entries))
        if isinstance(entry.get("key"), str)
    }


def bare(uri: str) -> str:
    """`uri` without what may be a secret: the user before its host and the query after its path. Other text stays."""
    if "://" not in uri:
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri.partition("://")[0] + "://"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def place(uri: str, regions: Mapping[str, str]) -> str | None:
    """The region of the longest of the prefixes that `uri` begins with."""
    fitting = [prefix for prefix in regions if uri == prefix or uri.startswith(prefix.rstrip("/") + "/")]
    return regions[max(fitting, key=len)] if fitting else None


def _input(entry: Mapping[str, Any], space: str) -> Input | None:
    data = _mapping(entry.get("dataset"))
    title, digest = line(data.get("name")), line(data.get("digest"))
    context = line(pairs(entry.get("tags")).get(CONTEXT))
    kind, source = line(data.get("source_type")), _source(data.get("source"))
    hub = hub_name(line(source.get("path"))) if kind == "hugging_face" else None
    uri = next((bare(line(source[key])) for key in ("uri", "url", "path", "delta_table_name") if source.get(key)), "")
    if hub:
        return Input(hub, hub, digest, context, kind, "")
    if not title:
        return None
    # MLflow calls all data `dataset` that nobody named.
    name = f"{title}-{digest}" if title == "dataset" else title
    return Input(f"{space}/{slug(name)}", title, digest, context, kind, uri)


def _source(text: Any) -> Mapping[str, Any]:
    try:
        return _mapping(orjson.loads(text)) if isinstance(text, str) else {}
    except orjson.JSONDecodeError:
        return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
