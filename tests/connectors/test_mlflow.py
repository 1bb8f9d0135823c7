"""MLflow, read from its own server: registered models, versions, runs and the data that went in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.foundation.errors import Invalid
from service.scans import limits
from service.scans.connectors import mlflow, mlflow_model_file, mlflow_runs, mlflow_versions
from tests.connectors.conftest import Reading, ReadSource
from tests.fixtures.opa import free_port
from tests.fixtures.servers import environment, running
from tests.fixtures.small_http import Answer, SmallServer, serving

TOKEN, PASSWORD = "a-token-of-a-reader", "a-password-of-a-reader"
SECRETS = {"ALLOD_SECRET_TOKEN": TOKEN, "ALLOD_SECRET_PASSWORD": PASSWORD}
BERLIN, PARIS = "cloud_region:ionos/de-fra", "cloud_region:scaleway/fr-par"
MLMODEL = """
artifact_path: model
flavors:
  python_function: {loader_module: mlflow.transformers, python_version: 3.11.9}
  transformers:
    source_model_name: mistralai/Mistral-7B-v0.3
    source_model_revision: d8cadc02ac76bd617a919d50b092e59d2d110aff
    peft_adaptor: peft
    task: text-generation
mlflow_version: 3.17.2
"""
DATA = [
    ("tickets-2026", "f00d", "local", {"uri": "s3://velmora-data/tickets/2026"}, "training"),
    ("tickets-2026", "beef", "local", {"uri": "s3://velmora-data/tickets/2025"}, "train"),
    ("squad", "cafe", "hugging_face", {"path": "rajpurkar/squad", "split": "train"}, None),
    ("golden answers", "babe", "http", {"url": "https://user:pw@data.example.org/golden.csv?sig=1"}, "evaluation"),
    ("dataset", "dead", "code", {"tags": {"mlflow.source.name": "train.py"}}, "training"),
]


@dataclass
class Server:
    url: str
    client: httpx2.Client

    def call(self, path: str, **body: Any) -> Any:
        answer = self.client.post(f"/api/2.0/mlflow/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def run(self, experiment: str, **tags: str) -> str:
        started = self.call("runs/create", experiment_id=experiment, start_time=1_760_000_000_000, tags=_pairs(tags))
        return str(started["run"]["info"]["run_id"])

    def version(self, name: str, source: str, run: str | None = None, **tags: str) -> str:
        body = {"name": name, "source": source, "tags": _pairs(tags), **({"run_id": run} if run else {})}
        return str(self.call("model-versions/create", **body)["model_version"]["version"])

    def upload(self, path: str, text: str) -> None:
        answer = self.client.put(f"/api/2.0/mlflow-artifacts/artifacts/{path}", content=text.encode())
        assert answer.is_success, answer.text


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """MLflow behind a gate, with a registry of one fine-tuned model, its data, and some that are odd."""
    home = tmp_path_factory.mktemp("mlflow")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    script = Path(__file__).with_name("mlflow") / "gated_server.py"

    def ready() -> bool:
        try:
            return httpx2.get(f"{url}/health", timeout=5).is_success
        except httpx2.HTTPError:
            return False

    variables = {
        # What `mlflow server` hands its workers for --backend-store-uri and --artifacts-destination.
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{home}/mlflow.db",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": f"{home}/artifacts",
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "GATE_TOKEN": TOKEN,
        "GATE_USER": f"reader:{PASSWORD}",
        "GATE_FORBIDDEN": "guarded",
    }
    # -P: the script lies in a directory called `mlflow`.
    command: list[str | Path] = [environment("mlflow") / "python", "-P", script, str(port)]
    with (
        running(command, home / "server.log", ready, env=variables),
        httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client,
    ):
        found = Server(url, client)
        _fill(found)
        yield found


def _fill(server: Server) -> None:
    experiment = server.call("experiments/create", name="support")["experiment_id"]
    run = server.run(
        experiment,
        **{
            "mlflow.source.git.commit": "0123456789abcdef0123456789abcdef01234567",
            "mlflow.source.git.repoURL": "https://bot:ghp_secret@git.example.org/velmora/support.git",
            "mlflow.source.name": "train.py",
            "mlflow.user": "somebody",
            "team": "support",
        },
    )
    parameters = {"learning_rate": "2e-5", "base_model": "mistralai/Mistral-7B-v0.3", "hub_token": "hf_aaaa"}
    server.call("runs/log-batch", run_id=run, params=_pairs(parameters), metrics=[], tags=[])
    inputs = [
        {
            "dataset": {"name": name, "digest": digest, "source_type": kind, "source": json.dumps(source)},
            "tags": _pairs({"mlflow.data.context": context} if context else {}),
        }
        for name, digest, kind, source, context in DATA
    ]
    server.call("runs/log-inputs", run_id=run, datasets=inputs)
    server.upload(f"{experiment}/{run}/artifacts/model/MLmodel", MLMODEL)

    tags = {"license": "apache-2.0", "cost centre": "42", "allod.dev/languages": "de, en", "allod.dev/oops": "x"}
    server.call("registered-models/create", name="Support Assistant", description="Answers\ttickets", tags=_pairs(tags))
    for number in range(1, 4):
        held = f"mlflow-artifacts:/{experiment}/{run}/artifacts/model"
        server.version("Support Assistant", held, run, **({"reviewed": "yes"} if number == 2 else {}))
    server.call("registered-models/alias", name="Support Assistant", alias="Champion", version="2")
    server.call("model-versions/transition-stage", name="Support Assistant", version="1", stage="Archived")

    server.call("registered-models/create", name="fraud.v1", tags=_pairs({"allod.dev/ref": "model:velmora/fraud"}))
    server.version("fraud.v1", "s3://velmora-models/fraud/1")
    server.version("fraud.v1", "s3://velmora-models/fraud/2")
    server.call("model-versions/transition-stage", name="fraud.v1", version="1", stage="Production")

    server.call("registered-models/create", name="from-hub", tags=_pairs({"allod.dev/ref": "vendor:x"}))
    server.version("from-hub", "hf://BAAI/bge-m3")
    server.call("registered-models/create", name="empty's")
    server.call("registered-models/create", name="""both ' and " marks""")
    lost = server.run(experiment)
    server.call("registered-models/create", name="orphan")
    server.version("orphan", f"mlflow-artifacts:/{experiment}/{lost}/artifacts/model", lost)
    server.call("registered-models/create", name="guarded")
    server.call("registered-models/create", name="a prompt", tags=_pairs({"mlflow.prompt.is_prompt": "true"}))


def settings(server: Server, **more: Any) -> dict[str, Any]:
    return {"url": server.url, "token": "env:ALLOD_SECRET_TOKEN", "model_files": False, **more}


SUPPORT = "model:mlflow/default/support-assistant"


def test_a_model_is_told_with_its_run_its_file_and_its_data(server: Server, read_source: ReadSource) -> None:
    found = read_source("mlflow", settings(server, model_files=True), secrets=SECRETS)
    model = found.asset(SUPPORT)
    assert model.title == "Support Assistant"
    assert model.attributes == {
        "version": "2",
        "licence": "apache-2.0",
        "languages": ["de", "en"],
        "modalities": ["text"],
        "generates_text": True,
    }
    assert {key: entry["grade"] for key, entry in model.evidence.items()} == {
        "version": "verified",
        "licence": "declared",
        "languages": "declared",
        "modalities": "inferred",
        "generates_text": "inferred",
    }
    assert [one.as_dict() for one in model.relations] == [
        {"type": "derived_from", "to": "model:mistralai/Mistral-7B-v0.3", "as": "adapter"},
        {"type": "evaluated_on", "to": "dataset:mlflow/default/golden-answers"},
        {"type": "trained_on", "to": "dataset:mlflow/default/dataset-dead"},
        {"type": "trained_on", "to": "dataset:mlflow/default/tickets-2026"},
        {"type": "trained_on", "to": "dataset:rajpurkar/squad"},
    ]
    assert model.labels == {"cost-centre": "42", "license": "apache-2.0", "reviewed": "yes", "team": "support"}
    notes = model.annotations
    assert notes["mlflow/versions"] == "3\n2 @Champion\n1 Archived"
    assert notes["mlflow/description"] == "Answers\ttickets"
    assert notes["mlflow/flavors"] == "python_function, transformers"
    assert notes["mlflow/git-commit"] == "0123456789abcdef0123456789abcdef01234567"
    assert notes["mlflow/git-repository"] == "https://git.example.org/velmora/support.git"
    assert json.loads(notes["mlflow/parameters"]) == {
        "base_model": "mistralai/Mistral-7B-v0.3",
        "learning_rate": "2e-5",
    }
    assert "tickets-2026 f00d training" in notes["mlflow/inputs"].splitlines()
    assert "hf_aaaa" not in str(model.body()), "a parameter that may be a secret is left out"
    assert ("Support Assistant", "there is no mark allod.dev/oops") in {(one.object, one.text) for one in found.notes}
    missing = [one for one in found.notes if one.object == "orphan"]
    assert len(missing) == 1
    assert "404" in missing[0].text
    # Without boto3 this server cannot open a bucket; what it cannot hand out is not held to be nothing.
    refused = {one.object: one.reason for one in found.refused}
    assert "Set model_files to false" in refused["fraud.v1"]


def test_data_is_told_once_with_all_its_digests(server: Server, read_source: ReadSource) -> None:
    places = {"s3://velmora-data": BERLIN, "s3://velmora-data/tickets": PARIS, "s3://velmora": BERLIN}
    found = read_source("mlflow", settings(server, regions=places), secrets=SECRETS)
    tickets = found.asset("dataset:mlflow/default/tickets-2026")
    assert tickets.annotations == {
        "mlflow/digest": "beef, f00d",
        "mlflow/source": "s3://velmora-data/tickets/2025\ns3://velmora-data/tickets/2026",
        "mlflow/source-type": "local",
    }
    assert found.related("dataset:mlflow/default/tickets-2026") == {("stored_in", PARIS)}
    golden = found.asset("dataset:mlflow/default/golden-answers")
    assert golden.annotations["mlflow/source"] == "https://data.example.org/golden.csv"
    assert found.asset("dataset:rajpurkar/squad").annotations["mlflow/digest"] == "cafe"
    # Unnamed data is told apart by its digest.
    assert found.asset("dataset:mlflow/default/dataset-dead").title == "dataset"
    assert found.taken["dataset:rajpurkar/squad"].part == "datasets"


def test_the_version_that_counts(server: Server, read_source: ReadSource) -> None:
    found = read_source("mlflow", settings(server, aliases=[]), secrets=SECRETS)
    assert found.asset(SUPPORT).attributes["version"] == "3", "the newest, where nothing else is said"
    assert found.asset("model:velmora/fraud").attributes["version"] == "1", "the newest in stage Production"
    assert "version" not in found.asset("model:mlflow/default/empty-s").attributes


def test_names_and_marks(server: Server, read_source: ReadSource) -> None:
    found = read_source("mlflow", settings(server, workspace="research"), secrets=SECRETS)
    assert "model:velmora/fraud" in found.taken
    assert found.related("model:mlflow/research/from-hub") == {("derived_from", "model:BAAI/bge-m3")}
    assert ("from-hub", "the mark allod.dev/ref says 'vendor:x', which is no ref of kind model") in {
        (one.object, one.text) for one in found.notes
    }
    assert not any("prompt" in ref for ref in found.taken)


def test_where_artifacts_lie(server: Server, read_source: ReadSource) -> None:
    given = settings(server, artifact_region=BERLIN, regions={"s3://velmora-models": PARIS})
    found = read_source("mlflow", given, secrets=SECRETS)
    assert ("stored_in", BERLIN) in found.related(SUPPORT)
    assert ("stored_in", PARIS) in found.related("model:velmora/fraud")


def test_what_may_not_be_read_is_refused_alone(server: Server, read_source: ReadSource) -> None:
    found = read_source("mlflow", settings(server), secrets=SECRETS)
    assert {one.object: one.reason for one in found.refused if one.part == "models"} == {
        "guarded": "GET 127.0.0.1/api/2.0/mlflow/model-versions/search answers 403 Forbidden.",
        """both ' and " marks""": "its name holds both quotation marks, so that MLflow cannot be asked for its versions.",
    }
    assert "empty's" in {one.observation.title for one in found.taken.values()}
    assert found.asked == ["models", "datasets"]
    assert found.read == ["models"], "data of models that were not read is not known"


def test_a_second_reading_says_the_same(server: Server, read_source: ReadSource, monkeypatch: Any) -> None:
    given = settings(server, model_files=True, exclude=["guarded", "both*", "fraud*"])
    first = read_source("mlflow", given, secrets=SECRETS)
    monkeypatch.setattr(mlflow, "PAGE", 1)
    second = read_source("mlflow", given, secrets=SECRETS)
    assert first.complete
    assert first.taken == second.taken
    assert list(first.taken) == list(second.taken)
    only = read_source("mlflow", settings(server, include=["empty*"]), secrets=SECRETS)
    assert list(only.taken) == ["model:mlflow/default/empty-s"]
    assert only.complete


def test_ways_in(server: Server, read_source: ReadSource) -> None:
    password = {"username": "reader", "password": "env:ALLOD_SECRET_PASSWORD"}
    given = {"url": server.url, "include": ["empty*"], **password}
    assert read_source("mlflow", given, secrets=SECRETS).complete
    wrong = read_source("mlflow", given, secrets={"ALLOD_SECRET_PASSWORD": "a-wrong-password"})
    assert [(one.part, one.object) for one in wrong.refused] == [("models", None), ("datasets", None)]
    assert "answers 401" in wrong.refused[0].reason
    assert not wrong.read
    nobody = read_source("mlflow", {"url": server.url})
    assert "answers 401" in nobody.refused[0].reason
    unset = read_source("mlflow", settings(server))
    assert "is not set" in unset.refused[0].reason


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"token": "env:A", "username": "u", "password": "env:B"}, "there are a token and a password"),
        ({"username": "u"}, "one of username and password"),
        ({"token": "tok"}, "not a reference to a secret"),
        ({"url": "http://user:pw@h"}, "the address cannot be used"),
        ({"url": "http://h:999999"}, "the address cannot be used"),
        ({"url": "ftp://h"}, "web address"),
        ({"regions": {"s3://b": "berlin"}}, "ref of an asset"),
        ({"workspace": "No Slug"}, "word of this list"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_be_used(read_source: ReadSource, given: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_source("mlflow", {"url": "http://127.0.0.1:1", **given})
    assert words in str([str(fault) for fault in caught.value.faults])


@pytest.mark.parametrize(
    ("url", "reached"),
    [
        ("https://m.example.org/mlflow", "m.example.org:443"),
        ("http://m.example.org", "m.example.org:80"),
        ("http://[::1]:5000", "[::1]:5000"),
    ],
)
def test_only_the_server_is_reached(url: str, reached: str) -> None:
    assert mlflow.reaches(mlflow.MlflowSettings(url=url)) == [reached]


# --- servers that answer badly ----------------------------------------------------------------------------------------

SEARCH, VERSIONS = "/api/2.0/mlflow/registered-models/search", "/api/2.0/mlflow/model-versions/search"
RUN, FILE = "/api/2.0/mlflow/runs/get", "/model-versions/get-artifact"


def registry(models: list[Any], **others: Answer) -> Any:
    """Answers `models`, and for the other calls what `others` say."""
    answers = {
        SEARCH: Answer({"registered_models": models}),
        VERSIONS: others.get("versions", Answer({})),
        RUN: others.get("run", Answer({})),
        FILE: others.get("file", Answer({}, 404)),
    }
    return lambda asked: answers[asked.path]


def version(**more: Any) -> Answer:
    return Answer({"model_versions": [{"version": "1", "run_id": "r1", "status": "READY", **more}]})


def read_from(server: SmallServer, read_source: ReadSource, **more: Any) -> Reading:
    return read_source("mlflow", {"url": server.url, **more})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(b"<html>sign in</html>"), "did not answer with JSON"),
        (Answer([1, 2]), "answers something else than MLflow does"),
        (Answer({"registered_models": "none"}), "answers something else than MLflow does"),
        (Answer({}, 302, {"Location": "http://169.254.169.254/"}), "redirects are not followed"),
        (Answer({}, 429, {"Retry-After": "0"}), "it is busy"),
        (Answer({"next_page_token": "again"}), "the same page for ever"),
        (Answer(hangs=True), "did not answer in time"),
    ],
)
def test_a_server_that_answers_badly(read_source: ReadSource, monkeypatch: Any, answer: Answer, words: str) -> None:
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.2)
    with serving(lambda _: answer) as server:
        found = read_from(server, read_source)
    assert words in found.refused[0].reason
    assert (found.refused[0].part, found.refused[0].object) == ("models", None)
    assert not found.read


def test_a_server_that_is_not_there(read_source: ReadSource) -> None:
    found = read_source("mlflow", {"url": f"http://127.0.0.1:{free_port()}"})
    assert "cannot be reached" in found.refused[0].reason


def test_a_server_that_dies_half_way_is_not_asked_for_all_the_rest(read_source: ReadSource) -> None:
    models = [{"name": f"m{number}"} for number in range(9)]
    with serving(registry(models, versions=Answer(b"<html>"))) as server:
        found = read_from(server, read_source)
    assert [one.object for one in found.refused if one.part == "models"] == ["m0", "m1", None]
    assert sum(asked.path == VERSIONS for asked in server.asked) == mlflow.FAILURES_MAX


def test_odd_objects_do_not_end_the_part(read_source: ReadSource) -> None:
    tags = [{"key": f"tag{number}", "value": "x"} for number in range(120)]
    models = [
        None,
        {"name": 7},
        {"name": "\u202e", "tags": "none", "aliases": 3},
        {"name": "Modèle", "tags": [None, {"key": 1}, *tags], "aliases": [None, {"alias": "Champion", "version": "9"}]},
        {"name": "modèle"},
        {"name": "self", "tags": [{"key": "allod.dev/derived-from", "value": "model:mlflow/default/self"}]},
    ]
    with serving(registry(models)) as server:
        found = read_from(server, read_source)
    assert len(found.taken) == 2
    refused = {one.object: one.reason for one in found.refused if one.part == "models"}
    assert refused["None"] == "it has no name"
    assert refused["{'name': 7}"] == "it has no name"
    assert "another model has the name mlflow/default/modele, too" in refused["modèle"]
    assert "leads back to the asset itself" in refused["self"]
    labels = found.asset("model:mlflow/default/modele").labels
    assert len(labels) == 90
    assert [one.text for one in found.notes] == ["30 of 120 tags are left out"]
    assert found.read == ["models"]


def test_versions_that_do_not_count(read_source: ReadSource) -> None:
    entries = [
        None,
        {"version": "x"},
        *({"version": str(number), "status": "READY", "current_stage": "None"} for number in range(1, 60)),
        {"version": "60", "status": "FAILED_REGISTRATION"},
    ]
    with serving(registry([{"name": "m"}], versions=Answer({"model_versions": entries}))) as server:
        model = read_from(server, read_source).asset("model:mlflow/default/m")
    assert model.attributes["version"] == "59"
    lines = model.annotations["mlflow/versions"].splitlines()
    assert lines[:2] == ["60 FAILED_REGISTRATION", "59"]
    assert lines[-1] == "and 10 older ones"
    assert len(lines) == mlflow_versions.LISTED + 1


def test_a_run_that_is_gone_or_odd(read_source: ReadSource) -> None:
    model = [{"name": "m"}]
    with serving(registry(model, versions=version(), run=Answer({}, 404))) as server:
        found = read_from(server, read_source)
    assert "its run r1 is not there any more" in [one.text for one in found.notes]
    assert found.complete
    with serving(registry(model, versions=version(), run=Answer({}, 500))) as server:
        found = read_from(server, read_source)
    assert not found.taken, "what is known of the model stays as it is"
    inputs = [
        {"dataset": {"digest": "d"}},
        {"dataset": {"name": "d", "source": "{broken", "source_type": "local"}, "tags": 1},
        {"dataset": {"name": "e", "source": '{"uri": "https://[bad"}'}},
        {"dataset": {"name": "e", "source": '{"uri": "https://[bad"}'}},
        7,
    ]
    odd = {"run": {"data": {"tags": None, "params": 5}, "inputs": {"dataset_inputs": inputs}}}
    with serving(registry(model, versions=version(), run=Answer(odd))) as server:
        found = read_from(server, read_source)
    assert found.related("model:mlflow/default/m") == {
        ("trained_on", "dataset:mlflow/default/d"),
        ("trained_on", "dataset:mlflow/default/e"),
    }
    assert found.asset("dataset:mlflow/default/e").annotations == {"mlflow/source": "https://"}
    assert [one.text for one in found.notes if "input" in one.text] == [
        "an input without a name: {'dataset': {'digest': 'd'}}",
        "an input without a name: 7",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", "decode"),
        (b"flavors: [", "the YAML is broken"),
        (b"- a\n- b", "it names no flavors"),
        (b"flavors: !!python/object:os.system {}", "is not taken"),
        (b"", "it names no flavors"),
        (b"x" * (mlflow_model_file.SIZE_MAX + 1), "it is larger than"),
    ],
)
def test_a_model_file_that_is_none(read_source: ReadSource, content: bytes, words: str) -> None:
    with serving(registry([{"name": "m"}], versions=version(), file=Answer(content))) as server:
        found = read_from(server, read_source)
    assert [one.text for one in found.notes if words in one.text]
    assert "model:mlflow/default/m" in found.taken


@pytest.mark.parametrize(
    ("flavours", "formats"),
    [
        ("sklearn: {serialization_format: cloudpickle}", ["pickle"]),
        ("sklearn: {pickled_model: model.pkl}", ["pickle"]),
        ("sklearn: {pickled_model: model.skops, serialization_format: skops}", ["skops"]),
        ("{pytorch: {}, onnx: {data: model.onnx}}", ["onnx", "pickle"]),
        ("python_function: {python_model: python_model.pkl}", ["pickle"]),
        ("python_function: {python_model: agent.py}", None),
        ("{keras: null}", None),
    ],
)
def test_formats(read_source: ReadSource, flavours: str, formats: list[str] | None) -> None:
    file = Answer(f"flavors: \n  {flavours}".encode())
    with serving(registry([{"name": "m"}], versions=version(), file=file)) as server:
        model = read_from(server, read_source).asset("model:mlflow/default/m")
    assert model.attributes.get("formats") == formats


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("mistralai/Mistral-7B-v0.3", "mistralai/Mistral-7B-v0.3"),
        ("./mistralai/Mistral", None),
        ("/models/mistral", None),
        ("results/checkpoint-500", None),
        ("gpt2", None),
        (None, None),
    ],
)
def test_models_of_the_hub(text: Any, base: str | None) -> None:
    assert mlflow_model_file.hub_model(text) == base


def test_a_model_is_not_derived_from_itself(read_source: ReadSource) -> None:
    named = [{"name": "m", "tags": [{"key": "allod.dev/ref", "value": "model:BAAI/bge-m3"}]}]
    file = Answer(b"flavors: {sentence_transformers: {source_model_name: BAAI/bge-m3}}")
    run = Answer({"run": {"data": {"params": [{"key": "base_model", "value": "BAAI/bge-m3"}]}}})
    with serving(registry(named, versions=version(), run=run, file=file)) as server:
        found = read_from(server, read_source)
    assert found.related("model:BAAI/bge-m3") == set()
    assert found.complete


def test_places() -> None:
    regions = {"s3://a": "x", "s3://a/b": "y"}
    assert mlflow_runs.place("s3://a/b/c", regions) == "y"
    assert mlflow_runs.place("s3://a", regions) == "x"
    assert mlflow_runs.place("s3://abc/d", regions) is None
    assert mlflow_runs.bare("plain text") == "plain text"
