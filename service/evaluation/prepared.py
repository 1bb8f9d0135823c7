"""A document ready to be judged, with the parameters it is judged under; sealed under one digest, so it can be judged again.

Pure.
"""

from dataclasses import dataclass
from typing import Any

from service.evaluation.policy_input import PolicyInput
from service.foundation import canonical


@dataclass(frozen=True, slots=True)
class SlotInput:
    """A slot's parameters for one kind of asset, and which packs bind each of its rules."""

    parameters: dict[str, dict[str, Any]]
    packs: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One asset's document, ready to be judged: once in each slot, with that slot's parameters.

    `body` is the canonical form of both, which is kept and from which `digest` is made.
    """

    ref: str
    kind: str
    document: PolicyInput
    slots: tuple[SlotInput, ...]
    body: bytes
    digest: str

    def documents(self, slot: SlotInput) -> PolicyInput:
        """The document as the rules of `slot` see it."""
        return {**self.document, "parameters": slot.parameters}


def seal(document: PolicyInput, slots: tuple[SlotInput, ...]) -> Prepared:
    """A document with the parameters it is judged under, and the digest of both."""
    body = canonical.encode(
        {"document": document, "slots": [{"parameters": s.parameters, "packs": s.packs} for s in slots]}
    )
    asset = document["asset"]
    return Prepared(asset["ref"], asset["kind"], document, slots, body, canonical.digest_bytes(body))


def unseal(body: bytes) -> Prepared:
    """The prepared document that `body` was made from."""
    kept = canonical.decode(body)
    slots = tuple(
        SlotInput(s["parameters"], {rule: tuple(packs) for rule, packs in s["packs"].items()}) for s in kept["slots"]
    )
    return seal(kept["document"], slots)
