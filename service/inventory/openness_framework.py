"""What the Model Openness Framework asks for: its components, classes and lists of licences, read from `policies/data`."""

from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from service.foundation.settings import POLICIES

FILE: Final = POLICIES / "data" / "model_openness.yml"


class Material(StrEnum):
    """What a component is, which decides on the licences that are made for it."""

    CODE = "code"
    DATA = "data"
    DOCUMENT = "document"


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Facts):
    """A component: `level` is the class that first asks for it, or would like to see it where it is not `required`.

    `replaced_by` names the component that may stand for it.
    """

    name: str
    type: Material
    level: Annotated[Literal[1, 2, 3], Field(alias="class")]
    required: bool
    replaced_by: str | None = None


class Framework(_Facts):
    """One version of the framework. Licences are SPDX ids, `means` excepted, which leads to them."""

    framework: str
    version: str
    valid_from: date
    reviewed_on: date
    evidence: Literal["P", "S", "B"]
    source: str
    labels: dict[int, str]
    components: tuple[Part, ...]
    open_data: frozenset[str]
    open_whole: frozenset[str]
    means: dict[str, str]
    suits_data: frozenset[str]
    suits_document: frozenset[str]
    approved_later: frozenset[str]


@cache
def framework(file: Path = FILE) -> Framework:
    """The framework as this release states it. No database is asked."""
    return Framework.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
