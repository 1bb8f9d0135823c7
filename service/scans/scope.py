"""What of a reading a source keeps: refs that its patterns let in, under the refs that its owner gave them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from service.inventory.facts import Observation


def lets_in(ref: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether a ref is in scope: some pattern of `include` (none: all) and no pattern of `exclude` matches it."""
    wanted = not include or any(fnmatchcase(ref, pattern) for pattern in include)
    return wanted and not any(fnmatchcase(ref, pattern) for pattern in exclude)


def renamed(observation: Observation, aliases: Mapping[str, str]) -> Observation:
    """The observation with every ref that has an alias called by it, its own among them."""
    if not aliases:
        return observation
    return replace(
        observation,
        name=aliases.get(observation.ref, observation.ref).partition(":")[2],
        relations=tuple(replace(one, to=aliases.get(one.to, one.to)) for one in observation.relations),
        attributes=_renamed(observation.attributes, aliases),
    )


def _renamed(value: Any, aliases: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return aliases.get(value, value)
    if isinstance(value, list):
        return [_renamed(item, aliases) for item in value]
    if isinstance(value, dict):
        return {key: _renamed(item, aliases) for key, item in value.items()}
    return value
