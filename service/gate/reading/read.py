"""Files become readings: the one way from what teams have to what the gate judges."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from service.foundation.errors import Fault, Invalid
from service.gate.reading import allod, card, compose, cyclonedx, kubernetes, packages, spdx, terraform
from service.gate.reading.detect import detect
from service.gate.reading.parts import File, Ignored, Options, Place, Proposed, Reading, Type
from service.gate.reading.text import SIZE_MAX, decoded, refusal
from service.inventory import manifest

FILES_MAX: Final = 1_000
ASSETS_MAX: Final = 5_000  # in all files together
_READERS: Final[Mapping[Type, Callable[[File, Options], Reading]]] = {
    Type.ALLOD: allod.read,
    Type.KUBERNETES: kubernetes.read,
    Type.TERRAFORM_PLAN: terraform.read,
    Type.COMPOSE: compose.read,
    Type.CYCLONEDX: cyclonedx.read,
    Type.SPDX: spdx.read,
    Type.MODEL_CARD: card.read,
    Type.PACKAGES: packages.read,
}
_HINTS: Final = {
    ".tf": "what `terraform show -json PLAN` writes, not the configuration",
    ".tfvars": "what `terraform show -json PLAN` writes, not its variables",
    ".tpl": "what `helm template` makes of the chart",
}


def read(files: Sequence[File], type: Type | None = None, options: Options = Options()) -> list[Reading]:  # noqa: B008 -- frozen
    """What `files` propose: a reading for each, in their order. `type` is that of all of them; otherwise each tells its own.

    Raises:
        Invalid: with every fault of every file. Nothing may ship on files that cannot be read.
    """
    if not files or len(files) > FILES_MAX:
        message = f"{len(files)} files" if files else "no file"
        raise Invalid(f"The candidate cannot be read: {message}.", [Fault("", message, f"1 to {FILES_MAX} files")])
    faults: list[Fault] = []
    readings: list[Reading] = []
    cards = _cards(files) if type is None else {}
    for file in files:
        try:
            readings.append(_read(file, type, options, cards))
        except Invalid as error:
            faults += error.faults
    faults += _contradictions(readings)
    if faults:
        more = f" ({len(faults) - 1} more)" if faults[1:] else ""
        raise Invalid(f"The candidate cannot be read: {faults[0]}{more}.", faults)
    if (count := sum(len(one.proposed) for one in readings)) > ASSETS_MAX:
        fault = Fault("", f"{count} assets", f"at most {ASSETS_MAX}; ask in parts")
        raise Invalid("The candidate is too large.", [fault])
    return readings


def _read(file: File, type_: Type | None, options: Options, cards: Mapping[str, list[str]]) -> Reading:
    if len(file.content) > SIZE_MAX:
        raise refusal(file.name, "the file is too large", f"at most {SIZE_MAX // 2**20} MiB; split it")
    found = type_ or detect(file)
    folder = _folder(file)
    if found is None and folder in cards:
        ignored = Ignored(file.name, "it belongs to the model card beside it", Place(file.name))
        return Reading(Type.MODEL_CARD, ignored=(ignored,))
    if found is None:
        decoded(file)  # a text in another code has no type, and that is the reason
        raise _unknown(file)
    if found is Type.MODEL_CARD:
        others = [name for name in cards.get(folder, ()) if name != PurePosixPath(file.name).name]
        file = replace(file, beside=tuple(sorted({*file.beside, *others})))
    reading = _READERS[found](file, options)
    if not reading.proposed and not reading.ignored:
        raise refusal(
            file.name, "there is nothing in it", f"something to judge in a file of type {found.value}", line=1
        )
    faults = [fault for one in reading.proposed if not one.whole for fault in _faults(one)]
    if faults:
        raise Invalid(f"{file.name} cannot be read: {faults[0].message}.", faults)
    return reading


def _faults(one: Proposed) -> list[Fault]:
    """What of a proposal no manifest may hold: somebody's words, carried over as they are."""
    try:
        manifest.observation(one.manifest)
    except Invalid as error:
        return [
            replace(fault, message=f"{one.ref}: {fault.message}", file=one.place.file, line=one.place.line)
            for fault in error.faults
        ]
    return []


def _cards(files: Sequence[File]) -> dict[str, list[str]]:
    """Folders with a card in them, and the names of all given files there."""
    folders = {_folder(file) for file in files if PurePosixPath(file.name).name.lower() == "readme.md"}
    with_cards = {
        _folder(file)
        for file in files
        if _folder(file) in folders and len(file.content) <= SIZE_MAX and detect(file) is Type.MODEL_CARD
    }
    found: dict[str, list[str]] = {folder: [] for folder in with_cards}
    for file in files:
        if _folder(file) in found:
            found[_folder(file)].append(PurePosixPath(file.name).name)
    return found


def _contradictions(readings: Sequence[Reading]) -> list[Fault]:
    """Assets that two manifests describe, each as if it were all that is stated."""
    first: dict[tuple[str, str], Place] = {}
    found: list[Fault] = []
    for one in (one for reading in readings for one in reading.proposed if one.whole):
        key = (str(one.manifest.get("workspace") or ""), one.ref)
        known = first.setdefault(key, one.place)
        if known is not one.place:
            message = f"{one.ref} is stated at {known.file}:{known.line} already"
            found.append(Fault("/name", message, "each asset once", file=one.place.file, line=one.place.line))
    return found


def _unknown(file: File) -> Invalid:
    types = ", ".join(one.value for one in Type)
    hint = _HINTS.get(PurePosixPath(file.name).suffix.lower())
    expected = f"{hint or 'a file of one of these types, or its type named'}: {types}"
    empty = not file.content.strip()
    return refusal(file.name, "it is empty" if empty else "it is of no type that is known", expected)


def _folder(file: File) -> str:
    return str(PurePosixPath(file.name).parent)
