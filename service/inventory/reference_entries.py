"""One statement of the reference catalogue: what is said of a key, between which days, and on whose word."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class CatalogueName(StrEnum):
    """The tables of the catalogue, and the form of their keys."""

    COUNTRY = "country"  # DE
    BLOC = "bloc"  # EU
    BLOC_MEMBER = "bloc_member"  # EU/DE
    ADEQUACY = "adequacy"  # JP
    REGIME = "regime"  # us-cloud-act
    LOCALISATION = "localisation"  # ru-152-fz
    AI_ACT_DATE = "ai_act_date"  # gpai
    REGION = "region"  # aws/eu-central-1
    VENDOR = "vendor"  # vendor:amazon
    SOFTWARE = "software"  # software:pytorch
    ACCELERATOR = "accelerator"  # nvidia-h100
    EXPORT_CONTROL = "export_control"  # us-3a090a-cn
    OPEN_STANDARD = "open_standard"  # onnx
    LICENCE = "licence"  # Apache-2.0, LicenseRef-llama-2
    LICENCE_HINT = "licence_hint"  # bsd


@dataclass(frozen=True, slots=True)
class Entry:
    """`valid_from` is the first day and `valid_to` the last one on which this holds; None leaves that end open."""

    catalogue: CatalogueName
    key: str
    body: dict[str, Any]
    source: str
    reviewed_on: date
    valid_from: date | None = None
    valid_to: date | None = None
    file: str = ""  # where it was read, for error messages; no part of the statement

    def holds_on(self, day: date) -> bool:
        """Whether this is said of `day`."""
        return (self.valid_from or day) <= day <= (self.valid_to or day)

    @property
    def identity(self) -> tuple[str, str, date | None]:
        """What may stand once only: catalogue, key and first day."""
        return (self.catalogue.value, self.key, self.valid_from)

    def statement(self) -> dict[str, Any]:
        """All that is said, as plain JSON: equal statements have equal bytes."""
        return {
            "catalogue": self.catalogue.value,
            "key": self.key,
            "valid_from": self.valid_from.isoformat() if self.valid_from else None,
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "body": self.body,
            "source": self.source,
            "reviewed_on": self.reviewed_on.isoformat(),
        }


def overridden(shipped: Iterable[Entry], own: Iterable[Entry]) -> list[Entry]:
    """`shipped` with all that a workspace says itself in place of what is shipped under the same key."""
    mine = list(own)
    taken = {(entry.catalogue, entry.key) for entry in mine}
    return [entry for entry in shipped if (entry.catalogue, entry.key) not in taken] + mine


def on(entries: Iterable[Entry], day: date) -> list[Entry]:
    """The entries that hold on `day`, one for each key: where a workspace let several hold, the youngest."""
    chosen: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if entry.holds_on(day):
            place = (entry.catalogue.value, entry.key)
            other = chosen.get(place)
            if other is None or (entry.valid_from or date.min) >= (other.valid_from or date.min):
                chosen[place] = entry
    return list(chosen.values())
