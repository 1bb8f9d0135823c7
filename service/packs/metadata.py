"""METADATA: what a rule says of itself in the comment block above its package.

Engines differ in `rego.metadata`, so the service reads the block from the text. Its form is OPA's own
(https://www.openpolicyagent.org/docs/policy-language#metadata); what Allod asks for beyond it stands under `custom`.
"""

import re
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from service.engine.protocol import Module
from service.foundation.errors import Fault, Invalid
from service.inventory.facts import Kind
from service.packs.parameters import Parameter, ParameterType

SECTIONS = frozenset({"data", "places", "control", "licences", "weights", "consumers"})
_READS = re.compile(rf"({'|'.join(sorted(SECTIONS))}|attributes\.[a-z][a-z0-9_]*)\Z")

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
    reads: Annotated[
        list[Annotated[str, StringConstraints(pattern=_READS.pattern.replace(r"\Z", "$"))]], Field(min_length=1)
    ]
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
        Invalid: there is none, or it is not what the contract asks for; each fault with file and line.
    """
    lines, first = block(module.text)
    if not lines:
        fault = Fault(
            "", "no METADATA above the package", "a comment block that begins with # METADATA", file=module.path, line=1
        )
        raise Invalid(f"{module.path} does not describe itself.", [fault])
    try:
        return Metadata.model_validate(yaml.safe_load("\n".join(lines)))
    except yaml.YAMLError as error:
        fault = Fault("", f"METADATA is no YAML: {' '.join(str(error).split())}", file=module.path, line=first)
        raise Invalid(f"{module.path} cannot be read.", [fault]) from error
    except ValidationError as error:
        raise Invalid(f"{module.path} describes itself wrongly.", faults_of(error, module.path, first)) from error


def block(text: str) -> tuple[list[str], int]:
    """The YAML lines of the package's METADATA block, and the line in the file where they begin (from 1)."""
    found: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("package "):
            return found, first
        if line.strip() == "# METADATA":
            found, first = [], number + 1
        elif first and line.startswith("#"):
            found.append(line[1:].removeprefix(" "))
        else:
            found, first = [], 0
    return [], 0


def faults_of(error: ValidationError, file: str, line: int | None = None) -> list[Fault]:
    """What Pydantic found, as faults of `file`."""
    return [
        Fault("/" + "/".join(str(part) for part in one["loc"]), one["msg"], file=file, line=line)
        for one in error.errors(include_url=False, include_context=False, include_input=False)
    ]
