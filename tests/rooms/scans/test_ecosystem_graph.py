"""The AI ecosystem graph, on small records of our own."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.foundation.errors import NotFound
from service.inventory.manifest import observation
from service.scans.importers.ecosystem_graph import read
from service.scans.importers.result import FileAccount, ImportResult


def record(name: str, type_: str = "model", **fields: Any) -> dict[str, Any]:
    return {"name": name, "type": type_, "organization": "Acme", "nationality": "Germany", "dependencies": [], **fields}


def imported(directory: Path, **files: Any) -> ImportResult:
    for name, content in files.items():
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")
    result = read(directory)
    for manifest in result.manifests:
        observation(manifest)
    return result


def by_ref(result: ImportResult) -> dict[str, dict[str, Any]]:
    return {f"{one['kind']}:{one['name']}": one for one in result.manifests}


def ties(result: ImportResult, ref: str) -> set[tuple[str, str]]:
    found = {(one["type"], one["to"]) for one in by_ref(result)[ref].get("relations", ())}
    return {tie for tie in found if tie[0] != "published_by"}


def notes(result: ImportResult) -> str:
    return "\n".join(f"{account.file}: {note}" for account in result.accounts for note in account.notes)


def test_a_model_keeps_what_its_record_says(tmp_path: Path) -> None:
    fields: dict[str, Any] = {
        "license": {"value": "Apache 2.0", "explanation": "see card"},
        "access": "open",
        "size": "7B parameters (dense)",
        "modality": "image, text; text",
        "model_card": "https://example.org/card",
        "url": "https://example.org",
        "description": "A model.",
        "created_date": {"value": "unknown"},
    }
    result = imported(tmp_path, acme=[record("Acme One", **fields)])
    model = by_ref(result)["model:acme/acme-one"]
    assert model["title"] == "Acme One"
    assert model["attributes"] == {
        "card": "https://example.org/card",
        "generates_text": True,
        "licence": "Apache 2.0",
        "modalities": ["image", "text"],
        "parameters": 7_000_000_000,
        "publisher": "vendor:acme",
        "weights": "open",
    }
    assert model["evidence"]["weights"] == {"grade": "inferred", "source": "ecosystem-graph/acme.yaml"}
    assert model["evidence"]["licence"]["grade"] == "declared"
    assert model["annotations"]["ecosystem-graph/license/explanation"] == "see card"
    assert model["annotations"]["ecosystem-graph/description"] == "A model."
    assert by_ref(result)["vendor:acme"]["attributes"] == {"incorporated_in": "DE"}
    assert result.accounts == (FileAccount("acme.yaml", 1, 1),)


@pytest.mark.parametrize("word", ["unknown", "Unknown", "none", "", "unknkown"])
def test_a_word_for_nobody_knows_is_no_licence(tmp_path: Path, word: str) -> None:
    model = by_ref(imported(tmp_path, acme=[record("One", license=word)]))["model:acme/one"]
    assert "licence" not in model.get("attributes", {})


@pytest.mark.parametrize(
    ("written", "stated"),
    [
        ("text, image; image", {"modalities": ["image", "text"], "generates_image": True}),
        ("image, text; text, robotics trajectories", {"modalities": ["image", "robotics-trajectories", "text"]}),
        ("text (English)", {"modalities": ["text"]}),
        ("text; unknown", {"modalities": ["text"]}),
        ("; (none)", {}),
        ("unknown", {}),
    ],
)
def test_modalities_tell_what_goes_in_and_what_comes_out(tmp_path: Path, written: str, stated: dict[str, Any]) -> None:
    model = by_ref(imported(tmp_path, acme=[record("One", modality=written, created_date=date(2024, 2, 1))]))
    attributes = model["model:acme/one"]["attributes"]
    assert {"modalities": attributes.get("modalities", [])} == {"modalities": stated.get("modalities", [])}
    assert attributes.get("generates_image") is stated.get("generates_image")
    assert model["model:acme/one"]["annotations"]["ecosystem-graph/created_date"] == "2024-02-01"


def test_a_field_that_is_not_understood_is_told_by_file_and_record(tmp_path: Path) -> None:
    odd = record("One", access="perhaps", size="2024-05-29", created_date="soon", nationality="Canada/Switzerland")
    result = imported(tmp_path, acme=[odd])
    assert set(result.accounts[0].notes) == {
        "One: access 'perhaps' is not understood",
        "One: size '2024-05-29' is not understood",
        "One: created_date 'soon' is no date",
        "One: nationality 'Canada/Switzerland' names no single country",
    }
    assert by_ref(result)["model:acme/one"]["annotations"]["ecosystem-graph/access"] == "perhaps"


def test_relations_follow_the_kinds_at_both_ends(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        a=[
            record("Base"),
            record("Text", "dataset", dependencies=["Base"]),
            record("Tuned", dependencies=["base", "TEXT"]),
            record("Acme API", "application", dependencies=["Tuned"]),
            record("Chat", "application", dependencies=["Acme API", "Tuned"]),
        ],
    )
    assert ties(result, "model:acme/tuned") == {
        ("derived_from", "model:acme/base"),
        ("trained_on", "dataset:acme/text"),
    }
    assert ties(result, "dataset:acme/text") == {("generated_by", "model:acme/base")}
    assert ties(result, "ai_service:acme/acme-api") == {("serves", "model:acme/tuned")}
    assert ties(result, "system:acme/chat") == {("uses", "ai_service:acme/acme-api"), ("uses", "model:acme/tuned")}
    assert notes(result) == ""


def test_what_a_dataset_is_made_of_is_tied_to_the_model(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        a=[
            record("Leaf", "dataset"),
            record("Inner", "dataset", dependencies=["Leaf", "Elsewhere corpus"]),
            record("Mix", "dataset", dependencies=["Inner"]),
            record("Model", dependencies=["Mix"]),
        ],
    )
    assert ties(result, "model:acme/model") == {
        ("trained_on", "dataset:acme/mix"),
        ("trained_on", "dataset:acme/inner"),
        ("trained_on", "dataset:acme/leaf"),
        ("trained_on", "dataset:elsewhere-corpus"),
    }
    way = by_ref(result)["model:acme/model"]["annotations"]["ecosystem-graph/by-way-of/acme/leaf"]
    assert way == "dataset:acme/mix > dataset:acme/inner"
    assert "Mix: dependency 'Inner' is kept as text: no relation leads from dataset to dataset" in notes(result)


def test_a_product_on_a_product_uses_what_that_uses(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        a=[
            record("Base"),
            record("Suite", "application", dependencies=["Acme API"]),
            record("Sheet", "application", dependencies=["Suite"]),
            record("Acme API", "application", dependencies=["Chat"]),
            record("Chat", "application", dependencies=["Base"]),
        ],
    )
    assert ties(result, "system:acme/sheet") == {("uses", "ai_service:acme/acme-api")}
    assert ties(result, "ai_service:acme/acme-api") == {("serves", "model:acme/base")}
    assert "Sheet: dependency 'Suite' is kept as text: no relation leads from system to system; tied to 1" in notes(
        result
    )


def test_a_circle_of_products_ends(tmp_path: Path) -> None:
    one = record("One", "application", dependencies=["Two", "One"])
    two = record("Two", "application", dependencies=["One", "Base"])
    result = imported(tmp_path, a=[record("Base"), one, two])
    assert ties(result, "system:acme/one") == {("uses", "model:acme/base")}
    assert "One: dependency 'One' is the record itself" in notes(result)


def test_a_dependency_without_a_record_dangles_as_its_likeliest_kind(tmp_path: Path) -> None:
    names = ["Common Crawl", "BERT", "PyTorch", "Unknown", "Some corpus"]
    other = record("Two", dependencies=["CommonCrawl"])
    app = record("App", "application", dependencies=["Mystery", "PyTorch", "Mystery data"])
    result = imported(tmp_path, a=[record("One", dependencies=names), other, app])
    assert ties(result, "model:acme/one") == {
        ("trained_on", "dataset:common-crawl"),
        ("derived_from", "model:bert"),
        ("trained_on", "dataset:some-corpus"),
    }
    assert ties(result, "model:acme/two") == {("trained_on", "dataset:common-crawl")}
    assert ties(result, "system:acme/app") == {
        ("uses", "model:mystery"),
        ("uses", "software:pytorch"),
        ("uses", "dataset:mystery-data"),
    }
    told = notes(result)
    assert "dependency 'BERT' has no record; it is taken for model:bert" in told
    assert "dependency 'PyTorch' is kept as text: no relation leads from model to software" in told
    assert "dependency 'Unknown' names no model, dataset, software or application" in told


def test_a_nickname_finds_its_record(tmp_path: Path) -> None:
    result = imported(
        tmp_path, a=[record("Mistral", organization="Mistral AI"), record("Maths", dependencies=["Mistral 7B"])]
    )
    assert ties(result, "model:acme/maths") == {("derived_from", "model:mistral-ai/mistral")}
    assert "dependency 'Mistral 7B' is taken for model:mistral-ai/mistral" in notes(result)


def test_of_several_records_the_nearest_is_meant(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        a=[record("Twin", organization="Zeta"), record("Here", organization="Other", dependencies=["Twin"])],
        b=[record("Twin", organization="Beta"), record("Also here", organization="Third", dependencies=["Twin"])],
        c=[record("Own", organization="Zeta", dependencies=["Twin"]), record("Far", dependencies=["Twin"])],
    )
    assert ties(result, "model:other/here") == {("derived_from", "model:zeta/twin")}
    assert ties(result, "model:third/also-here") == {("derived_from", "model:beta/twin")}
    assert ties(result, "model:zeta/own") == {("derived_from", "model:zeta/twin")}
    assert ties(result, "model:acme/far") == {("derived_from", "model:beta/twin")}
    assert "Far: dependency 'Twin' has 2 records; model:beta/twin is meant" in notes(result)


def test_two_records_of_one_thing_become_one_asset(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        a=[record("Twin", license="MIT", description="first", dependencies=["Data A"])],
        b=[record("Twin", license="Apache 2.0", description="second", access="open", dependencies=["Data B"])],
    )
    twin = by_ref(result)["model:acme/twin"]
    assert twin["attributes"]["licence"] == "MIT"
    assert twin["attributes"]["weights"] == "open"
    assert twin["evidence"]["weights"]["source"] == "ecosystem-graph/b.yaml"
    assert twin["annotations"]["ecosystem-graph/description"] == "first"
    assert twin["annotations"]["ecosystem-graph/also/b.yaml/description"] == "second"
    assert twin["annotations"]["ecosystem-graph/also/b.yaml/licence"] == "Apache 2.0"
    assert ties(result, "model:acme/twin") == {("trained_on", "dataset:data-a"), ("trained_on", "dataset:data-b")}
    assert "b.yaml: Twin: also in a.yaml; one asset, whose first record holds" in notes(result)
    assert [account.imported for account in result.accounts] == [1, 1]


def test_nationality_is_taken_for_one_organisation_alone(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        a=[
            record("One", organization="Acme, Beta", nationality="Japan"),
            record("Two", organization="Mistral AI", nationality="USA"),
            record("Three", organization="Acme", nationality="unknown"),
            record("Four", organization="Acme", nationality="Japan"),
            record("Five", organization="Acme", nationality="UK"),
        ],
    )
    assert by_ref(result)["vendor:acme"]["attributes"] == {"incorporated_in": "JP"}
    assert "attributes" not in by_ref(result)["vendor:beta"]
    told = notes(result)
    assert "One: nationality 'Japan' of several organisations is not taken for any of them" in told
    assert "Two: nationality 'USA' is not taken: the seat of Mistral AI is FR" in told
    assert "Five: Acme is of another nationality in an earlier record, which holds" in told


def test_a_product_of_somebody_names_its_users_and_makers(tmp_path: Path) -> None:
    apps = [
        record(
            "Chat", "application", monthly_active_users={"value": "100M", "explanation": "press"}, organization="A, B"
        ),
        record("Board", "application", monthly_active_users="a few"),
        record("Acme API", "application", terms_of_service="https://example.org/terms"),
        record("Bare API", "application", organization=""),
        record("Bare", "application", organization=""),
    ]
    result = imported(tmp_path, a=apps)
    assert by_ref(result)["system:a/chat"]["attributes"] == {
        "monthly_active_users": 100_000_000,
        "owner_team": "A, B",
    }
    assert by_ref(result)["system:a/chat"]["annotations"]["allod/vendors"] == "vendor:a vendor:b"
    assert by_ref(result)["ai_service:acme/acme-api"]["attributes"]["terms"] == "https://example.org/terms"
    assert "attributes" not in by_ref(result)["ai_service:unknown/bare-api"]
    assert "attributes" not in by_ref(result)["system:unknown/bare"]
    assert "Board: monthly_active_users is kept as text: 'a few'" in notes(result)


def test_what_cannot_be_imported_is_told_and_the_rest_is_imported(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a record")
    (tmp_path / "latin.yaml").write_bytes(b"- name: caf\xe9")
    good = record("Good", dependencies={"value": ["Data", 7], "explanation": "some"}, organization=None)
    odd = record("Odd", dependencies="Data")
    result = imported(
        tmp_path,
        broken="- name: [",
        mapping={"name": "no list"},
        mixed=[
            good,
            odd,
            "text",
            {"type": "model"},
            record("Bot", "robot"),
            record("  "),
            record("Lone", dependencies=None),
        ],
    )
    accounts = {account.file: account for account in result.accounts}
    assert accounts["mixed.yaml"].records == 7
    assert accounts["mixed.yaml"].imported == 3
    assert accounts["mixed.yaml"].notes[:5] == (
        "Good: dependency 7 is no name",
        "record 3: not imported: it is no mapping",
        "record 4: not imported: it has no name",
        "Bot: not imported: its type is 'robot', not one of model, dataset, application",
        "  : not imported: it has no name",
    )
    assert accounts["notes.txt"].notes == ("no record file: only .yaml and .yml hold records",)
    assert accounts["mapping.yaml"].notes == ("no list of records",)
    assert accounts["broken.yaml"].notes[0].startswith("cannot be read: while parsing")
    assert accounts["latin.yaml"].notes[0].startswith("cannot be read: 'utf-8'")
    assert {"model:unknown/good", "model:acme/odd", "model:acme/lone"} <= by_ref(result).keys()
    assert ties(result, "model:acme/odd") == {("trained_on", "dataset:data")}


def test_the_same_directory_gives_the_same_bytes(tmp_path: Path) -> None:
    first = imported(tmp_path, a=[record("One", dependencies=["Two"])], b=[record("Two")])
    assert read(tmp_path) == first


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not a directory"):
        read(tmp_path / "nowhere")
