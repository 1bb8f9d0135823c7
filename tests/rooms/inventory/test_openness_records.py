"""Releases from records and from models of the inventory; the real collection where it lies beside the repository."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.foundation.errors import Invalid
from service.inventory import openness_record
from service.inventory.manifest import observation
from service.inventory.openness import Release, Released, Status, assess
from service.inventory.openness_framework import framework
from service.inventory.openness_licences import strictly
from service.inventory.views import AssetView
from service.scans.importers import mof

DATA = Path(__file__).parents[4] / "shared" / "data" / "mof"
real = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real collection is not at {DATA}")


def record(**release: Any) -> dict[str, Any]:
    head = {"name": "Model Openness Framework", "version": "1.0", "date": "2024-12-15"}
    body = {"name": "Acme 7B", "producer": "Acme", "license": {}, "components": []}
    return {"framework": head, "release": {**body, **release}}


def asset(manifest: dict[str, Any]) -> AssetView:
    seen = observation(manifest)
    return AssetView(
        1, seen.ref, seen.kind, seen.name, seen.title, seen.labels, seen.annotations, seen.attributes, [], {}
    )


def imported(directory: Path) -> dict[str, AssetView]:
    """The models by the file that they were read from."""
    models = [one for one in mof.read(directory).manifests if one["kind"] == "model"]
    sources = [next(iter(one["evidence"].values()))["source"] for one in models]
    return {source.removeprefix("mof/"): asset(one) for source, one in zip(sources, models, strict=True)}


SHAPES: list[dict[str, Any]] = [
    {},
    {"license": []},
    {"license": None, "components": None},
    {"components": [{"name": "Model card"}, {"name": "Datasets", "license": None}]},
    {
        "license": {"distribution": {"name": "Apache-2.0", "path": ""}, "data": {"name": ""}, "document": None},
        "components": [
            {"name": "Model parameters (Final)", "license": "MIT"},
            {"name": "Model card"},
            {"name": "Data card", "license": "unlicensed"},
        ],
    },
    # The model's own licence is that of its parameters: the card does not inherit it.
    {"components": [{"name": "Model parameters (Final)", "license": "MIT"}, {"name": "Model card"}]},
    {
        "license": {"code": {"name": "Apache 2.0"}, "document": {"name": "CC-BY-4.0"}},
        "components": [{"name": " Training code "}, {"name": "Research paper", "licence": " MIT"}, {"name": "Odd"}],
    },
    {"components": [{"name": "Model card", "license": 2.0}, {"name": 7}]},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_record_and_the_model_imported_from_it_give_one_answer(shape: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "acme.yml").write_text(yaml.safe_dump(record(**shape)), encoding="utf-8")
    (model,) = imported(tmp_path).values()
    assert assess(openness_record.of_asset(model)) == assess(openness_record.read(tmp_path / "acme.yml"))


def test_a_record_is_read_whole() -> None:
    held = openness_record.of_record(
        record(
            license={"distribution": {"name": "MIT"}, "code": {"name": None}, "data": "odd"},
            components=[{"name": "Model card", "license": ""}, {"name": "Datasets", "license": "CC0-1.0"}],
        )
    )
    components = (Released("Model card", ""), Released("Datasets", "CC0-1.0"))
    assert held == Release(components, {"distribution": "MIT"})


def test_json_is_a_record_too(tmp_path: Path) -> None:
    file = tmp_path / "acme.json"
    file.write_text(json.dumps(record(components=[{"name": "Datasets"}])))
    assert openness_record.read(file) == Release((Released("Datasets"),))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[1]", "/release"),
        ("kind: model", "/release"),
        ("release: 7B", "/release"),
        ("framework: {name: Another}\nrelease: {components: []}", "/framework/name"),
        ("release: {components: [{name: Datasets}, {license: MIT}, 3]}", "/release/components/1"),
        ("release: {components: all of them}", "/release/components/0"),
    ],
)
def test_what_is_no_record_is_refused_by_file_and_place(text: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.yml"
    file.write_text(text)
    with pytest.raises(Invalid) as refused:
        openness_record.read(file)
    fault = refused.value.faults[0]
    assert (fault.path, fault.file, fault.line) == (path, str(file), 2 if "\n" in text and path[1] == "r" else 1)


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"a: [1\nb: 2", 2), (b"\xff\xfe\xff", 1), (b"release:\n  name: \x1b", None), (b"[" * 50_000 + b"]" * 50_000, 1)],
)
def test_what_cannot_be_read_is_refused(content: bytes, line: int | None, tmp_path: Path) -> None:
    file = tmp_path / "odd.yml"
    file.write_bytes(content)
    with pytest.raises(Invalid, match="cannot be read") as refused:
        openness_record.read(file)
    assert (refused.value.faults[0].file, refused.value.faults[0].line) == (str(file), line)


@pytest.mark.parametrize("text", ["", "release: {}\n---\nrelease: {}\n"])
def test_a_record_is_one_document(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.yml").write_text(text)
    with pytest.raises(Invalid):
        openness_record.read(tmp_path / "odd.yml")


def test_a_model_of_our_own_hands_its_licence_down() -> None:
    attributes = {"licence": "Apache-2.0", "components": [{"name": "Model card"}, {"name": "Datasets", "licence": "X"}]}
    model = asset({"kind": "model", "name": "acme", "attributes": attributes})
    assert openness_record.of_asset(model) == Release(
        (Released("Model card"), Released("Datasets", "X")), {"distribution": "Apache-2.0"}
    )
    assert openness_record.of_asset(asset({"kind": "model", "name": "bare"})) == Release(())


def test_a_block_that_somebody_spoiled_hands_nothing_down() -> None:
    model = asset({"kind": "model", "name": "acme", "attributes": {"components": [{"name": "Model card"}]}})
    spoiled = replace(model, labels={"source": "mof"}, annotations={"mof/license": "{"})
    assert openness_record.of_asset(spoiled) == Release((Released("Model card"),))


def test_only_a_model_has_a_class() -> None:
    with pytest.raises(Invalid, match="system:desk is no model"):
        openness_record.of_asset(asset({"kind": "system", "name": "desk"}))


@real
def test_every_case_of_the_reference_tool_gives_its_result() -> None:
    expected = json.loads((DATA / "expected.json").read_text())
    assert sorted(expected) == sorted(file.name for file in (DATA / "cases").iterdir())
    for name, result in expected.items():
        told = assess(openness_record.read(DATA / "cases" / name)).strict
        assert {key: told.as_dict()[key] for key in ("class", "label", "progress")} == result, name
        # The names count valid (V) and invalid (I) components.
        valid, invalid = (int(number) for number in re.findall(r"_(\d+)V_(\d+)I_", name)[0])
        statuses = [one.status for one in told.components]
        assert (statuses.count(Status.INCLUDED), statuses.count(Status.INVALID)) == (valid, invalid), name


@real
def test_the_strict_reading_knows_the_licences_of_the_reference_tool() -> None:
    read = strictly(framework())
    known = json.loads((DATA / "licenses.json").read_text())["licenses"]
    known += json.loads((DATA / "mof-licenses.json").read_text())["licenses"]
    beside = framework().open_data | framework().open_whole
    for one in known:
        is_open = one.get("isOsiApproved") or one.get("isFsfLibre") or one["licenseId"] in beside
        assert read(one["licenseId"]).open == bool(is_open), one["licenseId"]


@real
def test_every_real_record_and_its_import_give_one_answer() -> None:
    models = imported(DATA)
    files = [*(DATA / "models").iterdir(), *(DATA / "cases").iterdir()]
    assert set(models) == {file.relative_to(DATA).as_posix() for file in files}
    for file, model in models.items():
        assert assess(openness_record.of_asset(model)) == assess(openness_record.read(DATA / file)), file
