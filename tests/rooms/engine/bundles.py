"""Small bundles and documents that the tests of this room share."""

from dataclasses import replace
from typing import Any

from service.engine.protocol import Bundle, Module, RuleEntry

LIBRARY = Module(
    "lib/speech/speech.rego",
    'package allod.lib.speech\n\nsay(text) := sprintf("%s!", [text])\n',
)


def rule(
    id: str, name: str, *, when: str = "input.asset.bad", extra: str = "", kinds: tuple[str, ...] = ("system",)
) -> tuple[RuleEntry, Module]:
    """A rule that applies to systems, violates `when`, and does not know while `input.asset.vague`."""
    text = f"""package allod.rules.trial.{name}

import data.allod.lib.speech

applies if input.asset.kind in {{"system", "model"}}

violation contains finding if {{
	{when}
	finding := {{"subject": input.asset.ref, "message": speech.say("bad"), "path": [input.asset.ref]}}
}}

unknown contains finding if {{
	input.asset.vague
	finding := {{"subject": "vague", "message": "who knows", "path": [], "vendor": "vendor:x", "jurisdiction": "US"}}
}}
{extra}
"""
    return RuleEntry(id, f"allod.rules.trial.{name}", kinds), Module(f"rules/trial/{name}/{name}.rego", text)


def bundle(*rules: tuple[RuleEntry, Module], library: tuple[Module, ...] = (LIBRARY,)) -> Bundle:
    """A bundle of these rules."""
    return Bundle((*library, *(module for _, module in rules)), tuple(entry for entry, _ in rules))


def healthy() -> tuple[RuleEntry, Module]:
    """A rule that works."""
    return rule("TRY-001", "healthy")


def pair(**second: str) -> Bundle:
    """The healthy rule, and beside it TRY-002 made of `when` and `extra`."""
    return bundle(
        healthy(), rule("TRY-002", "other", when=second.get("when", "input.asset.bad"), extra=second.get("extra", ""))
    )


def rewritten(whole: Bundle, old: str, new: str) -> Bundle:
    """The bundle with one text in place of another in every module."""
    return replace(whole, modules=tuple(Module(m.path, m.text.replace(old, new)) for m in whole.modules))


def document(number: int = 0, **asset: Any) -> dict[str, Any]:
    """A document about one asset, bad unless told otherwise."""
    return {"asset": {"ref": f"system:s{number}", "kind": "system", "number": number, "bad": True, **asset}}
