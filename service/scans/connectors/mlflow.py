"""MLflow: the models of its registry, the runs behind them, and the data that was logged with `mlflow.log_input`.

- A registered model is one asset, `model:mlflow/<workspace>/<name>`, as whoever asks the registry for it by name gets one
  model. Its `version` is the one with the first alias of `aliases`, else the newest in stage Production, else the newest
  that is ready; what else is said (its run, its file, its place) is said of that version, and all others are listed in the
  annotation `mlflow/versions`. Prompts, which newer servers keep in the same registry, are no models.
- Tags of the model, of the version and of its run: marks (`allod.dev/…`), `license`, else labels. Parameters, Git commit and
  the inputs with their digests are annotations.
- Inputs of the run: `trained_on`, or `evaluated_on` where their context says so. Data of the Hugging Face hub is named as
  there; other data is `dataset:mlflow/<workspace>/<name>`, once for all its digests, told after all models.
- `derived_from`: the model that the MLmodel file, the version's source or a parameter (`base_model`) names on the hub.
- `stored_in`: the region that the settings give for where artifacts and data lie; MLflow itself does not know.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final, Self

from pydantic import Field, model_validator

from service.inventory.facts import Grade, Kind, RelationType
from service.inventory.values import RegionRef, Slug, refusal, shown
from service.scans import marks
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
from service.scans.connectors import mlflow_model_file as model_file
from service.scans.connectors.mlflow_runs import Run, Shelf, bare, pairs, place, run_of
from service.scans.connectors.mlflow_versions import Versions
from service.scans.draft import Draft
from service.scans.failures import SourceFailure
from service.scans.http import Http
from service.scans.names import slug
from service.scans.outbound import host_of
from service.scans.plain_text import line, note
from service.scans.scope import lets_in

MODELS: Final = "models"
DATASETS: Final = "datasets"
API: Final = "/api/2.0/mlflow"
PAGE: Final = 100  # as many as Databricks gives at once; MLflow itself gives more
LABELS_MAX: Final = 90  # a manifest holds a hundred
FAILURES_MAX: Final = 3  # models in a row without an answer: then the server is away, and the rest would wait in vain
_PROMPT: Final = "mlflow.prompt.is_prompt"
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+-]{0,90}")
_HUB = re.compile(r"(?:hf|huggingface):/{1,2}(?:models/)?([^/@]+/[^/@]+).*")
# Parameters in which training scripts and MLflow's own logging of transformers keep the model that they began with.
_BASES: Final = ("base_model", "base_model_name", "base_model_id", "model_name_or_path", "_name_or_path")
_LICENCE: Final = ("license", "licence")
_GONE: Final = 404


class MlflowSettings(SettingsBase):
    """Where MLflow runs, as whom to read it, and what it cannot know: where its artifacts lie."""

    url: Address = Field(description="The server, for instance https://mlflow.example.org")
    token: SecretRef | None = Field(default=None, description="A token, sent as bearer")
    username: str | None = Field(default=None, description="With `password`, for servers that ask for both")
    password: SecretRef | None = None
    ca_file: str | None = Field(default=None, description="Certificates that the server is checked against")
    workspace: Slug = Field(default="default", description="What this registry is called in names of assets")
    artifact_region: RegionRef | None = Field(default=None, description="Where the artifact store lies")
    regions: dict[str, RegionRef] = Field(
        default_factory=dict, description="Where data and artifacts lie, by how their URIs begin (`s3://bucket`)"
    )
    aliases: list[str] = Field(
        default=["champion", "production"], description="Aliases of the version that counts, first wins"
    )
    include: list[str] = Field(default_factory=list, description="Patterns of names of models to read; none: all")
    exclude: list[str] = Field(default_factory=list, description="Patterns of names of models to leave out")
    model_files: bool = Field(default=True, description="Whether to read the MLmodel file of each model")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.token and (self.username or self.password):
            raise refusal("there are a token and a password", "one of them")
        if bool(self.username) != bool(self.password):
            raise refusal("there is one of username and password", "both")
        return self


def reaches(settings: MlflowSettings) -> list[str]:
    """The server alone."""
    return [host_of(settings.url)]


def read(settings: MlflowSettings, context: Context) -> Iterator[Event]:
    """What the registry shows."""
    headers = {}
    if settings.token:
        headers["Authorization"] = f"Bearer {context.secret(settings.token)}"
    elif settings.username and settings.password:
        pair = f"{settings.username}:{context.secret(settings.password)}".encode()
        headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
    with context.http(settings.url, headers=headers, ca_file=settings.ca_file) as http:
        registry = _Registry(settings, context, http)
        yield from registry.models()
        yield from registry.datasets()


class _Registry:
    """One reading of one server."""

    def __init__(self, settings: MlflowSettings, context: Context, http: Http) -> None:
        self.settings, self.context, self.http = settings, context, http
        self.space = f"mlflow/{settings.workspace}"
        self.names: set[str] = set()
        self.shelf = Shelf()
        self.unread = 0  # models whose runs, and so whose data, are not known
        self.silent = 0

    def models(self) -> Iterator[Event]:
        yield Asked(MODELS)
        try:
            for entry in self._pages("registered-models/search", "registered_models", {}):
                yield from self._take(entry)
        except SourceFailure as error:
            self.unread += 1
            yield Refused(MODELS, None, error.detail)
            return
        yield Read(MODELS)

    def datasets(self) -> Iterator[Event]:
        yield Asked(DATASETS)
        for draft in self.shelf.drafts(self.settings.regions):
            yield Seen(DATASETS, draft.title, draft.manifest())
        if self.unread:
            yield Refused(DATASETS, None, "not all models could be read, and data is known from their runs alone")
            return
        yield Read(DATASETS)

    def _take(self, entry: Any) -> Iterator[Event]:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name.strip():
            self.unread += 1
            yield Refused(MODELS, shown(entry), "it has no name")
            return
        tags = pairs(entry.get("tags"))
        if tags.get(_PROMPT) == "true" or not lets_in(name, self.settings.include, self.settings.exclude):
            return
        try:
            yield from self._model(name, entry, tags)
            self.silent = 0
        except SourceFailure as error:
            self.unread += 1
            self.silent += error.code is None
            if error.code == 401 or self.silent == FAILURES_MAX:
                raise
            yield Refused(MODELS, name, error.detail)

    def _model(self, name: str, entry: Mapping[str, Any], tags: Mapping[str, str]) -> Iterator[Event]:
        versions = self._versions(name, entry.get("aliases"))
        best = versions.best or {}
        troubles: list[str] = []
        run = self._run(line(best.get("run_id")), troubles)
        self.shelf.put(run.inputs)
        file = self._file(name, best, troubles) if best else None
        own = f"{self.space}/{name if _PLAIN.fullmatch(name) else slug(name)}"
        named, trouble = marks.name_of(Kind.MODEL, own, tags)
        if named in self.names:
            yield Refused(MODELS, name, f"another model has the name {named}, too; give it one with {marks.PREFIX}ref")
            return
        self.names.add(named)
        draft = Draft(Kind.MODEL, named, line(name) or named)
        draft.annotate("mlflow/description", note(entry.get("description")))
        draft.annotate("mlflow/versions", versions.listed())
        if best:
            draft.state("version", str(best["version"]), grade=Grade.VERIFIED, source="mlflow:model-versions/search")
            self._place(draft, best)
        run.annotate(draft)
        if file:
            model_file.fill(draft, file)
        self._base(draft, best, run)
        for one in run.inputs:
            draft.relate(one.relation, f"dataset:{one.name}")
        troubles += [trouble] if trouble else []
        troubles += self._tags(draft, {**run.tags, **tags, **pairs(best.get("tags"))})
        yield Seen(MODELS, name, draft.manifest())
        for text in (*troubles, *run.strange):
            yield Note(MODELS, name, text)

    def _tags(self, draft: Draft, tags: Mapping[str, str]) -> list[str]:
        others = {key: value for key, value in tags.items() if not key.startswith("mlflow.")}
        licence = next(
            (text for key, value in others.items() if key.lower() in ("license", "licence") and (text := line(value))),
            "",
        )
        if licence:
            draft.state("licence", licence, grade=Grade.DECLARED, source="mlflow:tags")
        found = marks.labels({key: line(value) for key, value in others.items()})
        draft.labels = dict(sorted(found.items())[:LABELS_MAX])
        troubles = marks.apply(draft, tags, source="mlflow:tags")
        if len(found) > LABELS_MAX:
            troubles.append(f"{len(found) - LABELS_MAX} of {len(found)} tags are left out")
        return troubles

    def _place(self, draft: Draft, best: Mapping[str, Any]) -> None:
        source = bare(line(best.get("source")))
        draft.annotate("mlflow/source", source)
        if region := place(source, self.settings.regions) or self.settings.artifact_region:
            draft.relate(RelationType.STORED_IN, region)

    def _base(self, draft: Draft, best: Mapping[str, Any], run: Run) -> None:
        hub = _HUB.fullmatch(line(best.get("source")))
        told = [hub[1] if hub else None, *(run.parameters.get(key) for key in _BASES)]
        for base in filter(None, map(model_file.hub_model, told)):
            if f"model:{base}" != draft.ref:
                draft.relate(RelationType.DERIVED_FROM, f"model:{base}")

    def _versions(self, name: str, aliases: Any) -> Versions:
        quote = '"' if "'" in name else "'"
        if quote in name:
            raise SourceFailure(
                "its name holds both quotation marks, so that MLflow cannot be asked for its versions.", 400
            )
        found = Versions.of(aliases, self.settings.aliases)
        for entry in self._pages("model-versions/search", "model_versions", {"filter": f"name={quote}{name}{quote}"}):
            found.add(entry)
        return found

    def _run(self, run_id: str, troubles: list[str]) -> Run:
        if not run_id:
            return Run()
        try:
            return run_of(self.http.json("GET", f"{API}/runs/get", params={"run_id": run_id}), self.space)
        except SourceFailure as error:
            if error.code != _GONE:
                raise
        troubles.append(f"its run {run_id} is not there any more")
        return Run()

    def _file(self, name: str, best: Mapping[str, Any], troubles: list[str]) -> model_file.ModelFile | None:
        if not self.settings.model_files or _HUB.fullmatch(line(best.get("source"))):
            return None
        asked = {"name": name, "version": str(best["version"]), "path": model_file.NAME}
        try:
            return model_file.parse(self.http.content("GET", "/model-versions/get-artifact", params=asked))
        except SourceFailure as error:
            if error.code is None or error.code == 401 or error.code >= 500:
                raise SourceFailure(f"{error.detail} Set model_files to false to do without.", error.code) from error
            troubles.append(f"its {model_file.NAME} file cannot be had: {error.detail}")
        except model_file.NoModelFile as error:
            troubles.append(f"its {model_file.NAME} file cannot be understood: {error}")
        return None

    def _pages(self, path: str, key: str, asked: Mapping[str, str]) -> Iterator[Any]:
        token = ""
        while True:
            params = {"max_results": PAGE, **asked, **({"page_token": token} if token else {})}
            answer = self.http.json("GET", f"{API}/{path}", params=params)
            entries = answer.get(key, []) if isinstance(answer, dict) else None
            if not isinstance(entries, list):
                raise SourceFailure(f"{path} answers something else than MLflow does.")
            yield from entries
            following = answer.get("next_page_token")
            if not following:
                return
            if following == token:
                raise SourceFailure(f"{path} answers the same page for ever.")
            token = str(following)
            self.context.pause()


CONNECTOR: Final = Connector(
    name="mlflow",
    title="MLflow: registered models, their runs and data",
    settings=MlflowSettings,
    read=read,
    reaches=reaches,
)
