"""What an engine is: two methods. Another embedding of Rego is one more file beside this one.

A `Bundle` is a set of Rego modules that belong together, under the digest of their text. `activate` makes an engine able to
answer for it; `query` asks one rule of it. Nothing else passes between the service and a Rego engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol

from service.foundation import canonical


@dataclass(frozen=True, slots=True)
class Module:
    """One Rego file: `path` relative to `policies/` (`rules/residency/x/x.rego`), `text` as written."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """Where a rule is found: its id (`RES-001`), its package (`allod.rules.residency.x`), the asset kinds it judges."""

    id: str
    package: str
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Bundle:
    """Library and rule modules, and which rules they hold. `digest` names exactly this text: 64 hex digits."""

    modules: tuple[Module, ...]
    rules: tuple[RuleEntry, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over modules and rules in canonical order."""
        return canonical.digest(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Plain data, sorted: what is hashed and kept."""
        return {
            "modules": [[m.path, m.text] for m in sorted(self.modules, key=lambda m: m.path)],
            "rules": [[r.id, r.package, sorted(r.kinds)] for r in sorted(self.rules, key=lambda r: r.id)],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Bundle":
        """The bundle that `as_dict` described."""
        return cls(
            modules=tuple(Module(path, text) for path, text in data["modules"]),
            rules=tuple(RuleEntry(rule, package, tuple(kinds)) for rule, package, kinds in data["rules"]),
        )


class FailureKind(StrEnum):
    """Why an engine gave no answer."""

    UNREACHABLE = "unreachable"  # no server: nobody's fault but nobody's answer; the whole batch is undecided
    TIMEOUT = "timeout"  # a rule or document ran for too long
    MEMORY = "memory"  # or took too much
    CRASH = "crash"  # or killed the process
    EVALUATION = "evaluation"  # a built-in failed, a conflict, a type error
    REFUSED = "refused"  # the bundle does not compile
    REVISION = "revision"  # the answer came from another bundle than was meant


class EngineFailure(Exception):
    """An engine gave no answer. It is never a pass: the outcome of what was asked is `error`, or it is asked again."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Engine(Protocol):
    """A Rego engine."""

    @property
    def name(self) -> str:
        """Name and version for records, for instance `regorus 0.13.0` or `opa 1.20.2`."""

    def activate(self, bundle: Bundle) -> None:
        """Makes this engine able to answer queries of `bundle`, whole; a bundle already active is no work.

        Raises:
            EngineFailure: REFUSED where it does not compile, UNREACHABLE where there is no server.
        """

    def query(self, digest: str, entry: str, documents: Sequence[dict[str, Any]]) -> list[Any]:
        """The answers of the bundle with `digest` to `entry` (see `entry.py`), one for each document, in order.

        Raises:
            EngineFailure: no answer for the batch; the caller isolates the rule or the document at fault.
        """


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one subject. `path` leads from the judged asset to what is wrong."""

    subject: str
    message: str
    path: tuple[str, ...] = ()
    vendor: str | None = None
    jurisdiction: str | None = None


@dataclass(frozen=True, slots=True)
class RawVerdict:
    """One rule's answer on one document, before anybody weighs it.

    `applies` False and no `error` means not applicable. `error` set means the rule could not run.
    """

    applies: bool
    violations: tuple[Finding, ...] = ()
    unknowns: tuple[Finding, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """All rules' answers on one document, by rule id."""

    verdicts: dict[str, RawVerdict] = field(default_factory=dict)
