"""A document of Terraform or OpenTofu as its resources: a state (version 4), or what `show -json` says of a state or a plan.

Pure: the document is parsed already, and nothing else is looked at. What a document marks as sensitive is cut out before
anybody reads a resource.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from service.scans.failures import SourceFailure

_INSTANCE: Final = re.compile(r'\[(?:"(?:[^"\\]|\\.)*"|\d+)\]')
_POINTER: Final = re.compile(r"(?!(?:var|local|module|data|each|count|path|self|terraform)\.)([a-z]\w*\.[\w-]+)")
_VARIABLE: Final = re.compile(r"var\.([A-Za-z_][\w-]*)$")
# Settings of providers that say where things are made. Passwords stand beside them.
_SETTINGS: Final = ("auth_url", "region", "zone")


class Form(StrEnum):
    """What a document tells: what Terraform last knew, or what it is going to make."""

    STATE = "state"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Resource:
    """One instance of a managed resource.

    `settings` are the literal settings of its provider, `points` the resources that an attribute is made from; both are told
    by plans alone.
    """

    address: str
    type: str
    values: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    points: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def plain(self) -> str:
        """The address without what tells instances apart."""
        return _INSTANCE.sub("", self.address)

    def belongs(self, attribute: str, to: "Resource", *identities: str) -> bool:
        """Whether `attribute` names the other resource: by one of its identities, or because it is made from it."""
        if told := self.text(attribute):
            return told in identities
        # Of several instances, those that go together have the same index.
        mine, others = _INSTANCE.findall(self.address), _INSTANCE.findall(to.address)
        return to.plain in self.points.get(attribute, ()) and (not others or mine == others)

    def text(self, *names: str) -> str:
        """The first of the attributes `names` that is some text, else an empty text."""
        for name in names:
            if isinstance(value := self.values.get(name), str) and value.strip():
                return value.strip()
        return ""

    def blocks(self, name: str) -> list[Mapping[str, Any]]:
        """The nested blocks called `name`; a block that may stand once is a list of one, or written without the list."""
        value = self.values.get(name)
        return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, Mapping)]


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was understood. `odd` says what of it was not, by address."""

    form: Form
    resources: Sequence[Resource]
    odd: Sequence[tuple[str, str]] = ()


def understand(parsed: Any) -> Document:
    """The resources of a parsed document, in its order.

    Raises:
        SourceFailure: it is none of the documents above.
    """
    if not isinstance(parsed, Mapping):
        raise SourceFailure("this is JSON, and no state or plan of Terraform.")
    odd: list[tuple[str, str]] = []
    if "encrypted_data" in parsed:
        raise SourceFailure("this is an encrypted state of OpenTofu: read what `tofu show -json` says instead.")
    if "format_version" in parsed:
        return _shown(parsed, odd)
    version = parsed.get("version")
    if "serial" not in parsed and "terraform_version" not in parsed:
        raise SourceFailure("this is JSON, and no state or plan of Terraform.")
    if version != 4:
        raise SourceFailure(
            f"this is a state of version {version}; read is version 4, which Terraform writes since 0.12."
        )
    return Document(Form.STATE, list(_of_state(parsed.get("resources"), odd)), odd)


def _shown(parsed: Mapping[str, Any], odd: list[tuple[str, str]]) -> Document:
    major = str(parsed["format_version"]).partition(".")[0]
    if major not in ("0", "1"):
        raise SourceFailure(f"`show -json` wrote this in format {parsed['format_version']}; read are 0.x and 1.x.")
    if "planned_values" in parsed or "resource_changes" in parsed:
        if parsed.get("errored"):
            odd.append(("plan", "Terraform did not get to the end of this plan: what it lacks is not known"))
        if parsed.get("complete") is False and not parsed.get("errored"):
            odd.append(("plan", "this plan covers only some of what its configuration describes"))
        settings = _Settings(parsed)
        return Document(Form.PLAN, list(_of_values(parsed.get("planned_values"), settings, odd)), odd)
    # A state that holds nothing has no values.
    return Document(Form.STATE, list(_of_values(parsed.get("values"), _Settings({}), odd)), odd)


def _of_state(listed: Any, odd: list[tuple[str, str]]) -> Iterator[Resource]:
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, Mapping) or not isinstance(one.get("instances"), list):
            odd.append(("resources", "one of them is not written as a resource is"))
            continue
        if one.get("mode") != "managed":
            continue
        prefix = f"{one['module']}." if one.get("module") else ""
        plain = f"{prefix}{one.get('type')}.{one.get('name')}"
        for instance in one["instances"]:
            attributes = instance.get("attributes") if isinstance(instance, Mapping) else None
            if not isinstance(attributes, Mapping):
                odd.append((plain, "an instance of it has no attributes"))
            elif instance.get("deposed") is None:  # one that is about to be destroyed stands beside its successor
                values = dict(attributes)
                for path in instance.get("sensitive_attributes") or ():
                    values = _without(values, _steps(path)) or {}
                yield Resource(f"{plain}{_index(instance.get('index_key'))}", str(one.get("type")), values)


def _of_values(values: Any, settings: "_Settings", odd: list[tuple[str, str]]) -> Iterator[Resource]:
    modules = [values.get("root_module")] if isinstance(values, Mapping) else []
    while modules:
        module = modules.pop()
        if not isinstance(module, Mapping):
            odd.append(("modules", "one of them is not written as a module is"))
            continue
        modules += reversed(module.get("child_modules") or ())
        for one in module.get("resources") or ():
            if not isinstance(one, Mapping) or not isinstance(one.get("values"), Mapping):
                odd.append((str(module.get("address", "resources")), "a resource of it has no values"))
            elif one.get("mode") == "managed":
                visible = _visible(one["values"], one.get("sensitive_values"))
                address = str(one.get("address"))
                plain = _INSTANCE.sub("", address)
                yield Resource(address, str(one.get("type")), visible, settings.of(plain), settings.points(plain))


def _index(key: Any) -> str:
    return "" if key is None else f"[{key}]" if isinstance(key, int) else f'["{key}"]'


def _steps(path: Any) -> list[Any]:
    """The names and numbers of a path into attributes, as states write it."""
    steps = []
    for step in path if isinstance(path, list) else [path]:
        value = step.get("value") if isinstance(step, Mapping) else step
        steps.append(value.get("value") if isinstance(value, Mapping) else value)
    return steps


def _without(value: Any, steps: Sequence[Any]) -> Any:
    """`value` without what lies at the end of the path; with all of it gone where the path cannot be followed."""
    if not steps:
        return None
    first, rest = steps[0], steps[1:]
    if isinstance(value, Mapping):
        if first not in value:
            return dict(value)
        return {key: _without(one, rest) if key == first else one for key, one in value.items()}
    if isinstance(value, list) and isinstance(first, int):
        return [_without(one, rest) if number == first else one for number, one in enumerate(value)]
    return None


def _visible(value: Any, mask: Any) -> Any:
    """`value` without what `mask` says is sensitive: a tree of the same shape, with `true` in such places."""
    if mask is True:
        return None
    if isinstance(value, Mapping) and isinstance(mask, Mapping):
        return {key: _visible(one, mask.get(key)) for key, one in value.items()}
    if isinstance(value, list) and isinstance(mask, list):
        return [_visible(one, mask[number] if number < len(mask) else None) for number, one in enumerate(value)]
    return value


class _Settings:
    """The settings of the providers in a plan's configuration, as far as they are literal or variables of the root."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        configuration = _mapping(plan.get("configuration"))
        self._variables = _mapping(plan.get("variables"))
        self._providers = _mapping(configuration.get("provider_config"))
        self._keys: dict[str, str] = {}
        self._points: dict[str, dict[str, frozenset[str]]] = {}
        modules: list[tuple[str, Mapping[str, Any]]] = [("", _mapping(configuration.get("root_module")))]
        while modules:
            prefix, module = modules.pop()
            for one in module.get("resources") or ():
                if isinstance(one, Mapping):
                    address = f"{prefix}{one.get('address')}"
                    self._keys[address] = str(one.get("provider_config_key"))
                    expressions = _mapping(one.get("expressions")).items()
                    self._points[address] = {name: _pointers(prefix, expression) for name, expression in expressions}
            for name, call in _mapping(module.get("module_calls")).items():
                modules.append((f"{prefix}module.{name}.", _mapping(_mapping(call).get("module"))))

    def points(self, address: str) -> dict[str, frozenset[str]]:
        """The resources that each attribute of the resource at `address` is made from."""
        return self._points.get(address, {})

    def of(self, address: str) -> dict[str, Any]:
        """The settings of the provider that makes the resource at `address`."""
        key = self._keys.get(address, "")
        expressions = _mapping(_mapping(self._providers.get(key)).get("expressions"))
        found = {name: self._value(_mapping(expressions.get(name))) for name in _SETTINGS}
        return {name: value for name, value in found.items() if value is not None}

    def _value(self, expression: Mapping[str, Any]) -> str | None:
        if isinstance(literal := expression.get("constant_value"), str):
            return literal
        # `["var.region"]`: the variable itself and nothing made of it.
        references = [str(one) for one in expression.get("references") or ()]
        match = _VARIABLE.match(references[0]) if len(references) == 1 else None
        value = _mapping(self._variables.get(match[1])).get("value") if match else None
        return value if isinstance(value, str) else None


def _pointers(prefix: str, expression: Any) -> frozenset[str]:
    """The resources of the same module that an expression mentions, in whatever depth of blocks."""
    found, left = set(), [expression]
    while left:
        one = left.pop()
        if isinstance(one, list):
            left += one
        elif isinstance(one, Mapping):
            left += [value for name, value in one.items() if name != "references"]
            matches = map(_POINTER.match, map(str, one.get("references") or ()))
            found |= {f"{prefix}{match[1]}" for match in matches if match}
    return frozenset(found)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
