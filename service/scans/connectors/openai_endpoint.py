"""Endpoints that speak OpenAI's API: which models they serve, and what it is that serves them.

Every one is asked for `GET /v1/models`; one that somebody runs himself also in its own words, by which it is recognised:
vLLM's and SGLang's version, Ollama's `/api/version` and `/api/show`, llama.cpp's `/props`, text-generation-inference's
`/info`, LiteLLM's readiness and `/v1/model/info`. What is seen becomes:

- `model`: each model served, named as on its hub where the server tells (vLLM's `root`), else below `openai/<name>/`; an
  adapter is `derived_from` its base. It `runs_on` the host or region that the source names;
- of an endpoint one runs oneself, `software` (`software:vllm`, with its version) that `serves` them;
- where the source names a `provider`, an `ai_service` of that vendor instead, and its models run nowhere of one's own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import Field

from service.inventory.facts import Grade, Kind, RelationType
from service.inventory.values import Line, RegionRef, Slug, VendorRef, reference_to
from service.scans.connector import (
    Address,
    Asked,
    Connector,
    Context,
    Event,
    Note,
    Read,
    SecretRef,
    Seen,
    SettingsBase,
)
from service.scans.connectors.openai_endpoint_servers import Server, recognise
from service.scans.draft import Draft
from service.scans.failures import SourceFailure
from service.scans.names import slug
from service.scans.outbound import host_of
from service.scans.workload_documents import mapping
from service.scans.workload_models import ModelUse, model, ollama_model

MODELS: Final = "models"
ENDPOINT: Final = "endpoint"
HostRef: Any = reference_to(Kind.GPU_HOST)
ModelRef: Any = reference_to(Kind.MODEL)


class OpenAiEndpointSettings(SettingsBase):
    """One endpoint."""

    url: Address = Field(description="Its address, with or without `/v1`")
    name: Slug | None = Field(default=None, description="What it is called here; otherwise its host and port")
    token: SecretRef | None = Field(default=None, description="The key that it asks for")
    ca_file: str | None = Field(default=None, description="Certificates that it is trusted by, as a PEM file")
    provider: VendorRef | None = Field(default=None, description="Who offers it, where somebody else runs it")
    host: HostRef | None = Field(default=None, description="The machine that it runs on")
    region: RegionRef | None = Field(default=None, description="The region that it runs in")
    software: Slug | None = Field(default=None, description="What it is (`vllm`), where it does not tell itself")
    models: dict[Line, ModelRef] = Field(
        default={}, max_length=10_000, description="Which model a name stands for that it serves under"
    )

    @property
    def base(self) -> str:
        """The address without `/v1`."""
        return str(self.url).rstrip("/").removesuffix("/v1")

    @property
    def called(self) -> str:
        """What the endpoint is called in names."""
        parts = urlsplit(self.url)
        return (
            str(self.name)
            if self.name
            else slug(f"{parts.hostname}-{parts.port}" if parts.port else str(parts.hostname))
        )

    @property
    def space(self) -> str:
        """Where models are named that no hub knows: with the vendor who offers them, or at this endpoint."""
        return str(self.provider).partition(":")[2] if self.provider else f"openai/{self.called}"


@dataclass(slots=True)
class _Reading:
    settings: OpenAiEndpointSettings
    server: Server
    drafts: dict[str, Draft] = field(default_factory=dict)
    served: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def name(self, entry: Mapping[str, Any]) -> ModelUse | None:
        """The model that an entry of the list is."""
        served = str(entry["id"])
        if served in self.settings.models:
            return ModelUse(self.settings.models[served].partition(":")[2], served)
        if self.server.name == "ollama":
            return ollama_model(served)
        # vLLM and SGLang serve under any name, and say in `root` what it is; others know behind which name what is.
        told = self.server.behind.get(served) or entry.get("root") or served
        return model(str(told), space=self.settings.space) if isinstance(told, str) else None

    def take(self, entry: Any) -> str | None:
        """Notes a model; answers what is wrong with it."""
        one = mapping(entry)
        served = one.get("id")
        if not isinstance(served, str) or not served.strip():
            return "an entry of the list has no id"
        use = self.name(one)
        if use is None:
            return "its name makes no name here: the source may say in `models` which model it is"
        self.names[served] = use.name
        draft = self.drafts.setdefault(use.name, Draft(Kind.MODEL, use.name, served))
        self.served.setdefault(use.name, []).append(served)
        self.describe(draft, served, one)
        return None

    def describe(self, draft: Draft, served: str, entry: Mapping[str, Any]) -> None:
        facts = self.server.facts(served, entry)
        for attribute, (value, grade, where) in facts.attributes.items():
            draft.state(attribute, value, grade=grade, source=f"{self.server.name or 'openai'}:{where}")
        for key, text in facts.annotations.items():
            draft.annotate(key, text)
        if not self.settings.provider and (place := self.settings.host or self.settings.region):
            draft.relate(RelationType.RUNS_ON, place)

    def relate(self, entries: list[Any]) -> Iterator[tuple[str, str]]:
        """Adapters and what they belong to, once all names are known; yields what cannot be expressed."""
        for one in map(mapping, entries):
            served = str(one.get("id"))
            base, how = self.server.base_of(served, one)
            name = self.names.get(served)
            if not base or name is None:
                continue
            use = ollama_model(base) if self.server.name == "ollama" else model(base, space=self.settings.space)
            whose = self.names.get(base) or (use.name if use else None)
            if whose is None or whose == name:
                yield served, f"it comes from {base[:100]!r}, which makes no name here"
            else:
                self.drafts[name].relate(RelationType.DERIVED_FROM, f"{Kind.MODEL}:{whose}", how)

    def endpoint(self) -> Draft | None:
        """The service or the software, None where it cannot be told what it is."""
        settings = self.settings
        if settings.provider:
            draft = Draft(Kind.AI_SERVICE, settings.called, str(urlsplit(settings.url).hostname))
            draft.state("provider", settings.provider, grade=Grade.DECLARED, source="source:settings")
            draft.state("endpoint", settings.base, grade=Grade.VERIFIED, source="openai:v1/models")
            draft.state("compatible_with", ["openai-api"], grade=Grade.VERIFIED, source="openai:v1/models")
            draft.relate(RelationType.OPERATED_BY, settings.provider)
            if settings.region:
                paths = [{"purpose": "processing", "region": settings.region}]
                draft.state("data_paths", paths, grade=Grade.DECLARED, source="source:settings")
        elif self.server.name:
            draft = Draft(Kind.SOFTWARE, self.server.name, self.server.name)
            draft.annotate("openai/endpoint", settings.base)
            if self.server.version:
                draft.state("version", self.server.version, grade=Grade.VERIFIED, source=self.server.source)
        else:
            return None
        for name in self.drafts:
            draft.relate(RelationType.SERVES, f"{Kind.MODEL}:{name}")
        return draft


def read(settings: OpenAiEndpointSettings, context: Context) -> Iterator[Event]:
    """What the endpoint shows."""
    headers = {"Authorization": f"Bearer {context.secret(settings.token)}"} if settings.token else {}
    with context.http(settings.base, headers=headers, ca_file=settings.ca_file) as http:
        yield Asked(MODELS)
        entries = mapping(http.json("GET", "/v1/models")).get("data")
        if not isinstance(entries, list):
            raise SourceFailure(
                "GET /v1/models did not answer with a list of models: this is no endpoint of that kind."
            )
        server = Server() if settings.provider else recognise(http, entries, settings.software, context.pause)
        reading = _Reading(settings, server)
        for entry in entries:
            context.pause()
            if trouble := reading.take(entry):
                yield Note(MODELS, str(mapping(entry).get("id"))[:200], trouble)
        for served, trouble in reading.relate(entries):
            yield Note(MODELS, served, trouble)
        yield from (Note(MODELS, server.name or settings.called, trouble) for trouble in server.troubles)
        for name, draft in sorted(reading.drafts.items()):
            draft.annotate("openai/served-as", ", ".join(sorted(reading.served[name]))[:2_000])
            yield Seen(MODELS, draft.title, draft.manifest())
        yield Read(MODELS)
        yield Asked(ENDPOINT)
        if (what := reading.endpoint()) is not None:
            yield Seen(ENDPOINT, settings.base, what.manifest())
        else:
            yield Note(ENDPOINT, settings.base, "it does not say what serves here: the source may say `software`")
        yield Read(ENDPOINT)


def reaches(settings: OpenAiEndpointSettings) -> list[str]:
    """The endpoint alone."""
    return [host_of(settings.url)]


CONNECTOR: Final = Connector(
    name="openai_endpoint",
    title="OpenAI-compatible endpoint",
    settings=OpenAiEndpointSettings,
    read=read,
    reaches=reaches,
)
