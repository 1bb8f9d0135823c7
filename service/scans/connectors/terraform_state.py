"""Terraform and OpenTofu: states (version 4) and what `show -json` says of states and plans, in files.

- machines and pools with accelerators: `gpu_host`; buckets, storage accounts and containers: `dataset`; endpoints and
  accounts of AI services: `ai_service`; models that resources declare: `model`; of AWS, Azure, Google, OVHcloud, Scaleway
  and OpenStack (`terraform_state_hosts`, `_stores`, `_services`);
- regions from what the resources say, in plans from their providers' settings, too (`terraform_state_places`);
- tags, labels and metadata: labels, and marks;
- types that nobody knows here: a note each, with their number.

What a state says is `inferred`: it was so when Terraform last looked, and nobody has looked since. What a plan says is
`declared`: somebody wants it so. Values that a document marks as sensitive are not read, nor are outputs, data sources and
what is about to be destroyed. Every file is a part.
"""

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import Field

from service.scans.connector import Asked, Connector, Context, Event, Note, Read, Refused, Seen, SettingsBase
from service.scans.connectors.terraform_state_assets import Found, Maker, Making, Outcome, Unread, assets
from service.scans.connectors.terraform_state_document import understand
from service.scans.connectors.terraform_state_hosts import HOSTS
from service.scans.connectors.terraform_state_services import SERVICES
from service.scans.connectors.terraform_state_stores import STORES
from service.scans.failures import SourceFailure

SIZE_MAX: Final = 64 * 2**20  # bytes of one document, which is held in memory
_MAKERS: Final[Mapping[str, Maker]] = {**HOSTS, **STORES, **SERVICES}


class TerraformStateSettings(SettingsBase):
    """Which files to read."""

    paths: list[str] = Field(
        min_length=1, max_length=1000, description="Files, and directories with everything below, inside the scan roots"
    )
    patterns: list[str] = Field(
        default=["*.tfstate", "*.tfstate.json", "*tfplan*.json", "*plan.json", "*state.json"],
        min_length=1,
        description="Names of the files to read in directories, `*` and `?` for any letters",
    )
    openstack_cloud: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]{1,40}$",
        description="Whose OpenStack it is, as regions are called (`ovhcloud`), where the documents do not say",
    )


def read(settings: TerraformStateSettings, context: Context) -> Iterator[Event]:
    """File by file, in the order of their names."""
    for given in settings.paths:
        try:
            root = context.path(given)
        except SourceFailure as error:
            yield from (Asked(given), Refused(given, None, error.detail))
            continue
        if root.is_file():
            yield from _file(root, root.name, settings, context)
            continue
        yield Asked(given)
        closed: list[OSError] = []
        for path in _below(root, settings.patterns, context, closed):
            yield from _file(path, str(path.relative_to(root)), settings, context)
        for one in closed:
            inner = os.path.relpath(str(one.filename), root)
            yield Refused(given, inner, f"it cannot be listed: {one.strerror}.")
        yield Read(given)


def manifests(parsed: Any, *, file: str, openstack: str | None = None) -> Iterator[Outcome]:
    """The assets of a parsed document; and what of it is none: an address or a type, and why. Pure.

    Raises:
        SourceFailure: it is no document of Terraform.
    """
    yield from assets(Making(understand(parsed), file, openstack), _MAKERS)


def _below(root: Path, patterns: list[str], context: Context, closed: list[OSError]) -> Iterator[Path]:
    """The files below `root` whose names fit; `closed` gets what could not be listed."""
    for directory, inner, names in os.walk(root, onerror=closed.append):
        # `.terraform` holds copies of modules, and a note on where the state lies that is called a state as well.
        inner[:] = sorted(name for name in inner if name not in (".terraform", ".git"))
        context.pause()
        for name in sorted(names):
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                yield Path(directory, name)


def _file(path: Path, part: str, settings: TerraformStateSettings, context: Context) -> Iterator[Event]:
    yield Asked(part)
    try:
        parsed = _parsed(context.path(str(path)))
        for one in manifests(parsed, file=part, openstack=settings.openstack_cloud):
            context.pause()
            if isinstance(one, Found):
                yield from (Note(part, one.address, text) for text in one.notes)
                yield Seen(part, one.address, one.draft.manifest())
            elif isinstance(one, Unread):
                yield Refused(part, one.address, one.reason)
            else:
                yield Note(part, *one)
    except SourceFailure as error:
        yield Refused(part, None, error.detail)
    except Exception as error:  # noqa: BLE001 -- a file that is broken in a way nobody thought of; the next may be whole
        yield Refused(part, None, f"this document is broken: {type(error).__name__}")
    else:
        yield Read(part)


def _parsed(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_MAX + 1)
    except OSError as error:
        raise SourceFailure(f"it cannot be opened: {error.strerror}.") from error
    if len(content) > SIZE_MAX:
        raise SourceFailure(f"it is larger than {SIZE_MAX // 2**20} MiB.")
    if content.startswith(b"PK\x03\x04"):
        raise SourceFailure(
            "this is a plan in Terraform's own form: read what `terraform show -json` says of it instead."
        )
    try:
        return orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise SourceFailure(f"this is no JSON, or only the beginning of some ({error}).") from error


def reaches(_: TerraformStateSettings) -> list[str]:
    """Nothing: files alone are read."""
    return []


CONNECTOR: Final = Connector(
    name="terraform_state", title="Terraform", settings=TerraformStateSettings, read=read, reaches=reaches
)
