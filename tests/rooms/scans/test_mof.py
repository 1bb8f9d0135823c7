"""Model Openness Framework records, on small ones of our own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from service.foundation.errors import NotFound
from service.inventory.manifest import observation
from service.scans.importers.mof import read
from service.scans.importers.result import FileAccount, ImportResult

PARAMETERS = "Model parameters (Final)"


def release(name: str, **fields: Any) -> dict[str, Any]:
    body = {"name": name, "version": "7B", "date": "2025-01-01", "license": {}, "producer": "Acme", "components": []}
    return {"framework": {"name": "Model Openness Framework", "version": "1.0"}, "release": {**body, **fields}}


def imported(directory: Path, **files: Any) -> ImportResult:
    for name, content in files.items():
        (directory / f"{name}.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    result = read(directory)
    for manifest in result.manifests:
        observation(manifest)
    return result


def models(result: ImportResult) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in result.manifests if one["kind"] == "model"}


def origins(result: ImportResult, name: str) -> list[tuple[str, str | None]]:
    relations = models(result)[name].get("relations", ())
    return [(one["to"], one.get("as")) for one in relations if one["type"] == "derived_from"]


def test_a_record_becomes_a_model_with_its_components(tmp_path: Path) -> None:
    components = [
        {"name": PARAMETERS, "description": "weights", "license": "MIT"},
        {"name": "Model card", "license": None},
    ]
    body = release(
        "Acme 7B",
        type="language",
        huggingface="https://huggingface.co/acme/acme-7b",
        repository="somewhere",
        license={"distribution": {"name": "Apache-2.0", "path": ""}},
        components=components,
    )
    result = imported(tmp_path, acme=body)
    model = models(result)["mof/acme/acme-7b"]
    assert model["title"] == "Acme 7B"
    assert model["labels"] == {"source": "mof", "mof": "model"}
    assert model["attributes"] == {
        "card": "https://huggingface.co/acme/acme-7b",
        "components": [{"name": PARAMETERS, "licence": "MIT"}, {"name": "Model card"}],
        "licence": "MIT",
        "modalities": ["text"],
        "parameters": 7_000_000_000,
        "publisher": "vendor:mof/acme",
        "version": "7B",
    }
    assert model["evidence"]["parameters"]["grade"] == "inferred"
    assert model["relations"] == [{"type": "published_by", "to": "vendor:mof/acme"}]
    assert model["annotations"]["mof/license"] == '{"distribution": {"name": "Apache-2.0", "path": ""}}'
    assert model["annotations"]["mof/framework"].startswith("{")
    assert result.accounts == (FileAccount("acme.yml", 1, 1),)


@pytest.mark.parametrize(
    "word", ["unlicensed", "Undisclosed", "Component not include.", "Component not included", None]
)
def test_without_a_licence_of_its_weights_the_distribution_counts(tmp_path: Path, word: str | None) -> None:
    components = [{"name": PARAMETERS, "license": word}]
    whole = {"distribution": {"name": "Apache-2.0"}}
    result = imported(
        tmp_path,
        one=release("One", components=components, license=whole),
        two=release("Two", components=components, license={"code": {"name": "MIT"}}),
    )
    assert models(result)["mof/acme/one"]["attributes"]["licence"] == "Apache-2.0"
    assert "licence" not in models(result)["mof/acme/two"]["attributes"]


def test_an_origin_is_tied_where_it_names_a_model(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        a=release("Acme-Base"),
        b=release("Acme-Instruct", origin="acme base"),
        c=release("Acme-Chat", origin="Unseen-Base"),
        d=release("Acme-Self", origin="acme-self"),
        e=release("Acme-Odd", origin="GPT-3, some differences"),
        f=release("Acme-Licence", origin="Apache-2.0"),
    )
    assert origins(result, "mof/acme/acme-instruct") == [("model:mof/acme/acme-base", "finetune")]
    assert origins(result, "mof/acme/acme-chat") == [("model:mof/unseen-base", "finetune")]
    assert origins(result, "mof/acme/acme-self") == []
    told = {account.file: account.notes for account in result.accounts}
    assert told["b.yml"] == ()
    assert told["c.yml"] == (
        "Acme-Chat: origin 'Unseen-Base' has no record; it is taken for model:mof/unseen-base, not registered",
    )
    assert told["d.yml"] == ("Acme-Self: origin 'acme-self' is kept as text: the record names itself",)
    for file in ("e.yml", "f.yml"):
        assert told[file][0].endswith("is kept as text: it is not the plain name of a model")


def test_a_version_that_is_no_size_says_nothing_of_parameters(tmp_path: Path) -> None:
    attributes = models(imported(tmp_path, a=release("One", version="v0.1")))["mof/acme/one"]["attributes"]
    assert attributes == {"publisher": "vendor:mof/acme", "version": "v0.1"}


def test_test_cases_stand_apart(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "one.yml").write_text(yaml.safe_dump(release("One", origin="Pre-Test")))
    result = imported(tmp_path, one=release("One"), two=release("Two", origin="One"))
    case = models(result)["mof/case/acme/one"]
    assert case["labels"]["mof"] == "case"
    assert [one["type"] for one in case["relations"]] == ["published_by"]
    assert result.accounts[0].notes == ("One: origin 'Pre-Test' of a test case is kept as text",)
    assert origins(result, "mof/acme/two") == [("model:mof/acme/one", None)]
    assert set(models(read(tmp_path / "cases"))) == {"mof/case/acme/one"}


def test_an_origin_that_a_case_shares_with_a_model_is_not_tied(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "one.yml").write_text(yaml.safe_dump(release("Case", origin="Two")))
    result = imported(tmp_path, two=release("Two"))
    assert origins(result, "mof/case/acme/case") == []
    assert "'Two' of a test case is kept as text" in result.accounts[0].notes[0]


def test_two_records_of_one_name_stay_two(tmp_path: Path) -> None:
    result = imported(tmp_path, a=release("One"), b=release("one"))
    assert set(models(result)) == {"mof/acme/one", "mof/acme/one-2"}
    assert result.accounts[1].notes == ("one: another record has this name; this one is mof/acme/one-2",)


def test_what_cannot_be_imported_is_told(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text("{}")
    odd = release("Odd", producer=None, version=None, components=[{"license": "MIT"}, {"name": PARAMETERS}])
    odd["release"]["license"] = None
    result = imported(
        tmp_path,
        listed=["no record"],
        nameless=release("  "),
        odd=odd,
        strange=release("Strange", components="none", license={"distribution": "MIT"}),
    )
    accounts = {account.file: account for account in result.accounts}
    assert [accounts[file].imported for file in ("listed.yml", "nameless.yml", "odd.yml", "schema.json")] == [
        0,
        0,
        1,
        0,
    ]
    assert accounts["listed.yml"].notes[0].startswith("not imported: no Model Openness Framework record")
    assert accounts["nameless.yml"].notes == ("not imported: the release has no name",)
    assert accounts["schema.json"].notes == ("no record file: only .yaml and .yml hold records",)
    assert accounts["odd.yml"].notes == ("Odd: component {'license': 'MIT'} has no name",)
    assert models(result)["mof/unknown/odd"]["attributes"] == {"components": [{"name": PARAMETERS}]}
    assert "components" not in models(result)["mof/acme/strange"]["attributes"]


def test_the_same_directory_gives_the_same_bytes(tmp_path: Path) -> None:
    first = imported(tmp_path, a=release("One"), b=release("Two", origin="One"))
    assert read(tmp_path) == first


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not a directory"):
        read(tmp_path / "nowhere")
