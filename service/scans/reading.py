"""One reading of one source: a connector driven under `outbound`, and its events made fit for keeping.

What the connector raises becomes a refusal of the part that it was reading; every manifest is checked; secrets that were
used are struck out of every text. Pure but for what the connector itself does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import structlog
from pydantic import ValidationError

from service.foundation.errors import Invalid, ServiceError
from service.inventory import manifest
from service.inventory.facts import Observation
from service.inventory.manifest_faults import faults
from service.scans import outbound
from service.scans.connector import Asked, Connector, Context, Event, Note, Read, Refused, Seen, SettingsBase
from service.scans.failures import SourceFailure
from service.scans.http import Http
from service.scans.outbound import Reach
from service.scans.places import Places
from service.scans.secrets import Secrets

WHOLE: Final = "all"  # the part that a failure of no other part belongs to
HIDDEN: Final = "…"
TEXT_MAX: Final = 2000
PART_MAX: Final = 500
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """An asset that was seen, checked and ready to be recorded."""

    part: str
    object: str
    observation: Observation


Outcome = Asked | Taken | Refused | Note | Read


@dataclass(slots=True)
class Surroundings:
    """The `Context` of a reading. `pause` is what the run wants done between objects."""

    source: str
    today: date
    secrets: Secrets
    places: Places
    on_pause: Any = None
    used: set[str] = field(default_factory=set)

    def secret(self, reference: str) -> str:
        """See `Context.secret`."""
        value = self.secrets.resolve(reference)
        self.used.add(value)
        return value

    def path(self, given: str) -> Path:
        """See `Context.path`."""
        return self.places.find(given)

    def http(self, url: str, *, headers: dict[str, str] | None = None, ca_file: str | None = None) -> Http:
        """See `Context.http`."""
        return Http(url, headers=headers, ca_file=self.path(ca_file) if ca_file else None)

    def pause(self) -> None:
        """See `Context.pause`."""
        if self.on_pause is not None:
            self.on_pause()

    def clean(self, text: str) -> str:
        """`text` without the secrets that this reading used, and not longer than anybody reads."""
        for value in sorted(self.used, key=len, reverse=True):
            if len(value) >= 4:  # shorter ones would strike out half of every text
                text = text.replace(value, HIDDEN)
        return plain(text, TEXT_MAX)


def settings_of(connector: Connector, given: Mapping[str, Any]) -> SettingsBase:
    """The settings of a source, checked.

    Raises:
        Invalid: with every fault, below `/settings`.
    """
    try:
        return connector.settings.model_validate(given)
    except ValidationError as error:
        found = faults(error, connector.settings, of=f"a source of {connector.name!r}", at=("settings",))
        first = f"at {found[0].path}, {found[0].message}" if found else "see its faults"
        raise Invalid(f"The settings cannot be used: {first}.", found) from error


def read(
    connector: Connector,
    settings: SettingsBase,
    surroundings: Surroundings,
    *,
    workspace: str = manifest.DEFAULT_WORKSPACE,
    reach: Sequence[Reach] = (),
) -> Iterator[Outcome]:
    """What the source shows. All that leaves besides is `Stopped`."""
    context: Context = surroundings
    part = WHOLE
    with outbound.only(connector.reaches(settings), reach) as policy:
        try:
            for event in connector.read(settings, context):
                event = _fit(event)  # noqa: PLW2901 -- the same event
                part = event.part
                match event:
                    case Seen():
                        outcome = checked(event, surroundings.source, workspace)
                        if isinstance(outcome, Refused):
                            outcome = replace(outcome, reason=surroundings.clean(outcome.reason))
                        yield outcome
                    case Refused():
                        yield replace(event, reason=surroundings.clean(event.reason))
                    case Note():
                        yield replace(event, text=surroundings.clean(event.text))
                    case _:
                        yield event
                context.pause()
        except SourceFailure as error:
            yield Refused(part, None, surroundings.clean(error.detail))
        except Exception as error:  # noqa: BLE001 -- whatever a library raises, the run goes on to its end and says so
            log.warning("reading.failed", connector=connector.name, part=part, error=type(error).__name__)
            yield Refused(part, None, surroundings.clean(_words(error)))
        for reason in dict.fromkeys(policy.denied):  # of no part alone: which of them it was for, nobody knows
            yield Refused(WHOLE, None, surroundings.clean(reason))


def _fit(event: Event) -> Event:
    """The event with names as the database can keep them: foreign systems call their things whatever they like."""
    part = plain(event.part, PART_MAX) or WHOLE
    match event:
        case Asked() | Read() | Refused(object=None):
            return replace(event, part=part)
        case Seen() | Note() | Refused():
            return replace(event, part=part, object=plain(str(event.object), TEXT_MAX))


def plain(text: str, most: int) -> str:
    """`text` without control characters and half surrogates, and not longer than `most`."""
    return _UNFIT.sub(" ", text)[:most]


def checked(event: Seen, source: str, workspace: str) -> Taken | Refused:
    """The asset that was seen, as a statement of `source`, or why it is none."""
    body = {**event.manifest, "managed_by": source}
    try:
        observation = manifest.observation(body, workspace=workspace)
    except Invalid as error:
        where = "; ".join(map(str, error.faults[:3])) or error.detail
        return Refused(event.part, event.object, f"what was read makes no manifest: {where}")
    return Taken(event.part, event.object, observation)


def _words(error: Exception) -> str:
    if isinstance(error, ServiceError):
        return error.detail
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
