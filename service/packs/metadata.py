"""METADATA, checked: what a rule says of itself in the comment block above its package.

Its form is OPA's own (https://www.openpolicyagent.org/docs/policy-language#metadata); what Allod asks for beyond it stands
under `custom`. `engine.metadata` reads the block from the text.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from service.engine.metadata import parse
from service.engine.protocol import Module
from service.foundation.errors import Fault, Invalid
from service.inventory.facts import Kind
from service.packs.parameters import Parameter, ParameterType

# One for each section whose evidence `evaluation.grades` can tell; a test holds the two together.
SECTIONS = frozenset(
    {
        "accelerators",
        "concentration",
        "consumers",
        "control",
        "data",
        "holders",
        "interfaces",
        "languages",
        "licences",
        "localisation",
        "openness",
        "parts",
        "places",
        "seen",
        "subjects",
        "subprocessors",
        "weights",
    }
)
_READS = rf"^({'|'.join(sorted(SECTIONS))}|attributes\.[a-z][a-z0-9_]*)$"

Severity = Literal["critical", "high", "medium", "low", "info"]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,5}-[0-9]{3}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Control(_Strict):
    framework: _Text
    id: _Text
    title: _Text


class _Parameter(_Strict):
    type: ParameterType
    default: Any
    description: _Text


class _Custom(_Strict):
    id: _RuleId
    severity: Severity
    kinds: Annotated[list[Kind], Field(min_length=1)]
    remedy: _Text
    controls: list[_Control]
    reads: Annotated[list[Annotated[str, StringConstraints(pattern=_READS)]], Field(min_length=1)]
    parameters: dict[str, _Parameter] = Field(default_factory=dict)
    introduced: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]


class Metadata(_Strict):
    """The whole block, checked. `custom` holds what Allod asks for."""

    scope: Literal["package"] = "package"
    title: _Text
    description: _Text
    custom: _Custom

    def parameters(self) -> dict[str, Parameter]:
        """The rule's parameters by name."""
        return {
            name: Parameter(name, one.type, one.default, one.description)
            for name, one in self.custom.parameters.items()
        }


def read(module: Module) -> Metadata:
    """The METADATA block of a rule's module.

    Raises:
        Invalid: there is none, or it is not what the contract asks for; each fault with its file.
    """
    try:
        return Metadata.model_validate(parse(module))
    except ValidationError as error:
        raise Invalid(f"{module.path} describes itself wrongly.", faults_of(error, module.path)) from error


def faults_of(error: ValidationError, file: str) -> list[Fault]:
    """What Pydantic found, as faults of `file`."""
    return [
        Fault("/" + "/".join(str(part) for part in one["loc"]), one["msg"], file=file)
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
