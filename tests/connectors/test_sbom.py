"""BOMs: those of other tools, broken ones, and Allod's own, which come back without loss and are valid by the schemas."""

import copy
import json
import os
import subprocess
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.foundation.errors import Invalid
from service.inventory import manifest
from service.inventory.facts import Kind
from service.inventory.kinds import ATTRIBUTES
from service.reporting import bom_cyclonedx as cyclonedx_export
from service.reporting import bom_spdx as spdx_export
from service.reporting.bom_cyclonedx import Item
from service.scans import bom_cyclonedx, bom_spdx, reading, registry
from service.scans.ai_software import Wanted
from service.scans.bom_facts import restore
from service.scans.bom_reading import Bom
from service.scans.connectors import sbom
from tests.connectors import boms
from tests.connectors.conftest import Reading, ReadSource
from tests.factories.any_manifest import manifests, value_of
from tests.fixtures.servers import ROOT, environment
from tests.unit.test_kinds import FULL

Bodies = dict[str, dict[str, Any]]
VALIDATOR = JsonStrictValidator(SchemaVersion.V1_7)
CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def bodies_of(documents: Collection[dict[str, Any]]) -> Bodies:
    observations = [manifest.observation(document) for document in documents]
    return {one.ref: one.body() for one in observations}


def exported(bodies: Bodies, format: str, root: str | None = None) -> bytes:
    def source(kinds: Collection[Kind]) -> Iterator[Item]:
        for _, body in sorted(bodies.items()):
            if body["kind"] in kinds:
                named = {one["to"] for one in body["relations"]} | {
                    body["attributes"][key] for key in ("publisher", "owner", "provider") if key in body["attributes"]
                }
                yield Item(body, frozenset(named & bodies.keys()))

    if format == "spdx":
        return b"".join(spdx_export.document(source, workspace="default", created=CREATED, root=root))
    return b"".join(cyclonedx_export.document(source, workspace="default", root=root))


def imported(content: bytes) -> tuple[Bodies, Bom]:
    document = json.loads(content)
    read = bom_spdx.read if bom_spdx.is_spdx3(document) else bom_cyclonedx.read
    found = read(document, source="bom:test", wanted=Wanted.of("ai"))
    return bodies_of([one.manifest for one in found.assets]), found


def estate() -> Bodies:
    """An asset of each kind with every attribute, tied to others."""
    ties = {
        Kind.MODEL: [
            {"type": "derived_from", "to": "model:base", "as": "finetune"},
            {"type": "derived_from", "to": "model:gone"},
            {"type": "trained_on", "to": "dataset:full"},
            {"type": "trained_on", "to": "dataset:gone"},
            {"type": "published_by", "to": "vendor:full"},
        ],
        Kind.DATASET: [{"type": "generated_by", "to": "model:base"}, {"type": "generated_by", "to": "model:gone"}],
        Kind.SYSTEM: [
            {"type": "uses", "to": f"{kind}:full"} for kind in ("ai_service", "dataset", "model", "software")
        ],
    }
    documents: list[dict[str, Any]] = [
        {
            "kind": kind.value,
            "name": "full",
            "title": f"Full {kind}",
            "attributes": said,
            "relations": ties.get(kind, []),
        }
        for kind, said in FULL.items()
    ]
    verified = {"licence": {"grade": "verified", "source": "somebody"}}
    documents.append({"kind": "software", "name": "ours", "attributes": {"publisher": "vendor:full"}})
    documents.append({"kind": "dataset", "name": "bare", "attributes": {"data_classes": ["public"]}})
    documents.append({"kind": "model", "name": "base", "attributes": {"licence": "our terms"}, "evidence": verified})
    return bodies_of(documents)


def written(directory: Path, **documents: Any) -> Path:
    for name, document in documents.items():
        (directory / f"{name}.json").write_text(json.dumps(document))
    return directory


def notes(found: Reading) -> str:
    return "\n".join(f"{note.part} {note.object}: {note.text}" for note in found.notes)


# --- what Allod writes, it reads


def test_every_attribute_of_every_kind_is_generated() -> None:
    for kind, model in ATTRIBUTES.items():
        for attribute in model.model_fields:
            value_of(attribute).validate()
            assert attribute in FULL[kind] or value_of(attribute) is not None


@pytest.mark.parametrize("format", ["cyclonedx", "spdx"])
@given(st.lists(manifests(), max_size=4), st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_bom_gives_back_what_went_in(format: str, documents: list[dict[str, Any]], data: st.DataObject) -> None:
    bodies = bodies_of(documents)
    root = data.draw(st.none() | st.sampled_from(sorted(bodies))) if bodies else None
    content = exported(bodies, format, root)
    assert content == exported(dict(reversed(bodies.items())), format, root)
    back, found = imported(content)
    assert back == bodies
    assert found.notes == []
    if format == "cyclonedx":
        assert VALIDATOR.validate_str(content.decode()) is None


@pytest.mark.parametrize("format", ["cyclonedx", "spdx"])
@pytest.mark.parametrize("root", [None, "system:full", "ai_service:full", "vendor:full"])
def test_an_estate_goes_round(format: str, root: str | None) -> None:
    bodies = estate()
    assert imported(exported(bodies, format, root))[0] == bodies


def test_cyclonedx_says_in_its_own_fields_what_it_can() -> None:
    document = json.loads(exported(estate(), "cyclonedx", "system:full"))
    assert VALIDATOR.validate_str(json.dumps(document)) is None
    assert document["metadata"]["component"]["bom-ref"] == "system:full"
    parts = {one["bom-ref"]: one for one in document["components"]}
    assert set(parts) == {
        "cloud_region:full",
        "dataset:bare",
        "dataset:full",
        "gpu_host:full",
        "model:base",
        "model:full",
        "software:full",
        "software:ours",
    }
    model = parts["model:full"]
    assert (model["type"], model["name"], model["version"]) == ("machine-learning-model", "Full model", "3.1")
    assert model["supplier"] == {"name": "full"}
    assert model["externalReferences"] == [{"type": "model-card", "url": "https://example.org/card"}]
    assert [one["name"] for one in model["pedigree"]["ancestors"]] == ["base", "gone"]
    named = model["modelCard"]["modelParameters"]["datasets"]
    assert named[0] == {"ref": "dataset:full"}
    assert (named[1]["type"], named[1]["name"]) == ("dataset", "gone")
    assert parts["model:base"]["licenses"] == [{"license": {"name": "our terms", "acknowledgement": "concluded"}}]
    assert parts["dataset:full"]["licenses"] == [{"expression": "CC-BY-4.0", "acknowledgement": "declared"}]
    assert parts["dataset:full"]["data"][0]["sensitiveData"] == ["personal", "health"]
    assert parts["software:full"]["purl"] == "pkg:pypi/vllm@0.6.1"
    (service,) = document["services"]
    assert service["endpoints"] == ["https://api.example.org/v1"]
    (organisation,) = document["declarations"]["targets"]["organizations"]
    assert organisation == {"bom-ref": "vendor:full", "name": "Example SE", "address": {"country": "FR"}}
    needed = {one["ref"]: one["dependsOn"] for one in document["dependencies"]}
    assert needed["system:full"] == ["ai_service:full", "dataset:full", "model:full", "software:full"]
    assert needed["model:full"] == ["dataset:full", "model:base"]
    assert "timestamp" not in document["metadata"]
    assert document["serialNumber"].startswith("urn:uuid:")
    changed = estate()
    changed["model:full"]["labels"] = {"a": "b"}
    assert json.loads(exported(changed, "cyclonedx"))["serialNumber"] != document["serialNumber"]


def test_a_time_is_named_where_it_is_given() -> None:
    pieces = cyclonedx_export.document(lambda _: [], workspace="w", timestamp=CREATED)
    document = json.loads(b"".join(pieces))
    assert document["metadata"]["timestamp"] == "2026-01-02T03:04:05Z"
    assert VALIDATOR.validate_str(json.dumps(document)) is None


def test_spdx_says_in_its_own_words_what_it_can() -> None:
    graph = {one.get("spdxId"): one for one in json.loads(exported(estate(), "spdx", "system:full"))["@graph"]}
    at = "urn:allod:asset:default:"
    assert graph["urn:allod:bom:default:system:full"]["rootElement"] == [at + "system:full"]
    assert graph[at + "model:full"]["type"] == "ai_AIPackage"
    assert graph[at + "dataset:full"]["dataset_hasSensitivePersonalInformation"] == "yes"
    assert graph[at + "vendor:full"]["type"] == "Organization"
    ties = {
        (one["from"], one["relationshipType"]): one["to"] for one in graph.values() if one["type"] == "Relationship"
    }
    assert graph[at + "software:ours"]["suppliedBy"] == at + "vendor:full"
    assert ties[at + "model:full", "trainedOn"] == [at + "dataset:full"]
    assert ties[at + "model:full", "descendantOf"] == [at + "model:base"]
    assert ties[at + "model:base", "generates"] == [at + "dataset:full"]
    assert ties[at + "model:base", "hasConcludedLicense"] == [at + "model:base#licence"]
    licence = graph[at + "model:base#licence"]
    assert licence["simplelicensing_customIdToUri"][0]["value"] == at + "model:base#licence-text"


@pytest.fixture(scope="module")
def spdx_documents(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The estate, an empty workspace, and hostile texts, as SPDX."""
    directory = tmp_path_factory.mktemp("spdx")
    odd = {
        "kind": "model",
        "name": "a+b/@c:d",
        "title": "\"'<&\u00e9\u4e2d",
        "attributes": {"licence": "x\n\ty", "version": "\u00fc"},
    }
    found = []
    for number, content in enumerate(
        (exported(estate(), "spdx", "system:full"), exported({}, "spdx"), exported(bodies_of([odd]), "spdx"))
    ):
        found.append(directory / f"{number}.spdx.json")
        found[-1].write_bytes(content)
    return found


def test_spdx_documents_are_valid_by_the_official_classes(spdx_documents: list[Path], tmp_path: Path) -> None:
    program = [environment("spdx") / "python", Path(__file__).with_name("spdx_official.py")]
    subprocess.run([*program, *spdx_documents], check=True, capture_output=True)
    broken = json.loads(spdx_documents[0].read_bytes())
    del next(one for one in broken["@graph"] if one["type"] == "dataset_DatasetPackage")["dataset_datasetType"]
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    assert subprocess.run([*program, tmp_path / "broken.json"], check=False, capture_output=True).returncode


def test_spdx_documents_are_valid_by_the_official_schema(spdx_documents: list[Path]) -> None:
    # Out of the SPDX project's own library for Java: org.spdx:spdx-v3jsonld-store:1.0.2, resources/schema-v3.0.1.json
    file = ROOT / ".tools" / "spdx" / "schema-v3.0.1.json"
    if not file.exists():
        pytest.skip(f"no {file}: it lies in no package of PyPI")
    schema = json.loads(file.read_bytes())
    validator = jsonschema.validators.validator_for(schema)(schema)
    for path in spdx_documents:
        validator.validate(json.loads(path.read_bytes()))


def test_what_somebody_changed_in_a_bom_counts() -> None:
    document = json.loads(exported(estate(), "cyclonedx"))
    model = next(one for one in document["components"] if one["bom-ref"] == "model:full")
    model["licenses"], model["name"], model["version"] = (
        [{"license": {"id": "MIT"}}, {"license": {"name": "MIT"}}],
        "New",
        "4",
    )
    model["properties"] += [{"name": "allod:attribute:weights", "value": "{"}, {"name": "allod:colour", "value": "red"}]
    model["properties"] += [
        {"name": "allod:evidence:card", "value": "1"},
        {"name": "theirs", "value": "x"},
        {"name": "bare"},
    ]
    document["components"].append(copy.deepcopy(model))
    del model["bom-ref"]
    document["components"].append({"type": "machine-learning-model", "name": "x/theirs", "supplier": {"name": "full"}})
    document["properties"].append({"name": "theirs", "value": "x"})
    document["properties"] += [{"name": "allod:vendor", "value": text} for text in ("{", "[]", "1")]
    found = bom_cyclonedx.read(document, source="bom:x", wanted=Wanted.of("ai"))
    said = next(one.manifest for one in found.assets if one.object == "New")
    assert (said["title"], said["attributes"]["version"]) == ("New", "4")
    told = "\n".join(text for _, text in found.notes)
    for part in (
        "allod:attribute:weights",
        "'allod:colour' says 'red'",
        "allod:evidence:card",
        "stands in the BOM twice",
        "describes no vendor",
    ):
        assert part in told
    assert restore([("allod:ref", "no ref")]) is None
    vendors = [one for one in found.assets if one.manifest["kind"] == "vendor"]
    assert [(one.manifest["name"], one.marked) for one in vendors] == [("full", True)]


def test_what_somebody_added_to_an_spdx_document_is_no_trouble() -> None:
    document = json.loads(exported(estate(), "spdx"))
    ends = {"from": "urn:allod:asset:default:model:full", "to": ["urn:allod:asset:default:model:base"]}
    document["@graph"].append({"type": "Relationship", "spdxId": "urn:x", "relationshipType": "hasVariant", **ends})
    back, found = imported(json.dumps(document).encode())
    assert (back, found.notes) == (estate(), [])


# --- what others write


def test_cyclonedx_1_5(read_source: ReadSource, tmp_path: Path) -> None:
    asked = {"path": str(written(tmp_path, one=boms.CYCLONEDX_15)), "system": "system:desk"}
    found = read_source("sbom", asked, roots=[tmp_path])
    assert found.complete
    assert found.asked == ["one.json", "system"]
    model = found.asset("model:acme-labs/Support-7B")
    assert model.title == "support-7b"
    assert model.attributes == {
        "version": "2",
        "licence": "Apache-2.0",
        "publisher": "vendor:acme-labs-ltd",
        "card": "https://example.org/card",
        "modalities": ["text", "image"],
    }
    assert found.grade(model.ref, "licence") == "declared"
    assert found.grade(model.ref, "modalities") == "inferred"
    assert model.evidence["licence"]["source"] == "bom:one.json"
    assert model.annotations["bom/task"] == "text-generation"
    assert "English only" in model.annotations["bom/technicalLimitations"]
    assert found.related(model.ref) == {
        ("derived_from", "model:mistralai/Mistral-7B-v0.1"),
        ("derived_from", "model:openai-community/gpt2"),
        ("published_by", "vendor:acme-labs-ltd"),
        ("trained_on", "dataset:bom/corpus-one"),
        ("trained_on", "dataset:allenai/c4"),
        ("trained_on", "dataset:acme-labs/tickets"),
    }
    tickets = found.asset("dataset:acme-labs/tickets")
    assert tickets.attributes == {"data_classes": ["personal", "health"], "owner": "vendor:acme-labs-ltd"}
    corpus = found.asset("dataset:bom/corpus-one")
    assert corpus.attributes == {"licence": "our own terms", "owner": "vendor:data-house-gmbh"}
    assert found.related(corpus.ref) == {("published_by", "vendor:data-house-gmbh")}
    torch = found.asset("software:torch")
    assert torch.attributes == {"version": "2.9.0", "purl": "pkg:pypi/torch@2.9.0", "licence": "BSD-3-Clause AND MIT"}
    assert found.grade("software:torch", "licence") == "inferred"
    service = found.asset("ai_service:bom/openai/chat-api")
    assert service.attributes == {"endpoint": "https://api.example.org/v1", "provider": "vendor:openai"}
    assert service.annotations["bom/x-trust-boundary"] == "true"
    assert "outbound PII" in service.annotations["bom/data"]
    assert found.asset("ai_service:bom/inner").attributes == {}
    assert ("uses", "model:acme-labs/Support-7B") in found.related("system:desk")
    assert found.asset("model:bom/no-hub").title == "no hub"
    assert "software:npm/left-pad" not in found.taken
    assert "vendor:openai" not in found.taken, "the tables know it better than a BOM does"
    told = notes(found)
    for part in (
        "several licences",
        "'a library' is no other model",
        "training data 'nowhere'",
        "1 of type file",
        "1 of type device",
        "2 packages are not among those asked for",
        "1 dependencies of which",
    ):
        assert part in told, told


def test_a_second_reading_says_the_same(read_source: ReadSource, tmp_path: Path) -> None:
    written(tmp_path, a=boms.CYCLONEDX_15, b=boms.SPDX_3, c=boms.SPDX_23, d=boms.CYCLONEDX_16)
    first, second = (read_source("sbom", {"path": str(tmp_path)}, roots=[tmp_path]) for _ in range(2))
    assert {r: t.observation.body() for r, t in first.taken.items()} == {
        r: t.observation.body() for r, t in second.taken.items()
    }


def test_all_packages_and_chosen_ones(read_source: ReadSource, tmp_path: Path) -> None:
    path = str(written(tmp_path, one=boms.CYCLONEDX_15) / "one.json")
    found = read_source("sbom", {"path": path, "packages": "all"}, roots=[tmp_path])
    assert {"software:npm/left-pad", "software:npm/onnxruntime-web", "software:desk"} <= set(found.taken)
    assert found.asked == ["one.json"]
    found = read_source("sbom", {"path": path, "packages": ["left-*"]}, roots=[tmp_path])
    assert {ref for ref in found.taken if ref.startswith("software:")} == {"software:npm/left-pad"}


def test_cyclonedx_1_6_and_1_7(read_source: ReadSource, tmp_path: Path) -> None:
    found = read_source(
        "sbom", {"path": str(written(tmp_path, a=boms.CYCLONEDX_16, b=boms.CYCLONEDX_17))}, roots=[tmp_path]
    )
    assert found.complete
    vision = found.asset("model:bom/vision")
    assert vision.attributes == {"licence": "Apache-2.0", "publisher": "vendor:bildwerk-ag"}
    assert "kWh" in vision.annotations["bom/environmentalConsiderations"]
    assert "A. Author" in vision.annotations["bom/authors"]
    assert found.asset("vendor:bildwerk-ag").attributes == {"headquarters": "CH"}
    assert found.grade("vendor:bildwerk-ag", "headquarters") == "inferred"
    assert any(one.observation.title == "Prüfstelle" for one in found.taken.values())
    mixed = found.asset("model:x/mixed")
    assert mixed.attributes == {"licence": "(MIT OR Apache-2.0) AND BSD-3-Clause"}
    assert mixed.annotations["bom/isExternal"] == "true"
    assert "schema" not in notes(found)


def test_spdx_3(read_source: ReadSource, tmp_path: Path) -> None:
    found = read_source("sbom", {"path": str(written(tmp_path, one=boms.SPDX_3))}, roots=[tmp_path])
    assert found.complete
    model = found.asset("model:modellbau/llm")
    assert model.attributes == {"version": "3", "licence": "Apache-2.0", "publisher": "vendor:modellbau-kg"}
    assert model.annotations["bom/informationAboutTraining"] == "on tickets"
    assert found.related(model.ref) == {
        ("published_by", "vendor:modellbau-kg"),
        ("trained_on", "dataset:bom/tickets"),
        ("trained_on", "dataset:bom/by-purpose"),
        ("evaluated_on", "dataset:bom/tickets"),
        ("derived_from", "model:modellbau/base"),
    }
    assert found.asset("model:modellbau/base").attributes == {"licence": "(A OR B) AND MIT"}
    assert found.grade("model:modellbau/base", "licence") == "inferred"
    tickets = found.asset("dataset:bom/tickets")
    assert tickets.attributes == {"collection": {"how": "exported"}, "owner": "vendor:modellbau-kg", "licence": "NONE"}
    assert tickets.annotations["bom/hasSensitivePersonalInformation"] == "yes"
    assert ("generated_by", "model:modellbau/base") in found.related(tickets.ref)
    assert found.asset("dataset:bom/by-purpose").attributes == {"licence": "Ours"}
    assert found.asset("software:vllm").attributes == {}
    assert set(found.taken) & {"software:left-pad"} == set()
    told = notes(found)
    for part in (
        "descendantOf 'urn:x:vllm' cannot be said",
        "1 of type hasVariant",
        "1 dependencies",
        "1 packages are not",
    ):
        assert part in told, told


def test_spdx_2_3(read_source: ReadSource, tmp_path: Path) -> None:
    found = read_source("sbom", {"path": str(written(tmp_path, one=boms.SPDX_23))}, roots=[tmp_path])
    assert found.complete
    model = found.asset("model:modellbau/support")
    assert model.attributes == {"version": "1", "licence": "Our terms", "publisher": "vendor:modellbau-kg"}
    assert found.related(model.ref) == {("published_by", "vendor:modellbau-kg"), ("derived_from", "model:x/b")}
    assert found.asset("dataset:x/d").attributes == {"owner": "vendor:modellbau-kg"}
    torch = found.asset("software:torch")
    assert (torch.attributes, found.grade(torch.ref, "licence")) == (
        {"version": "2.9", "licence": "BSD-3-Clause"},
        "inferred",
    )
    told = notes(found)
    for part in ("it has no name", "ANCESTOR_OF", "2 dependencies", "1 packages are not"):
        assert part in told, told


def test_our_own_export_is_a_document_s_claim_unless_told(read_source: ReadSource, tmp_path: Path) -> None:
    bodies = estate()
    (tmp_path / "own.json").write_bytes(exported(bodies, "cyclonedx"))
    asked = {"path": str(tmp_path), "system": "system:full"}
    found = read_source("sbom", asked, roots=[tmp_path])
    assert found.complete
    assert set(found.taken) == set(bodies), "the system is described by the BOM itself"
    assert found.asset("model:base").evidence["licence"] == {"grade": "declared", "source": "bom:own.json"}
    kept = read_source("sbom", {**asked, "grades": "kept"}, roots=[tmp_path])
    back = {ref: {**one.observation.body(), "managed_by": None} for ref, one in kept.taken.items()}
    assert back == bodies


# --- what is broken


def test_files_that_are_no_bom_or_cannot_be_read(
    read_source: ReadSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sbom, "SIZE_MAX", 50_000)
    inside = tmp_path / "in"
    (inside / "deep").mkdir(parents=True)
    written(inside / "deep", good=boms.SPDX_23)
    (inside / "broken.json").write_text("{")
    (inside / "deep.json").write_text("[" * 5000)
    (inside / "html.json").write_text("<html>")
    (inside / "large.json").write_text(json.dumps({"x": "y" * 60_000}))
    (inside / "list.json").write_text("[1]")
    (inside / "other.json").write_text("{}")
    (inside / "bom.xml").write_text("<bom/>")
    os.mkfifo(inside / "pipe.json")
    written(tmp_path, secret=boms.SPDX_3)
    (inside / "out.json").symlink_to(tmp_path / "secret.json")
    (inside / "loop").symlink_to(inside, target_is_directory=True)
    found = read_source("sbom", {"path": str(inside)}, roots=[inside])
    assert {one.part for one in found.refused} == {
        "broken.json",
        "deep.json",
        "html.json",
        "large.json",
        "pipe.json",
        "out.json",
    }
    assert found.read == ["list.json", "other.json", "deep/good.json"]
    assert "list.json list.json: this is no BOM" in notes(found)
    assert "software:torch" in found.taken


def test_nothing_there(read_source: ReadSource, tmp_path: Path) -> None:
    found = read_source("sbom", {"path": str(tmp_path), "system": "system:a"}, roots=[tmp_path])
    assert "no file below it" in notes(found)
    assert not found.taken
    gone = read_source("sbom", {"path": str(tmp_path / "gone")}, roots=[tmp_path])
    assert "is not there" in gone.refused[0].reason


def test_a_directory_that_is_shut(read_source: ReadSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shut").mkdir()
    listing = os.scandir

    def scandir(path: Any) -> Any:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = read_source("sbom", {"path": str(tmp_path)}, roots=[tmp_path])
    assert [(one.part, one.object) for one in found.refused] == [(str(tmp_path / "shut"), None)]


def test_two_files_that_contradict_each_other(read_source: ReadSource, tmp_path: Path) -> None:
    other = copy.deepcopy(boms.CYCLONEDX_15)
    other["components"][0]["version"] = "3"
    found = read_source("sbom", {"path": str(written(tmp_path, a=boms.CYCLONEDX_15, b=other))}, roots=[tmp_path])
    assert found.asset("model:acme-labs/Support-7B").attributes["version"] == "2"
    contradictions = [note for note in found.notes if "otherwise" in note.text]
    assert [note.part for note in contradictions] == ["b.json"]


def test_a_bom_that_its_schema_refuses_is_read_as_far_as_it_can_be(read_source: ReadSource, tmp_path: Path) -> None:
    bad = {
        **boms.CYCLONEDX_16,
        "components": [
            "text",
            {"type": "data", "name": "d", "data": [{"governance": {"owners": [{"contact": {}}]}}]},
            {"type": ["x"], "name": "odd"},
            {"type": "machine-learning-model"},
            {"type": "machine-learning-model", "name": 7},
            {
                "type": "machine-learning-model",
                "name": "vllm\n\tvllm",
                "licenses": "MIT",
                "modelCard": [],
                "pedigree": 1,
            },
            {"type": "library", "name": "torch", "purl": "no purl", "licenses": [{"license": None}], "bom-ref": {}},
        ],
        "services": [{"endpoints": 1}, {"name": "x", "provider": "y"}],
        "dependencies": [{"ref": "a", "dependsOn": "b"}, 3],
    }
    path = written(tmp_path, bad=bad, future={**bad, "specVersion": "9.9"}, none={**bad, "specVersion": None})
    found = read_source("sbom", {"path": str(path)}, roots=[tmp_path])
    assert found.complete
    assert {"software:torch", "model:bom/vllm-vllm", "ai_service:bom/x"} <= set(found.taken)
    told = notes(found)
    for part in (
        "the schema of CycloneDX 1.6 refuses it, at $",
        "'9.9' is none of",
        "it has no name",
        "1 of type (none)",
    ):
        assert part in told, told
    unchecked = read_source("sbom", {"path": str(path), "validate": False}, roots=[tmp_path])
    assert "the schema of" not in notes(unchecked)


def test_an_spdx_document_of_nonsense(read_source: ReadSource, tmp_path: Path) -> None:
    context = {"@context": ["https://spdx.org/rdf/3.0.1/spdx-context.jsonld", 1]}
    loop = {"type": "expandedlicensing_DisjunctiveLicenseSet", "spdxId": "l", "expandedlicensing_member": ["l"]}
    graph = [
        loop,
        {"type": {}, "spdxId": "a"},
        {"type": "ai_AIPackage", "spdxId": "b"},
        {"type": "ai_AIPackage", "spdxId": "c", "name": "m", "extension": [{"extension_cdxProperty": [{}]}]},
        {"type": "simplelicensing_LicenseExpression", "spdxId": "e", "simplelicensing_licenseExpression": 5},
        {"type": "Relationship", "from": "c", "relationshipType": "hasDeclaredLicense", "to": ["l"]},
        {"type": "Relationship", "from": "c", "relationshipType": "trainedOn", "to": "nowhere"},
        "text",
    ]
    single = {**context, "type": "ai_AIPackage", "spdxId": "urn:one", "name": "one"}
    path = written(tmp_path, a={**context, "@graph": graph}, b=single)
    found = read_source("sbom", {"path": str(path)}, roots=[tmp_path])
    assert set(found.taken) == {"model:bom/m", "model:bom/one"}
    assert "it has no name" in notes(found)


def test_without_the_extra(read_source: ReadSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    written(tmp_path, one=boms.CYCLONEDX_15)
    monkeypatch.setitem(sys.modules, "cyclonedx.validation.json", None)
    found = read_source("sbom", {"path": str(tmp_path)}, roots=[tmp_path])
    assert "pip install 'allod[bom]'" in found.refused[0].reason
    assert read_source("sbom", {"path": str(tmp_path), "validate": False}, roots=[tmp_path]).complete


def test_without_half_of_the_extra(read_source: ReadSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cyclonedx.exception import MissingOptionalDependencyException

    def refuse(*_: Any) -> None:
        raise MissingOptionalDependencyException

    written(tmp_path, one=boms.CYCLONEDX_15)
    monkeypatch.setattr(JsonStrictValidator, "validate_str", refuse)
    found = read_source("sbom", {"path": str(tmp_path)}, roots=[tmp_path])
    assert "pip install 'allod[bom]'" in found.refused[0].reason


@pytest.mark.parametrize(
    "given_settings", [{}, {"path": 1}, {"path": "/x", "grades": "best"}, {"path": "/x", "system": "x"}]
)
def test_wrong_settings_are_refused(given_settings: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        reading.settings_of(registry.find("sbom"), given_settings)
