"""The licence resolver: what the text in a licence field means. Start here; `licence_resolver.py` does the work.

Without a catalogue (the command line, a gate without a server) the shipped licences are taken, as they are today.
"""

from functools import cache
from pathlib import Path

from service.foundation import clock
from service.foundation.settings import POLICIES
from service.inventory import reference_load
from service.inventory.licence_resolver import Match, Resolution
from service.inventory.reference import Catalogue, DatedCatalogue

__all__ = ["Match", "Resolution", "resolve", "shipped"]


def resolve(text: str, catalogue: DatedCatalogue | None = None) -> Resolution:
    """What `text` means by the licences of `catalogue`, else by the shipped ones. The raw text stays in the answer."""
    return (catalogue or shipped()).resolver.resolve(text)


def shipped() -> DatedCatalogue:
    """The catalogue that this release brings, as it is today, without any database."""
    return _shipped(POLICIES / "data").on(clock.today())


@cache
def _shipped(directory: Path) -> Catalogue:
    return Catalogue(reference_load.shipped(directory))
