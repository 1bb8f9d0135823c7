"""What a licence asks for beyond yes and no: from whom, where, under which name, and of what is made with a model's outputs.

The values come from the catalogue's licence entries and are plain JSON inside (`document`), ready for an input document.
AND keeps every condition of every part; OR takes those of the part that is chosen (`licence_terms.freest`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from service.foundation import canonical

PassOn = Literal["restrictions", "agreement"]
OutputTraining = Literal["forbidden", "inherits", "naming", "allowed"]

_PASS_ON: Final = ("restrictions", "agreement", None)  # strictest first
_OUTPUTS: Final = ("forbidden", "inherits", "naming", None, "allowed")
# Licences that OSI or FSF listed, and these families, say nothing about what is made of a work's outputs.
_SILENT: Final = frozenset({"permissive", "copyleft", "weak_copyleft", "public_domain", "creative_commons", "data"})
# What no free and open-source licence may ask for (Open Source Definition 5 and 6).
_UNFREE: Final = frozenset(
    {
        *("geographic_exclusion", "no_derivatives", "no_output_training", "non_commercial", "research_only"),
        *("size_threshold", "use_restrictions"),
    }
)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of one licence, or of an expression.

    `thresholds`: `{measure, limit, currency?, effect, note?}`; the licence asks for more above `limit`.
    `exclusions`: `{countries, blocs, modality: any|multimodal, reach: domicile|users, source?, note?}`.
    `naming`: `{built_with | name_prefix, triggers}`, triggers out of distribution, derivative, output_training, threshold.
    `pass_on`: `restrictions` must bind whoever gets the work or what derives from it; of `agreement` a copy goes along;
    None: neither is asked for, or nobody knows.
    `output_training`: whether a model's outputs may train other models: forbidden, with the licence inherited (`inherits`),
    with its name shown (`naming`), or allowed; None: not known.
    `foss`: free and open-source as AI Act Art. 53(2) asks: access, use, modification and distribution without restriction
    of who, what for, or how many. None: not known.
    """

    thresholds: tuple[Mapping[str, Any], ...] = ()
    exclusions: tuple[Mapping[str, Any], ...] = ()
    naming: tuple[Mapping[str, Any], ...] = ()
    pass_on: PassOn | None = None
    output_training: OutputTraining | None = None
    foss: bool | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Conditions":
        """The conditions that a licence entry states, and what follows from its family, flags and obligations."""
        exclusions = ({"countries": [], "blocs": [], **found} for found in body.get("exclusions", ()))
        return cls(
            thresholds=_sorted(body.get("thresholds", ())),
            exclusions=_sorted(exclusions),
            naming=_sorted(body.get("naming", ())),
            pass_on=body.get("pass_on"),
            output_training=body.get("output_training") or _outputs(body),
            foss=body["foss"] if "foss" in body else _foss(body),
        )

    @property
    def stamp(self) -> str:
        """Orders conditions that are otherwise equally strict: equal conditions have equal stamps."""
        return canonical.encode(self.document()).decode()

    def document(self) -> dict[str, Any]:
        """Plain JSON with every name of this class."""
        return {
            "thresholds": [dict(one) for one in self.thresholds],
            "exclusions": [dict(one) for one in self.exclusions],
            "naming": [dict(one) for one in self.naming],
            "pass_on": self.pass_on,
            "output_training": self.output_training,
            "foss": self.foss,
        }

    def joined(self, other: "Conditions") -> "Conditions":
        """What holds when both must be kept: every condition of either, once, and the stricter of the words."""
        free = {self.foss, other.foss}
        return Conditions(
            thresholds=_sorted((*self.thresholds, *other.thresholds)),
            exclusions=_sorted((*self.exclusions, *other.exclusions)),
            naming=_sorted((*self.naming, *other.naming)),
            pass_on=min(self.pass_on, other.pass_on, key=_PASS_ON.index),
            output_training=min(self.output_training, other.output_training, key=_OUTPUTS.index),
            foss=False if False in free else None if None in free else True,
        )


def _sorted(found: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    return tuple(one for _, one in sorted({canonical.encode(one): one for one in found}.items()))


def _outputs(body: Mapping[str, Any]) -> OutputTraining | None:
    if "no_output_training" in body.get("obligations", ()):
        return "forbidden"
    return "allowed" if body.get("osi") or body.get("fsf") or body.get("family") in _SILENT else None


def _foss(body: Mapping[str, Any]) -> bool | None:
    if body.get("osi") or body.get("fsf"):
        return True
    return False if body.get("commercial_use") is False or _UNFREE & set(body.get("obligations", ())) else None
