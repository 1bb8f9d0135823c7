"""Hugging Face: the hub's own client against a server that answers as the hub does, and cards in directories."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from service.foundation.errors import Invalid
from service.inventory.facts import Kind
from service.scans import limits
from service.scans.connectors import hugging_face, hugging_face_card, hugging_face_directory, hugging_face_hub
from service.scans.connectors.hugging_face_card import Repository, draft_of
from service.scans.connectors.hugging_face_formats import formats_of
from service.scans.model_tasks import _TASKS
from tests.connectors.conftest import Reading, ReadSource
from tests.connectors.hugging_face.hub import BLOOM, C4, GGUF, LLAMA, MISTRAL, PROMPT_GUARD, TOKEN, FakeHub
from tests.fixtures.opa import free_port
from tests.fixtures.small_http import Answer, SmallServer, serving

CARDS = Path(__file__).with_name("hugging_face") / "cards"
SECRETS = {"ALLOD_SECRET_HF": TOKEN}
ROOT = Path(__file__).parents[2]
QUANTISED = "bartowski/Meta-Llama-3.1-8B-Instruct-GGUF"
LLAMA_REF = "model:meta-llama/Llama-3.1-8B-Instruct"


@contextmanager
def running(hub: FakeHub) -> Iterator[SmallServer]:
    with serving(hub.answer) as server:
        hub.url = server.url
        yield server


def ask(hub: FakeHub, read_source: ReadSource, **settings: Any) -> Reading:
    with running(hub) as server:
        return read_source("hugging_face", {"endpoint": server.url, **settings}, secrets=SECRETS)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which everything that the hub's client looks for by itself is there, and wrong."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text("hf_aTokenOfSomebodyElse")
    from huggingface_hub import constants

    monkeypatch.setenv("HF_TOKEN", "hf_aTokenOfSomebodyElse")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "AGENT_HARNESSES_PATH", str(home / "harnesses.json"))


# --- the hub ----------------------------------------------------------------------------------------------------------


def test_a_gated_model(read_source: ReadSource) -> None:
    found = ask(FakeHub([LLAMA, PROMPT_GUARD, MISTRAL]), read_source, organisations=["meta-llama"], kinds=["model"])
    assert found.complete
    assert found.asked == ["meta-llama/models"]
    assert set(found.taken) == {LLAMA_REF, "model:meta-llama/Llama-Prompt-Guard-2-86M"}
    model = found.asset(LLAMA_REF)
    address = model.attributes.pop("card")
    assert address.startswith("http://127.0.0.1:")
    assert address.endswith("/meta-llama/Llama-3.1-8B-Instruct")
    assert model.title == "Llama-3.1-8B-Instruct"
    assert model.attributes == {
        "publisher": "vendor:meta",
        "licence": "llama3.1",
        "weights": "gated",
        "modalities": ["text"],
        "languages": ["en", "de", "fr", "it", "pt", "hi", "es", "th"],
        "parameters": 8_030_261_248,
        "formats": ["pickle", "safetensors"],
        "generates_text": True,
    }
    assert {key: (entry["grade"], entry["source"]) for key, entry in model.evidence.items()} == {
        "card": ("verified", "hugging_face:api"),
        "formats": ("inferred", "hugging_face:files"),
        "generates_text": ("inferred", "hugging_face:pipeline_tag"),
        "languages": ("declared", "hugging_face:card"),
        "licence": ("declared", "hugging_face:card"),
        "modalities": ("inferred", "hugging_face:pipeline_tag"),
        "parameters": ("verified", "hugging_face:api"),
        "publisher": ("inferred", "hugging_face:namespace"),
        "weights": ("verified", "hugging_face:api"),
    }
    assert [one.as_dict() for one in model.relations] == [
        {"type": "derived_from", "to": "model:meta-llama/Llama-3.1-8B", "as": "finetune"}
    ]
    assert model.labels == {"hugging-face/library": "transformers", "hugging-face/task": "text-generation"}
    assert model.annotations == {
        "hugging-face/gated": "true",
        "hugging-face/license": "llama3.1",
        "hugging-face/revision": "0e9e39f249a16976918f6564b8830bc894c89659",
        "hugging-face/tags": '["facebook", "meta", "pytorch", "llama", "llama-3"]',
    }
    assert "9000000" not in str(model.body()), "what changes by itself is not told"
    assert "region" not in str(model.body())
    guard = found.asset("model:meta-llama/Llama-Prompt-Guard-2-86M")
    assert "generates_text" not in guard.attributes
    assert found.related(guard.ref) == {("derived_from", "model:microsoft/mdeberta-v3-base")}


def test_an_open_model_with_evaluations(read_source: ReadSource) -> None:
    found = ask(FakeHub([BLOOM]), read_source, models=["bigscience/bloom"])
    model = found.asset("model:bigscience/bloom")
    assert model.attributes["weights"] == "open"
    assert model.attributes["formats"] == ["pickle", "safetensors"]
    assert model.attributes["evaluations"] == [{"benchmark": "Idavidrein/gpqa gpqa_diamond", "on": "2026-02-03"}]
    assert found.grade(model.ref, "evaluations") == "declared"
    assert found.related(model.ref) == {
        ("evaluated_on", "dataset:arc_challenge"),
        ("evaluated_on", "dataset:humaneval"),
        ("evaluated_on", "dataset:Idavidrein/gpqa"),
        ("evaluated_on", "dataset:cais/hle"),
    }
    assert model.annotations["hugging-face/model-index"] == (
        "arc_challenge: acc 0.4112627986348123\nhumaneval: pass@1 0.15524390243902436, pass@10 0.3220367632383857"
    )
    assert "Orsay, France" in model.annotations["hugging-face/co2_eq_emissions"]
    assert found.complete


def test_a_quantised_model(read_source: ReadSource) -> None:
    found = ask(FakeHub([GGUF]), read_source, models=[QUANTISED])
    model = found.asset(f"model:{QUANTISED}")
    assert [one.as_dict() for one in model.relations] == [{"type": "derived_from", "to": LLAMA_REF, "as": "quantized"}]
    assert model.attributes["parameters"] == 8_030_261_312
    assert "publisher" not in model.attributes, "nobody in the catalogue"


def test_a_dataset(read_source: ReadSource) -> None:
    found = ask(FakeHub([], [C4]), read_source, organisations=["allenai"])
    assert found.asked == ["allenai/models", "allenai/datasets"]
    data = found.asset("dataset:allenai/c4")
    assert data.title == "C4"
    assert data.attributes == {
        "licence": "odc-by",
        "languages": ["de", "en"],
        "collection": {"how": "language creators: found; annotations creators: no-annotation"},
    }
    assert found.related(data.ref) == {("published_by", "vendor:ai2")}
    assert data.annotations["hugging-face/size_categories"] == '["n<1K", "1M<n<10M"]'
    assert "hugging-face/dataset_info" not in data.annotations
    assert data.annotations["hugging-face/card"].endswith("/datasets/allenai/c4")
    assert [(one.part, one.text) for one in found.notes] == [
        ("allenai/models", "the hub shows nothing here: is the name right, and may the token see it?")
    ]


def test_pages_are_followed_and_said_alike_again(read_source: ReadSource) -> None:
    many = [{**MISTRAL, "id": f"mistralai/m{number}"} for number in range(25)]
    with running(FakeHub(many, page=10)) as server:
        given = {"endpoint": f"{server.url}/", "organisations": ["mistralai"], "kinds": ["model"]}
        first = read_source("hugging_face", given)
        second = read_source("hugging_face", {**given, "exclude": ["*/m1*"]})
    assert len(first.taken) == 25
    assert first.complete
    assert first.taken["model:mistralai/m2"] == second.taken["model:mistralai/m2"]
    assert len(second.taken) == 14
    assert [asked.query.get("cursor") for asked in server.asked[:3]] == [None, "10", "20"]


def test_a_changed_day_or_count_changes_nothing(read_source: ReadSource) -> None:
    later = {**LLAMA, "lastModified": "2026-01-01T00:00:00.000Z", "downloads": 1, "likes": 2}
    with serving(lambda _: Answer(later if len(server.asked) > 1 else LLAMA)) as server:
        given = {"endpoint": server.url, "models": [LLAMA["id"]]}
        first, second = read_source("hugging_face", given), read_source("hugging_face", given)
    assert len(server.asked) == 2
    assert list(first.taken) == [LLAMA_REF]
    assert first.taken == second.taken


def test_nothing_of_this_machine_is_sent(read_source: ReadSource) -> None:
    with running(FakeHub([MISTRAL])) as server:
        given = {"endpoint": server.url, "models": [MISTRAL["id"]]}
        assert read_source("hugging_face", given).complete
        assert read_source("hugging_face", {**given, "token": "env:ALLOD_SECRET_HF"}, secrets=SECRETS).complete
    assert [asked.headers.get("authorization") for asked in server.asked] == [None, f"Bearer {TOKEN}"]
    assert {asked.path for asked in server.asked} == {f"/api/models/{MISTRAL['id']}"}, "no telemetry, no look-up"
    assert "torch" not in server.asked[0].headers["user-agent"]


def test_a_repository_that_was_renamed(read_source: ReadSource) -> None:
    hub = FakeHub([MISTRAL], renamed={"mistralai/old": "mistralai/Mistral-7B-Instruct-v0.3"})
    found = ask(hub, read_source, models=["mistralai/old"])
    assert list(found.taken) == [f"model:{MISTRAL['id']}"]
    assert found.complete


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_nothing_leads_elsewhere(read_source: ReadSource, code: int) -> None:
    with serving(lambda _: Answer([])) as other:
        path = f"/api/models/{MISTRAL['id']}"
        away = {path: Answer({}, code, {"Location": f"{other.url}/api/models/x"})}
        given = {"models": [MISTRAL["id"]], "token": "env:ALLOD_SECRET_HF"}
        found = ask(FakeHub([MISTRAL], failing=away), read_source, **given)
        assert [one.reason for one in found.refused] == ["The hub leads to 127.0.0.1; other hosts are not followed."]
        paged = Answer([MISTRAL], 200, {"Link": f'<{other.url}/api/models?cursor=1>; rel="next"'})
        listing = FakeHub([], failing={"/api/models": paged})
        found = ask(listing, read_source, organisations=["mistralai"], kinds=["model"], token="env:ALLOD_SECRET_HF")
    assert other.asked == [], "nor does the token"
    assert list(found.taken) == [f"model:{MISTRAL['id']}"]
    assert [(one.part, one.object) for one in found.refused] == [("mistralai/models", None)]
    assert not found.read


def test_a_circle_of_redirects_ends(read_source: ReadSource) -> None:
    hub = FakeHub([], renamed={"a/b": "b/a", "b/a": "a/b"})
    found = ask(hub, read_source, models=["a/b"])
    assert "redirects" in found.refused[0].reason.lower()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer({"error": "Repository not found"}, 401, {"X-Error-Code": "RepoNotFound"}), "no such repository"),
        (Answer({"error": "Access restricted"}, 403, {"X-Error-Code": "GatedRepo"}), "the token may not see it (403)"),
        (Answer({"error": "x"}, 403, {"X-Error-Message": "Access to this resource is disabled."}), "has disabled it"),
        (Answer({"error": "x"}, 404), "none that the token may see (404)"),
        (Answer({"error": "x"}, 400), "the hub answers 400"),
        (Answer(b"<html>", 418), "the hub answers 418"),
        (Answer({}, 429, {"Retry-After": "0", "RateLimit": '"api";r=0;t=290'}), "The hub answers 429"),
        (Answer({}, 503, {"Retry-After": "0"}), "The hub answers 503"),
        (Answer(b"", 500), "The hub answers 500"),
        (Answer(b"<html>sign in</html>"), "its own client does not understand"),
        (Answer([1]), "its own client does not understand"),
        (Answer({"siblings": [{}], "id": "a/b"}), "its own client does not understand"),
        (Answer(b"\x1f\x8b broken", 200, {"Content-Encoding": "gzip"}), "The hub cannot be reached"),
    ],
)
def test_one_repository_that_cannot_be_read(read_source: ReadSource, answer: Answer, words: str) -> None:
    hub = FakeHub([MISTRAL], failing={"/api/models/a/b": answer})
    found = ask(hub, read_source, models=["a/b", MISTRAL["id"]])
    assert [(one.object, words in one.reason) for one in found.refused] == [("a/b", True)], found.refused
    assert list(found.taken) == [f"model:{MISTRAL['id']}"]


def test_a_busy_hub_is_asked_again_and_not_for_ever(read_source: ReadSource) -> None:
    busy = Answer({}, 429, {"Retry-After": "0"})
    with serving(lambda _: busy if len(server.asked) < 3 else Answer(MISTRAL)) as server:
        assert read_source("hugging_face", {"endpoint": server.url, "models": [MISTRAL["id"]]}).complete
    with serving(lambda _: busy) as server:
        given = {"endpoint": server.url, "organisations": ["mistralai"], "kinds": ["model"]}
        found = read_source("hugging_face", given)
    assert len(server.asked) == limits.TRIES
    assert found.refused[0].reason == "The hub answers 429 Too Many Requests."


def test_a_hub_that_is_away_is_not_asked_for_all_the_rest(read_source: ReadSource, monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.05)
    with serving(lambda _: Answer(hangs=True)) as server:
        given = {"endpoint": server.url, "models": [f"a/{number}" for number in range(9)], "organisations": ["a"]}
        found = read_source("hugging_face", given)
    assert len(server.asked) == hugging_face.FAILURES_MAX + 2
    assert [(one.part, one.object) for one in found.refused] == [
        ("a/models", None),
        ("a/datasets", None),
        ("models", "a/0"),
        ("models", "a/1"),
        ("models", None),
    ]
    assert {one.reason for one in found.refused} == {"The hub did not answer in time."}
    nobody = {"endpoint": f"http://127.0.0.1:{free_port()}", "models": ["a/b"]}
    assert "cannot be reached" in read_source("hugging_face", nobody).refused[0].reason


@pytest.mark.parametrize(("name", "value"), [("BODY_MAX", 10), ("WHOLE_SECONDS", -1.0)])
def test_answers_are_bounded(read_source: ReadSource, monkeypatch: Any, name: str, value: float) -> None:
    monkeypatch.setattr(limits, name, value)
    found = ask(FakeHub([MISTRAL]), read_source, organisations=["mistralai"], kinds=["model"])
    assert not found.taken
    assert [(one.part, one.object) for one in found.refused] == [("mistralai/models", None)]


def test_one_odd_entry_of_a_list(read_source: ReadSource) -> None:
    odd = {**MISTRAL, "id": "mistralai/odd", "siblings": [{"name": "no rfilename"}]}
    gone = {**MISTRAL, "id": "mistralai/gone", "siblings": [{}]}
    hub = FakeHub([MISTRAL, odd, gone, {**MISTRAL, "id": "mistralai/last"}])
    hub.failing["/api/models/mistralai/gone"] = Answer({"error": "x"}, 404)
    found = ask(hub, read_source, organisations=["mistralai"], kinds=["model"])
    assert set(found.taken) == {f"model:{MISTRAL['id']}", "model:mistralai/last"}
    assert [(one.object, one.reason) for one in found.refused] == [
        ("mistralai/odd", "the hub answers something that its own client does not understand"),
        ("mistralai/gone", "there is no such repository, or none that the token may see (404)"),
    ]
    assert found.read == ["mistralai/models"]
    hub.failing["/api/models/mistralai/gone"] = Answer(b"", 200, {"Content-Encoding": "gzip"})
    hub.failing["/api/models/mistralai/odd"] = Answer(b"\x1f\x8b broken", 200, {"Content-Encoding": "gzip"})
    found = ask(hub, read_source, organisations=["mistralai"], kinds=["model"])
    assert [(one.part, one.object) for one in found.refused] == [("mistralai/models", None)], "half a list"


@pytest.mark.parametrize("body", [b"<html>", [{}], {"error": "x"}, [1]])
def test_a_list_that_is_none(read_source: ReadSource, body: Any) -> None:
    hub = FakeHub([MISTRAL], failing={"/api/models": Answer(body)})
    found = ask(hub, read_source, organisations=["mistralai"], models=[MISTRAL["id"]], kinds=["model"])
    assert [(one.part, one.object, one.reason) for one in found.refused] == [
        ("mistralai/models", None, "The hub answers a list that its own client does not understand.")
    ]
    assert found.read == ["models"], "the next part is read all the same"


def test_a_wrong_token(read_source: ReadSource) -> None:
    with running(FakeHub([MISTRAL], token="another")) as server:
        given = {"endpoint": server.url, "organisations": ["mistralai"], "token": "env:ALLOD_SECRET_HF"}
        found = read_source("hugging_face", given, secrets=SECRETS)
        unset = read_source("hugging_face", given)
    assert [(one.part, one.object, "(401)" in one.reason) for one in found.refused] == [
        ("mistralai/models", None, True),
        ("mistralai/datasets", None, True),
    ]
    assert TOKEN not in str(found)
    assert unset.asked == ["mistralai/models", "mistralai/datasets"]
    assert all("is not set" in one.reason for one in unset.refused)


def test_without_its_client(read_source: ReadSource, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    given = {"models": ["a/b"], "directory": str(CARDS), "include": ["BAAI/*"]}
    found = read_source("hugging_face", given, roots=[CARDS])
    assert found.read == ["directory"], "cards need none"
    assert "model:BAAI/bge-m3" in found.taken
    assert [(one.part, one.reason) for one in found.refused] == [("models", hugging_face_hub.MISSING)]


def test_certificates_of_ones_own(read_source: ReadSource, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    given = {"endpoint": "https://127.0.0.1:1", "models": ["a/b"], "ca_file": str(tmp_path / "ca.pem")}
    found = read_source("hugging_face", given, roots=[tmp_path])
    assert [(one.part, "certificate" in one.reason) for one in found.refused] == [("models", True)]


def test_marks_on_the_hub_do_not_count_by_themselves(read_source: ReadSource) -> None:
    marked = {**MISTRAL, "cardData": {"allod.dev/ref": "model:velmora/payments", "allod.dev/licence": "MIT"}}
    found = ask(FakeHub([marked]), read_source, models=[MISTRAL["id"]])
    assert list(found.taken) == [f"model:{MISTRAL['id']}"]
    assert "licence" not in found.asset(f"model:{MISTRAL['id']}").attributes
    assert [one.text for one in found.notes] == [
        "its marks do not count (allod.dev/licence, allod.dev/ref): see heed_marks"
    ]
    own = ask(FakeHub([marked]), read_source, models=[MISTRAL["id"]], heed_marks=True)
    assert own.asset("model:velmora/payments").attributes["licence"] == "MIT"


# --- what a repository becomes ----------------------------------------------------------------------------------------


def told(kind: Kind = Kind.MODEL, name: str = "a/b", **known: Any) -> tuple[dict[str, Any], list[str]]:
    draft, notes = draft_of(Repository(kind, name, **known), heed_marks=True)
    return draft.manifest(), notes


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ({"license": "other", "license_name": "mrl", "license_link": "https://x.org/l"}, "mrl"),
        ({"license": "other", "license_link": "https://x.org/l"}, "https://x.org/l"),
        ({"license": "other"}, "other"),
        ({"license": "apache-2.0", "license_name": "ignored"}, "apache-2.0"),
        ({"license": ["mit", "apache-2.0"]}, "mit, apache-2.0"),
        ({"license_name": "llama3"}, "llama3"),
        ({"license": None}, None),
        ({"license": 7}, None),
    ],
)
def test_licences(card: dict[str, Any], licence: str | None) -> None:
    assert told(card=card)[0].get("attributes", {}).get("licence") == licence


@pytest.mark.parametrize(
    ("known", "weights"),
    [
        ({"gated": False, "files": ("model.safetensors",)}, "open"),
        ({"gated": False, "files": ("README.md",)}, None),
        ({"gated": False, "files": ("model.safetensors",), "private": True}, None),
        ({"gated": True}, "gated"),
        ({"files": ("model.safetensors",)}, None),
        ({"card": {"extra_gated_prompt": "please"}}, "gated"),
    ],
)
def test_weights(known: dict[str, Any], weights: str | None) -> None:
    assert told(**known)[0].get("attributes", {}).get("weights") == weights


@pytest.mark.parametrize(
    ("known", "derivation"),
    [
        ({"base_model": "x/y"}, None),
        ({"base_model": ["x/y", "x/z"]}, "merge"),
        ({"base_model": ["x/y"], "library_name": "peft"}, "adapter"),
        ({"base_model": "x/y", "base_model_relation": "Quantized"}, "quantized"),
        ({"base_model": "x/y", "base_model_relation": "cousin"}, None),
    ],
)
def test_derivations(known: dict[str, Any], derivation: str | None) -> None:
    relations = told(card=known)[0]["relations"]
    assert {one.get("as") for one in relations} == {derivation}


def test_what_the_hub_says_of_a_derivation_goes_first() -> None:
    card = {"base_model": ["x/y", "x/z"]}
    tags = ("base_model:quantized:x/y", "base_model:odd:x/z", "base_model:x/y")
    relations = told(card=card, tags=tags, files=("adapter_config.json",))[0]["relations"]
    assert [(one["to"], one["as"]) for one in relations] == [("model:x/y", "quantized"), ("model:x/z", "merge")]


def test_names_that_are_none() -> None:
    card = {
        "base_model": ["a/b", "./out dir", "https://huggingface.co/x/y/", 5],
        "datasets": ["The Pile", "https://hf.co/datasets/allenai/c4", "squad"],
        "base_model_relation": "cousin",
        "pipeline_tag": "telepathy",
    }
    manifest, notes = told(card=card)
    assert {(one["type"], one["to"]) for one in manifest["relations"]} == {
        ("derived_from", "model:x/y"),
        ("trained_on", "dataset:allenai/c4"),
        ("trained_on", "dataset:squad"),
    }
    assert notes == [
        "the task 'telepathy' is not known; what the model takes and makes stays open",
        "base_model_relation 'cousin' is not one of adapter, distilled, finetune, merge, quantized",
        "'a/b' is the model itself",
        "'./out dir' is not the name of a model on the hub",
        "'The Pile' is not the name of a dataset on the hub",
    ]


def test_cards_beyond_measure(monkeypatch: Any) -> None:
    monkeypatch.setattr(hugging_face_card, "LISTED_MAX", 2)
    monkeypatch.setattr(hugging_face_card, "ANNOTATIONS_MAX", 3)
    card = {"datasets": ["a/1", "a/2", "a/3"], **{f"key {number}": number for number in range(5)}}
    manifest, notes = told(card=card)
    assert len(manifest["relations"]) == 2
    assert list(manifest["annotations"]) == ["hugging-face/key-0", "hugging-face/key-1", "hugging-face/key-2"]
    assert notes == ["1 of 3 names of a dataset are left out", "2 of 5 entries of its card are left out"]


def test_languages_that_are_none() -> None:
    manifest, notes = told(card={"language": ["en", "multilingual", "en"], "languages": "pt-BR"})
    assert manifest["attributes"]["languages"] == ["en", "pt-BR"]
    assert manifest["annotations"] == {"hugging-face/language": "multilingual"}
    assert notes == ["'multilingual': no BCP 47 tag of a language"]


@pytest.mark.parametrize(
    ("parameters", "total", "count"),
    [
        ({"BF16": 8, "I64": 1}, 9, 9),
        ({"I32": 7, "F16": 2}, 9, None),
        ({}, None, None),
    ],
)
def test_parameters(parameters: dict[str, int], total: int | None, count: int | None) -> None:
    manifest, notes = told(parameters=parameters, total=total)
    assert manifest.get("attributes", {}).get("parameters") == count
    assert bool(notes) == (total is not None and count is None)


@pytest.mark.parametrize(
    "index",
    [
        "none",
        [None],
        [{"results": 7}],
        [{"results": [None, {"dataset": 1}, {"dataset": {}, "metrics": 5}, {"dataset": {"type": "custom"}}]}],
    ],
)
def test_results_that_are_none(index: Any) -> None:
    assert "relations" not in told(card={"model-index": index})[0]


def test_data_that_machines_wrote() -> None:
    manifest, _ = told(Kind.DATASET, card={"language_creators": "machine-generated"})
    assert manifest["attributes"]["synthetic"] is True
    assert manifest["evidence"]["synthetic"]["grade"] == "inferred"
    manifest, _ = told(Kind.DATASET, card={"tags": ["Synthetic"]})
    assert manifest["evidence"]["synthetic"]["grade"] == "declared"


def test_a_disabled_repository(read_source: ReadSource) -> None:
    found = ask(FakeHub([{**MISTRAL, "disabled": True, "private": True}]), read_source, models=[MISTRAL["id"]])
    assert [one.text for one in found.notes] == ["the hub has disabled it"]
    annotations = found.asset(f"model:{MISTRAL['id']}").annotations
    assert (annotations["hugging-face/disabled"], annotations["hugging-face/private"]) == ("true", "true")


@pytest.mark.parametrize(
    ("files", "library", "formats"),
    [
        (("model.safetensors", "onnx/model.onnx"), "", ["onnx", "safetensors"]),
        (("pytorch_model.bin", "training_args.bin", "optimizer.pt"), "", ["pickle"]),
        (("training_args.bin", "tokenizer.json"), "", []),
        (("openvino_model.bin", "openvino_model.xml"), "openvino", ["openvino"]),
        (("model.bin",), "ctranslate2", ["ctranslate2"]),
        (("ggml-large-v3.bin",), "", ["ggml"]),
        (("flax_model.msgpack", "tf_model.h5", "last.ckpt", "best.PT"), "", ["hdf5", "msgpack", "pickle"]),
    ],
)
def test_formats(files: tuple[str, ...], library: str, formats: list[str]) -> None:
    assert formats_of(files, library) == formats


def test_organisations_are_those_of_the_catalogue() -> None:
    known = set()
    for path in (ROOT / "policies" / "data").glob("vendors*.yaml"):
        known |= {entry["key"] for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["entries"]}
    assert set(hugging_face_card.organisations().values()) <= known


def test_tasks_make_what_a_model_can_state() -> None:
    assert {made for _, made in _TASKS.values()} <= {"", "text", "image", "audio", "video"}


# --- directories ------------------------------------------------------------------------------------------------------


def look(read_source: ReadSource, directory: Path, **settings: Any) -> Reading:
    return read_source("hugging_face", {"directory": str(directory), **settings}, roots=[directory], reach=())


def test_a_directory_of_cards(read_source: ReadSource, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    found = look(read_source, CARDS)
    assert found.complete
    assert set(found.taken) == {
        "dataset:allenai/c4",
        "dataset:rajpurkar/squad",
        "model:BAAI/bge-m3",
        "model:bartowski/Meta-Llama-3.1-8B-Instruct-GGUF",
        LLAMA_REF,
        "model:mistralai/Mistral-7B-Instruct-v0.3",
        "model:mistralai/Mistral-Large-Instruct-2407",
        "model:openai/whisper-large-v3",
    }
    llama = found.asset(LLAMA_REF)
    assert llama.attributes["weights"] == "gated"
    assert found.grade(LLAMA_REF, "weights") == "declared"
    assert found.related(LLAMA_REF) == {("derived_from", "model:meta-llama/Meta-Llama-3.1-8B")}
    assert found.taken[LLAMA_REF].object == "meta-llama/Llama-3.1-8B-Instruct/README.md"
    whisper = found.asset("model:openai/whisper-large-v3").attributes
    assert "no" in whisper["languages"], "Norwegian is a language and not a denial"
    assert whisper["modalities"] == ["audio", "text"]
    quantised = found.asset("model:bartowski/Meta-Llama-3.1-8B-Instruct-GGUF")
    assert [one.as_dict() for one in quantised.relations] == [
        {"type": "derived_from", "to": LLAMA_REF, "as": "quantized"}
    ]
    assert found.asset("model:mistralai/Mistral-Large-Instruct-2407").attributes["licence"] == "mrl"
    bge = found.asset("model:BAAI/bge-m3")
    assert bge.attributes["languages"] == ["de", "fr"], "a mark"
    assert found.asset("dataset:rajpurkar/squad").attributes["collection"]["how"] == (
        "language creators: crowdsourced, found; annotations creators: crowdsourced"
    )
    assert {(one.object, one.text) for one in found.notes} == {
        ("BAAI/bge-m3/README.md", "the mark allod.dev/owner-team says nothing about a model"),
        ("datasets/allenai/c4/README.md", "'multilingual': no BCP 47 tag of a language"),
        (
            "mistralai/Mistral-Large-Instruct-2407/README.md",
            "'mistralai/Mistral-Large-Instruct-2407' is the model itself",
        ),
        ("mistralai/Mistral-Large-Instruct-2407/README.md", "'./local' is not the name of a model on the hub"),
    }
    assert look(read_source, CARDS).taken == found.taken


def test_a_part_of_a_directory(read_source: ReadSource) -> None:
    assert {ref[:8] for ref in look(read_source, CARDS, kinds=["dataset"]).taken} == {"dataset:"}
    assert list(look(read_source, CARDS, include=["BAAI/*"]).taken) == ["model:BAAI/bge-m3"]
    one = CARDS / "meta-llama" / "Llama-3.1-8B-Instruct" / "README.md"
    assert list(look(read_source, one).taken) == [LLAMA_REF]
    assert list(look(read_source, CARDS / "rajpurkar--squad.md").taken) == ["dataset:rajpurkar/squad"]


def test_the_cache_of_the_hubs_client(read_source: ReadSource, tmp_path: Path) -> None:
    first, second = "a" * 40, "b" * 40
    for kind, name in (("models", "mistralai--Mistral-7B-v0.3"), ("datasets", "allenai--c4")):
        repository = tmp_path / "hub" / f"{kind}--{name}"
        (repository / "blobs").mkdir(parents=True)
        (repository / "blobs" / "1").write_text("---\nlicense: apache-2.0\n---\n")
        (repository / "blobs" / "2").write_text("weights")
        for commit in (first, second):
            snapshot = repository / "snapshots" / commit
            snapshot.mkdir(parents=True)
            (snapshot / "README.md").symlink_to("../../blobs/1")
        (snapshot / "model.safetensors").symlink_to("../../blobs/2")
    refs = tmp_path / "hub" / "models--mistralai--Mistral-7B-v0.3" / "refs"
    refs.mkdir()
    (refs / "main").write_text(second)
    found = look(read_source, tmp_path)
    assert set(found.taken) == {"model:mistralai/Mistral-7B-v0.3", "dataset:allenai/c4"}
    assert found.asset("model:mistralai/Mistral-7B-v0.3").attributes["formats"] == ["safetensors"]
    assert [(one.object, one.reason) for one in found.refused] == [
        (f"hub/datasets--allenai--c4/snapshots/{second}/README.md", "another card is that of allenai/c4, too")
    ], "without refs/main nobody can tell which one counts"
    (refs / "main").write_bytes(b"\xff")
    assert len(look(read_source, tmp_path).refused) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("---\nlicense: [\n---\n", "line 3"),
        ("---\nlicense: mit\n", "do not end with a line ---"),
        ("---\n- mit\n---\n", "they are no mapping"),
        ("---\nx: !!python/object/apply:os.system [ls]\n---\n", "is not taken"),
        ("---\n7: seven\n---\n", "is a key and not text"),
        ("---\n" + "".join(f"{' ' * depth}a:\n" for depth in range(80)) + "---\n", "nested too deeply"),
        ("---\n" + "a: &a [x]\n" * 2 + "---\n", "stands twice"),
    ],
)
def test_metadata_that_cannot_be_read(read_source: ReadSource, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.md").write_text(text)
    shutil.copytree(CARDS / "BAAI", tmp_path / "BAAI")
    found = look(read_source, tmp_path)
    assert [(one.object, words in one.reason) for one in found.refused] == [("a/b.md", True)], found.refused
    assert list(found.taken) == ["model:BAAI/bge-m3"]
    assert found.read == ["directory"]


def test_metadata_are_bounded(read_source: ReadSource, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(hugging_face_directory, "SIZE_MAX", 100)
    (tmp_path / "org--long.md").write_text("---\nlicense: mit\nx: " + "x" * 200 + "\n---\n")
    (tmp_path / "org--short.md").write_text("---\nlicense: mit\n---\n" + "prose " * 100)
    found = look(read_source, tmp_path)
    assert list(found.taken) == ["model:org/short"]
    assert "do not end" in found.refused[0].reason


def test_files_that_are_no_cards(read_source: ReadSource, tmp_path: Path) -> None:
    at = {
        "README.md": "---\nlicense: mit\n---\n",
        "org/plain/README.md": "# A model\n",
        "org/weights/README.md": "\ufeff\r\n---\r\n---\r\n",
        "org/weights/model.gguf": "",
        "bare/weights/README.md": "nothing",
        "bare/weights/model.onnx": "",
        "Ünï cödé/x y/README.md": "---\nlicense: mit\n---\n",
        ".git/README.md": "---\nlicense: mit\n---\n",
        "one.md": "---\nallod.dev/ref: dataset:velmora/one\n---\n",
        "notes.txt": "---\nlicense: mit\n---\n",
    }
    for name, text in at.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    found = look(read_source, tmp_path)
    assert found.complete
    assert set(found.taken) == {
        "dataset:velmora/one",
        "model:bare/weights",
        "model:org/weights",
        "model:uni-code/x-y",
    }
    assert found.asset("model:bare/weights").attributes == {"formats": ["onnx"]}
    assert {one.object: one.text.partition(",")[0].partition(":")[0] for one in found.notes} == {
        "README.md": "it lies where no name can be told",
        "org/plain/README.md": "it does not begin with metadata between two lines ---",
    }
    (tmp_path / "README.md").write_text("---\nallod.dev/ref: model:velmora/top\n---\n")
    assert "model:velmora/top" in look(read_source, tmp_path).taken


def test_a_directory_ends_at_its_rim(read_source: ReadSource, tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.md").write_text("---\nlicense: mit\n---\n")
    (inside / "org--link.md").symlink_to(outside / "secret.md")
    (inside / "org--lost.md").symlink_to(inside / "nowhere.md")
    found = look(read_source, inside)
    assert {one.object: one.reason.partition(":")[0] for one in found.refused} == {
        "org--link.md": "it is a link that leads out of the directory",
        "org--lost.md": "its metadata cannot be read",
    }
    away = read_source("hugging_face", {"directory": str(outside)}, roots=[inside])
    assert "is not for sources" in away.refused[0].reason
    assert not away.read


def test_a_directory_that_cannot_be_listed(read_source: ReadSource, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "closed").mkdir()
    opened = os.scandir

    def scandir(path: Any) -> Any:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = look(read_source, tmp_path)
    assert [(one.object, one.reason) for one in found.refused] == [("closed", "it cannot be listed: Permission denied")]


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "nothing is named to read"),
        ({"models": ["a b"]}, "is not the name of a repository"),
        ({"organisations": ["a/b"]}, "is not the name of an organisation"),
        ({"models": "a/b"}, "list"),
        ({"models": ["a/b"], "token": TOKEN}, "not a reference to a secret"),
        ({"models": ["a/b"], "endpoint": "https://u:p@hub"}, "the address cannot be used"),
        ({"models": ["a/b"], "endpoint": "https://hub:99999"}, "the address cannot be used"),
        ({"models": ["a/b"], "kinds": ["space"]}, "kinds"),
        ({"models": ["a/b"], "revision": "main"}, "revision"),
    ],
)
def test_settings_that_cannot_be_used(read_source: ReadSource, given: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_source("hugging_face", given)
    assert words in str([str(fault) for fault in caught.value.faults])
    assert TOKEN not in str(caught.value.faults)


@pytest.mark.parametrize(
    ("given", "reached"),
    [
        ({"directory": "/cards"}, []),
        ({"models": ["a/b"]}, ["huggingface.co:443"]),
        ({"models": ["a/b"], "endpoint": "http://[::1]:8080/hub"}, ["[::1]:8080"]),
        ({"datasets": ["a/b"], "endpoint": "http://hub"}, ["hub:80"]),
    ],
)
def test_only_the_hub_is_reached(given: dict[str, Any], reached: list[str]) -> None:
    assert hugging_face.reaches(hugging_face.HuggingFaceSettings(**given)) == reached


def test_the_transport_closes_what_it_holds() -> None:
    class Inner(httpx2.BaseTransport):
        closed = False

        def close(self) -> None:
            self.closed = True

    inner = Inner()
    hugging_face_hub.Bounded("http://hub", inner).close()
    assert inner.closed
