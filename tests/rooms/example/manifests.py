"""The manifests of a directory, read as `allod apply` reads them."""

from pathlib import Path

from service.inventory import manifest
from service.inventory.facts import Observation


def observations(directory: Path) -> list[Observation]:
    documents = [
        document
        for file in sorted(directory.glob("*.yaml"))
        for document in manifest.read(file.read_text(encoding="utf-8"), str(file))
    ]
    return [manifest.observation(document.data, where=document.where) for document in documents]
