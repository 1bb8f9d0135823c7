"""Hugging Face: models and datasets of organisations, of a list, or whose cards lie in a directory.

- A repository is `model:<organisation>/<name>` or `dataset:<organisation>/<name>`, as everybody calls it.
- Licence (`license`, or `license_name` and `license_link` where that says `other`) and languages as the card states them;
  `base_model` is `derived_from`, `datasets` is `trained_on`, results of evaluations are `evaluated_on`.
- `weights` is what the hub enforces: `gated`, or `open` where they lie there for everybody. `formats` follow from the names
  of the files, `parameters` from their headers, modalities from the task, the publisher from the organisation's name.
- Of a dataset, who made it and how (`annotations_creators`, `language_creators`) is its `collection`.
- All other metadata is kept as annotations `hugging-face/…`, but for what only lays out the hub's page; the commit is one,
  the day of the last change, downloads and likes are not. The hub's tag `region:us` stands on every repository and says
  nothing of where anything lies, so nothing is made of it.
- Metadata may hold marks (`allod.dev/owner-team: research`). Those in the directory count; those of the hub only where the
  settings say so, since anybody can publish a card there that takes another asset's name.

A directory is read without network and without `huggingface_hub`.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from service.inventory.facts import Kind
from service.inventory.values import refusal, shown
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
from service.scans.connectors.hugging_face_card import Repository, draft_of
from service.scans.connectors.hugging_face_directory import cards
from service.scans.connectors.hugging_face_hub import Hub, Unread, hub
from service.scans.failures import SourceFailure
from service.scans.names import hub_name
from service.scans.outbound import host_of
from service.scans.scope import lets_in

DIRECTORY: Final = "directory"
FAILURES_MAX: Final = 3  # of a list, one after the other, without an answer: then the hub is away
_PLURAL: Final = {Kind.MODEL: "models", Kind.DATASET: "datasets"}
_WORD: Final = {"model": Kind.MODEL, "dataset": Kind.DATASET}


def _repository(value: str) -> str:
    if hub_name(value) is None:
        raise refusal(f"{shown(value)} is not the name of a repository", "<organisation>/<name>, as in its address")
    return value


def _organisation(value: str) -> str:
    if hub_name(value) is None or "/" in value:
        raise refusal(f"{shown(value)} is not the name of an organisation", "its name, as in its address")
    return value


Repositories = Annotated[list[Annotated[str, AfterValidator(_repository)]], Field(max_length=10_000)]
Organisations = Annotated[list[Annotated[str, AfterValidator(_organisation)]], Field(max_length=1_000)]


class HuggingFaceSettings(SettingsBase):
    """Which repositories, and where the hub is. At least one of the first four names something."""

    organisations: Organisations = Field(default_factory=list, description="All models and datasets of these")
    models: Repositories = Field(default_factory=list, description="Models by name")
    datasets: Repositories = Field(default_factory=list, description="Datasets by name")
    directory: str | None = Field(default=None, description="Cards on this machine, below `ALLOD_SCAN_ROOTS`")
    kinds: list[Literal["model", "dataset"]] = Field(
        default=["model", "dataset"], description="What to read of organisations and of the directory"
    )
    include: list[str] = Field(default_factory=list, description="Patterns of names to read; none: all")
    exclude: list[str] = Field(default_factory=list, description="Patterns of names to leave out")
    heed_marks: bool = Field(default=False, description="Whether marks in cards of the hub count; for hubs of your own")
    endpoint: Address = Field(default="https://huggingface.co", description="The hub, or a mirror that speaks like it")
    token: SecretRef | None = Field(default=None, description="A read token, for what is private")
    ca_file: str | None = Field(default=None, description="Certificates that the hub is checked against")

    @model_validator(mode="after")
    def _something_somewhere(self) -> Self:
        if not (self.asks_the_hub or self.directory):
            raise refusal("nothing is named to read", "organisations, models, datasets or a directory")
        return self

    @property
    def asks_the_hub(self) -> bool:
        """Whether anything but the directory is read."""
        return bool(self.organisations or self.models or self.datasets)


def reaches(settings: HuggingFaceSettings) -> list[str]:
    """The hub alone, and nothing where only a directory is read."""
    return [host_of(settings.endpoint)] if settings.asks_the_hub else []


def read(settings: HuggingFaceSettings, context: Context) -> Iterator[Event]:
    """The cards of the directory, then what the hub shows."""
    if settings.directory is not None:
        yield from _directory(settings, context, settings.directory)
    parts = _parts(settings)
    if not parts:
        return
    try:
        token = context.secret(settings.token) if settings.token else None
        with hub(settings.endpoint.rstrip("/"), token, settings.ca_file, context) as found:
            for part, ask in parts.items():
                yield from _part(settings, context, part, ask(found))
    except SourceFailure as error:
        # Before the first part was asked: no token, no client.
        for part in parts:
            yield Asked(part)
            yield Refused(part, None, error.detail)


Answers = Iterator[Repository | Unread]


def _parts(settings: HuggingFaceSettings) -> dict[str, Callable[[Hub], Answers]]:
    """What is asked of the hub, by the name of the part."""
    parts: dict[str, Callable[[Hub], Answers]] = {}
    for organisation in dict.fromkeys(settings.organisations):
        for word in dict.fromkeys(settings.kinds):
            parts[f"{organisation}/{_PLURAL[_WORD[word]]}"] = _of_organisation(_WORD[word], organisation)
    for kind, names in ((Kind.MODEL, settings.models), (Kind.DATASET, settings.datasets)):
        if names:
            parts[_PLURAL[kind]] = _of_list(kind, list(dict.fromkeys(names)))
    return parts


def _of_organisation(kind: Kind, organisation: str) -> Callable[[Hub], Answers]:
    return lambda found: found.listed(kind, organisation)


def _of_list(kind: Kind, names: list[str]) -> Callable[[Hub], Answers]:
    def answers(found: Hub) -> Answers:
        silent = 0
        for name in names:
            try:
                yield found.one(kind, name)
                silent = 0
            except SourceFailure as error:
                silent += error.code is None
                if silent == FAILURES_MAX:
                    raise
                yield Unread(name, error.detail)

    return answers


def _part(settings: HuggingFaceSettings, context: Context, part: str, answers: Answers) -> Iterator[Event]:
    yield Asked(part)
    shown_any = False
    try:
        for answer in answers:
            shown_any = True
            if not lets_in(answer.name, settings.include, settings.exclude):
                context.pause()
            elif isinstance(answer, Unread):
                yield Refused(part, answer.name, answer.reason)
            else:
                yield from _told(part, answer.name, answer, heed_marks=settings.heed_marks)
    except SourceFailure as error:
        yield Refused(part, None, error.detail)
        return
    if not shown_any:
        yield Note(part, part, "the hub shows nothing here: is the name right, and may the token see it?")
    yield Read(part)


def _told(part: str, where: str, found: Repository, *, heed_marks: bool) -> Iterator[Event]:
    draft, notes = draft_of(found, heed_marks=heed_marks)
    if found.disabled:
        notes.append("the hub has disabled it")
    yield Seen(part, where, draft.manifest())
    for text in notes:
        yield Note(part, where, text)


def _directory(settings: HuggingFaceSettings, context: Context, given: str) -> Iterator[Event]:
    yield Asked(DIRECTORY)
    try:
        root = context.path(given)
    except SourceFailure as error:
        yield Refused(DIRECTORY, None, error.detail)
        return
    names: set[tuple[str, str]] = set()
    for card in cards(root):
        found = card.repository
        if card.unread:
            yield Refused(DIRECTORY, card.file, card.unread)
        elif found is None:
            yield Note(DIRECTORY, card.file, card.remark)
        elif found.kind not in map(_WORD.get, settings.kinds) or not lets_in(
            found.name, settings.include, settings.exclude
        ):
            context.pause()
        elif (found.kind, found.name) in names:
            yield Refused(DIRECTORY, card.file, f"another card is that of {found.name}, too")
        else:
            names.add((found.kind, found.name))
            yield from _told(DIRECTORY, card.file, found, heed_marks=True)
    yield Read(DIRECTORY)


CONNECTOR: Final[Connector] = Connector(
    name="hugging_face",
    title="Hugging Face: models and datasets, from the hub or from cards",
    settings=HuggingFaceSettings,
    read=read,
    reaches=reaches,
    extra="huggingface",
)
