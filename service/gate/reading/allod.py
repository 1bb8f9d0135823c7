"""Allod's own manifests, as `allod apply` takes them: each is all that is stated of its asset."""

from service.foundation.errors import Fault, Invalid
from service.gate.reading.parts import File, Options, Place, Proposed, Reading, Type
from service.gate.reading.text import decoded, refusal, refuse, straight
from service.inventory import manifest


def read(file: File, _options: Options) -> Reading:
    """The manifests of a file.

    Raises:
        Invalid: with every fault of every document, by its line.
    """
    faults: list[Fault] = []
    proposed: list[Proposed] = []
    for document in manifest.read(straight(decoded(file), file.name), file.name):
        try:
            manifest.observation(document.data, where=document.where)
        except Invalid as error:
            faults += error.faults
            continue
        place = Place(file.name, document.where.line("") or 1)
        proposed.append(Proposed(document.data, place, whole=True))
    refuse(faults)
    if not proposed:
        raise refusal(file.name, "there is nothing in it", "at least one manifest", line=1)
    return Reading(Type.ALLOD, tuple(proposed))
