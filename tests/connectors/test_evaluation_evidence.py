"""The connector `evaluation_evidence` on files that the four tools wrote themselves (see the README beside them)."""

import builtins
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zipfile_zstd  # noqa: F401 -- archives of these tests are written as Inspect writes them

from service.foundation.errors import Invalid
from service.scans.connectors import evaluation_evidence
from tests.connectors.conftest import Reading, ReadSource

FILES = Path(__file__).resolve().parent / "evaluation_evidence"
LM_EVAL = FILES / "lm_eval/EleutherAI__pythia-70m/results_2026-11-24T20-59-26.219752.json"
LIGHTEVAL = FILES / "lighteval/results/EleutherAI/pythia-70m/results_2026-11-24T21-21-38.792040.json"
INSPECT = FILES / "inspect/json/2026-11-24T21-00-48-00-00_sums_PqRjAG2WBc6Fpx8D78z8ig.json"
ARCHIVE = FILES / "inspect/eval/2026-11-24T21-05-06-00-00_sums_mtS6UNQHMDzTLiWApGgNmD.eval"
HELM = FILES / "helm/pythia"
PYTHIA = "model:EleutherAI/pythia-70m"
Content = dict[str, Any]
Change = Callable[[Content], object]


@pytest.fixture
def read_results(read_source: ReadSource, tmp_path: Path) -> Callable[..., Reading]:
    """Reads `tmp_path/results`, or another place."""

    def read(place: Path | None = None, **settings: Any) -> Reading:
        path = place or tmp_path / "results"
        return read_source("evaluation_evidence", {"path": str(path), **settings}, roots=[tmp_path / "results", FILES])

    (tmp_path / "results").mkdir()
    return read


Read = Callable[..., Reading]


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Writes a copy of a tool's file below `results`, changed."""

    def write(source: Path, change: Change = lambda _: None, name: str | None = None) -> Path:
        content = json.loads(source.read_text())
        change(content)
        path = tmp_path / "results" / (name or source.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2))
        return path

    return write


Put = Callable[..., Path]


def only_note(reading: Reading) -> str:
    assert not reading.taken
    assert reading.complete
    (note,) = reading.notes
    return note.text


def only_refusal(reading: Reading) -> str:
    assert not reading.taken
    assert reading.read
    (refused,) = reading.refused
    assert refused.object is not None
    return refused.reason


def scores(reading: Reading, ref: str, key: str) -> Content:
    found: Content = json.loads(reading.asset(ref).annotations[f"evaluation/{key}"])
    return found


def test_files_of_four_tools_become_evaluations_of_two_models(read_results: Read) -> None:
    reading = read_results(FILES)
    assert reading.complete
    assert set(reading.taken) == {PYTHIA, "model:helm/eleutherai/pythia-70m"}
    day = "2026-11-24"
    assert reading.asset(PYTHIA).attributes == {
        "evaluations": [
            {"benchmark": "small_arithmetic", "tool": "lm-evaluation-harness 0.4.13", "on": day},
            {"benchmark": "sums", "tool": "inspect 0.3.285", "on": day},
            {"benchmark": "sums", "tool": "lighteval", "on": day},
        ]
    }
    assert reading.asset(PYTHIA).evidence == {
        "evaluations": {"grade": "inferred", "source": "result files of inspect, lighteval, lm-evaluation-harness"}
    }
    assert scores(reading, PYTHIA, "lm-eval/small_arithmetic") == {
        "on": day,
        "version": "0.4.13",
        "metrics": {"exact_match": 0.6666666666666666, "exact_match_stderr": 0.23570226039551584},
        "few_shot": 0,
        "file": str(LM_EVAL.relative_to(FILES)),
    }
    assert scores(reading, PYTHIA, "lighteval/sums")["metrics"]["em"] == 0.6666666666666666
    told = scores(reading, PYTHIA, "inspect/sums")
    assert told["metrics"] == {"match/accuracy": 0.6666666666666666, "match/stderr": 0.33333333333333337}
    assert told["file"] == str(ARCHIVE.relative_to(FILES))  # the later one of that day
    helm = scores(reading, "model:helm/eleutherai/pythia-70m", "helm/simple_mcqa")
    assert helm["metrics"]["exact_match"] == 0.0
    assert {"num_references", "logprob", "inference_runtime"}.isdisjoint(helm["metrics"])
    assert (helm["max_eval_instances"], helm["deployment"]) == (3, "local/pythia-70m")


def test_what_is_no_evidence_is_noted_and_the_readme_beside_it_counted(read_results: Read) -> None:
    reading = read_results(FILES)
    notes = {str(Path(note.object).relative_to(FILES).parent): note.text for note in reading.notes}
    assert notes == {
        "helm/simple": "simple/model1 is a stand-in for trials, not a model",
        "inspect/cancelled": "it did not end well: its status is cancelled",
        "inspect/eval": "it took a part of the samples (2 of 3)",
        "inspect/json": "it did not end well: its status is error",
        "inspect/killed": "the run did not come to its end",
        "lighteval/limited/EleutherAI/pythia-70m": "it took a part of the samples (max_samples)",
        "lm_eval/dummy": "dummy is a stand-in for trials, not a model",
        "lm_eval/limited": "it took a part of the samples (limit)",
        ".": "1 other files are no results of the tools known here",
    }


def test_a_second_reading_finds_the_same_whatever_the_file_system_says(read_results: Read, tmp_path: Path) -> None:
    copy = tmp_path / "results" / "copy"
    shutil.copytree(FILES, copy)
    first = read_results(copy)
    for path in copy.rglob("*"):
        os.utime(path, (0, 0))
    second = read_results(copy)
    assert {ref: one.observation.body() for ref, one in first.taken.items()} == {
        ref: one.observation.body() for ref, one in second.taken.items()
    }


def test_a_single_file_may_be_named(read_results: Read) -> None:
    reading = read_results(ARCHIVE)
    assert reading.complete
    assert scores(reading, PYTHIA, "inspect/sums")["file"] == ARCHIVE.name


def test_helm_s_names_can_be_said_to_be_a_hub_s(read_results: Read) -> None:
    reading = read_results(FILES, models={"eleutherai/pythia-70m": PYTHIA})
    assert set(reading.taken) == {PYTHIA}
    assert len(reading.asset(PYTHIA).attributes["evaluations"]) == 4


@pytest.mark.parametrize(
    ("kind", "arguments", "name"),
    [
        # Forms that lm-eval documents and that were not written here.
        ("hf", "pretrained=gpt2,dtype=float32", "gpt2"),
        ("hf", "pretrained=meta-llama/Llama-3.1-8B, revision=main", "meta-llama/Llama-3.1-8B"),
        ("hf", {"pretrained": "meta-llama/Llama-3.1-8B", "peft": "acme/lora"}, "acme/lora"),
        ("vllm", '{"pretrained": "mistralai/Mistral-7B-v0.3", "tensor_parallel_size": 2}', "mistralai/Mistral-7B-v0.3"),
        ("openai-chat-completions", "model=gpt-4o-2024-11-20", "openai/gpt-4o-2024-11-20"),
        ("anthropic-chat", "model=claude-sonnet-4", "anthropic/claude-sonnet-4"),
        ("openai-chat-completions", "model=acme/m,base_url=http://gpu:8000/v1", "acme/m"),
        ("hf", None, "EleutherAI/pythia-70m"),  # the file's model_name
        ("hf", ["strange"], "EleutherAI/pythia-70m"),
        ("openai-chat-completions", "model=gpt-4o,base_url=http://gpu:8000/v1", None),
        ("openai-completions", "model=what ever", None),
        ("local-completions", "model=served", None),
        ("hf", "pretrained=/models/llama", None),
        ("hf", "pretrained=./out/checkpoint", None),
    ],
)
def test_lm_eval_s_arguments_name_the_model(
    read_results: Read, put: Put, kind: str, arguments: object, name: str | None
) -> None:
    put(LM_EVAL, lambda content: content["config"].update(model=kind, model_args=arguments))
    reading = read_results()
    if name is None:
        assert "names no model that is known elsewhere: say which under `models`" in only_note(reading)
    else:
        assert list(reading.taken) == [f"model:{name}"]


@pytest.mark.parametrize(
    ("written", "arguments", "name"),
    [
        # Forms that Inspect documents; `openai-api/…` was written here.
        ("hf/gpt2", {}, "gpt2"),
        ("vllm/meta-llama/Llama-3.1-8B", {}, "meta-llama/Llama-3.1-8B"),
        ("together/meta-llama/Llama-3.1-8B", {}, "meta-llama/Llama-3.1-8B"),
        ("hf-inference-providers/openai/gpt-oss-120b:cheapest", {}, "openai/gpt-oss-120b"),
        ("openai/gpt-4o-2024-11-20", {}, "openai/gpt-4o-2024-11-20"),
        ("ollama/llama3.1:8b", {}, "ollama/llama3.1:8b"),
        ("bedrock/anthropic.claude-v2:1", {}, "bedrock/anthropic.claude-v2:1"),
        ("hf/local", {"model_path": "/models/x"}, None),
        ("hf//models/x", {}, None),
        ("vllm/out/runs/7", {}, None),
        ("openai-api/local/served", {}, None),
        ("google/a model", {}, None),
    ],
)
def test_inspect_s_provider_and_name_say_which_model(
    read_results: Read, put: Put, written: str, arguments: Content, name: str | None
) -> None:
    put(INSPECT, lambda content: content["eval"].update(model=written, model_args=arguments))
    reading = read_results()
    if name is None:
        assert "names no model" in only_note(reading)
    else:
        assert list(reading.taken) == [f"model:{name}"]


@pytest.mark.parametrize(
    ("source", "change", "words"),
    [
        (INSPECT, lambda c: c["eval"].update(model="mockllm/model"), "a stand-in"),
        (INSPECT, lambda c: c["eval"].update(model="none/none"), "a stand-in"),
        (INSPECT, lambda c: c.update(invalidated=True), "declared its samples invalid"),
        (INSPECT, lambda c: c["results"].update(completed_samples=1), "a part of the samples (1 of 3)"),
        (INSPECT, lambda c: c["eval"]["config"].update(epochs=2), "a part of the samples (3 of 6)"),
        (INSPECT, lambda c: (c["eval"].pop("dataset"), c["eval"]["config"].update(limit=3)), "a part of the samples"),
        (INSPECT, lambda c: c["results"].update(scores=None), "it holds no scores"),
        (INSPECT, lambda c: c["eval"].update(created="yesterday"), "nothing in it says when it was run"),
        (
            INSPECT,
            lambda c: c["eval"].update(created="2027-01-01T00:00:00+00:00"),
            "2027-01-01, which is still to come",
        ),
        (LM_EVAL, lambda c: c["n-samples"]["sums"].update(effective=1), "a part of the samples"),
        (LM_EVAL, lambda c: c.update(results={"sums": {"alias": "sums"}, "odd": []}), "it holds no scores"),
        (LM_EVAL, lambda c: c.update(date=None), "nothing in it says when it was run"),
        (LM_EVAL, lambda c: c.update(date=1e300), "nothing in it says when it was run"),
        (LIGHTEVAL, lambda c: c["config_general"].update(model_name="dummy"), "a stand-in"),
        (LIGHTEVAL, lambda c: c["config_general"].update(model_name="/models/x"), "names no model"),
    ],
)
def test_runs_that_prove_nothing_are_noted(
    read_results: Read, put: Put, source: Path, change: Change, words: str
) -> None:
    put(source, change)
    assert words in only_note(read_results())


@pytest.mark.parametrize(
    ("source", "change", "words"),
    [
        (LM_EVAL, lambda c: c.pop("config"), "it has no 'config'"),
        (LM_EVAL, lambda c: (c["config"].pop("model_args"), c.pop("model_name")), "does not say which model"),
        (LIGHTEVAL, lambda c: c.update(results=[]), "it has no 'results'"),
        (LIGHTEVAL, lambda c: c.update(config_general={}), "does not say which model"),
        (INSPECT, lambda c: c.update(eval="x"), "it has no 'eval'"),
        (INSPECT, lambda c: c["eval"].update(task=""), "on which task"),
    ],
)
def test_a_file_in_a_shape_that_nobody_expects_is_refused(
    read_results: Read, put: Put, source: Path, change: Change, words: str
) -> None:
    put(source, change)
    assert words in only_refusal(read_results())


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("results_2026.json", b"", "does not begin as any tool's results do"),
        ("results_2026.json", b"<html>404", "does not begin as any tool's results do"),
        ("results_2026.json", LM_EVAL.read_bytes()[:2000], "it is no JSON"),
        ("any.json", b'{"results": {"a": "\xff\xfe"}}', "it is no JSON"),
        ("any.json", b'{"results": {' + b'"a": [' * 100_000, "it is no JSON"),
        ("log.eval", b"not an archive", "the archive is broken"),
        ("log.eval", ARCHIVE.read_bytes()[:-200], "the archive is broken"),
        ("run_spec.json", b"[]", "not what HELM writes"),
    ],
)
def test_broken_files_are_refused_and_the_others_are_read(
    read_results: Read, put: Put, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / "results" / name).write_bytes(content)
    if name == "run_spec.json":
        (tmp_path / "results/stats.json").write_text("[]")
    put(LM_EVAL, name="whole/file.json")
    reading = read_results()
    assert set(reading.taken) == {PYTHIA}
    (refused,) = reading.refused
    assert refused.object == str(tmp_path / "results" / name)
    assert words in refused.reason


def test_an_archive_that_is_damaged_or_somebody_else_s_is_refused(read_results: Read, tmp_path: Path) -> None:
    def archive(name: str, **members: str) -> None:
        with zipfile.ZipFile(tmp_path / "results" / name, "w") as made:
            for member, text in members.items():
                made.writestr(member.replace("_", "."), text)

    archive("a.eval", header_json="[]")
    archive("b.eval", header_json='{"version": 2')
    archive("c.eval", other_json="{}")
    whole = bytearray(ARCHIVE.read_bytes())
    with zipfile.ZipFile(ARCHIVE) as known:
        start = known.getinfo("header.json").header_offset + 60
    whole[start : start + 40] = bytes(40)
    (tmp_path / "results/d.eval").write_bytes(whole)
    reading = read_results()
    assert not reading.taken
    reasons = {Path(str(one.object)).name: one.reason for one in reading.refused}
    assert reasons["a.eval"] == "the archive is broken: its header is no JSON object"
    assert reasons["b.eval"].startswith("the archive is broken")
    assert reasons["c.eval"] == "this is no archive of Inspect"
    assert reasons["d.eval"].startswith("the archive is broken")


def test_without_the_extra_archives_alone_are_refused(
    read_results: Read, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ARCHIVE, tmp_path / "results")
    put(INSPECT)
    really = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "zipfile_zstd":
            raise ImportError(name)
        return really(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    reading = read_results()
    assert set(reading.taken) == {PYTHIA}
    (refused,) = reading.refused
    assert "pip install 'allod[evaluations]'" in refused.reason


def test_helm_runs_need_their_stats_and_a_day(read_results: Read, put: Put) -> None:
    put(HELM / "run_spec.json", name="a/run_spec.json")
    put(HELM / "stats.json", name="b/stats.json")
    put(HELM / "run_spec.json", name="b/run_spec.json")
    put(HELM / "run_spec.json", lambda c: c["adapter_spec"].pop("model"), name="c/run_spec.json")
    put(HELM / "stats.json", name="c/stats.json")
    put(HELM / "stats.json", name="d/stats.json")  # nobody's
    reading = read_results()
    assert not reading.taken
    assert [note.text for note in reading.notes] == [
        "there is no stats.json beside it: the run did not come to its end",
        "nothing in it says when it was run",
        "1 other files are no results of the tools known here",
    ]
    assert [one.reason for one in reading.refused] == ["it does not say which model was evaluated on what"]


def test_helm_s_benchmark_is_the_run_s_name_without_the_model(
    read_results: Read, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_evidence, "_CHUNK", 50)  # the moments stand at the seams of what is read at once
    name = "mmlu:subject=anatomy,method=joint,model=openai_gpt-4o"

    def named(content: Content) -> None:
        content.update(name=name)
        content["adapter_spec"].update(model="openai/gpt-4o")

    put(HELM / "run_spec.json", named)
    put(HELM / "stats.json", lambda stats: stats[20]["name"].update(split="valid"))  # exact_match@5 and the like
    put(HELM / "scenario_state.json")
    reading = read_results()
    (evaluation,) = reading.asset("model:openai/gpt-4o").attributes["evaluations"]
    assert evaluation == {"benchmark": "mmlu:subject=anatomy,method=joint", "tool": "helm", "on": "2026-11-24"}
    metrics = scores(reading, "model:openai/gpt-4o", "helm/mmlu-subject-anatomy-method-joint")["metrics"]
    assert "quasi_prefix_exact_match" in metrics
    assert any(metric.endswith(" (valid)") for metric in metrics)


def test_a_helm_run_without_scores_is_noted(read_results: Read, put: Put) -> None:
    for one in ("run_spec.json", "scenario_state.json"):
        put(HELM / one)
    put(HELM / "stats.json", lambda stats: stats.clear())
    assert only_note(read_results()) == "it holds no scores"


def test_parts_of_a_group_without_a_score_of_its_own_are_told_one_by_one(read_results: Read, put: Put) -> None:
    put(LM_EVAL, lambda content: content["results"].update(small_arithmetic={"alias": "small_arithmetic"}))
    evaluations = read_results().asset(PYTHIA).attributes["evaluations"]
    assert [one["benchmark"] for one in evaluations] == ["sums", "sums_again"]


def test_lm_eval_s_filters_belong_to_the_metric(read_results: Read, put: Put) -> None:
    put(
        LM_EVAL,
        lambda c: c["results"].update(gsm={"exact_match,strict-match": 0.5, "x,none": float("nan"), "y,none": True}),
    )
    assert scores(read_results(), PYTHIA, "lm-eval/gsm")["metrics"] == {"exact_match,strict-match": 0.5, "x": "nan"}


@pytest.mark.parametrize(
    ("results", "benchmarks"),
    [
        # Forms of earlier versions of lighteval.
        ({"leaderboard|arc:challenge|25": {"acc": 1}, "all": {"acc": 1}}, [("leaderboard|arc:challenge", 25)]),
        ({"harness:bbh:one:3": {"acc": 1}, "harness:bbh:_average:3": {"acc": 1}}, [("harness:bbh", 3)]),
        ({"all": {"acc": 1}}, [("all", None)]),
        ({"odd": {"acc": "high"}, "plain": {"acc": 1}}, [("plain", None)]),
    ],
)
def test_lighteval_s_keys_are_task_and_shots(
    read_results: Read, put: Put, results: Content, benchmarks: list[tuple[str, int | None]]
) -> None:
    def older(content: Content) -> None:
        content["config_general"].update(lighteval_sha="0123456789abcdef", model_name=None)
        content["results"] = results

    put(LIGHTEVAL, older)
    reading = read_results()
    evaluations = reading.asset(PYTHIA).attributes["evaluations"]
    assert [one["benchmark"] for one in evaluations] == [benchmark for benchmark, _ in benchmarks]
    assert evaluations[0]["tool"] == "lighteval 0123456789ab"
    (told,) = reading.asset(PYTHIA).annotations.values()
    assert json.loads(told).get("few_shot") == benchmarks[0][1]


def test_lighteval_s_day_stands_in_the_name_alone(read_results: Read, put: Put) -> None:
    put(LIGHTEVAL, name="renamed.json")
    put(LIGHTEVAL, name="results_2026-13-45T00-00-00.json")
    reading = read_results()
    assert [note.text for note in reading.notes] == [
        "nothing says when: lighteval writes the day into the file's name, and this one has none",
        "nothing in it says when it was run",
    ]
    assert not reading.taken


def test_inspect_s_reducers_and_epochs_are_told(read_results: Read, put: Put) -> None:
    def reduced(content: Content) -> None:
        content["eval"]["config"].update(epochs=2)
        content["results"].update(total_samples=6, completed_samples=6)
        content["results"]["scores"][0].update(reducer="mean")
        content["results"]["scores"].append("odd")

    put(INSPECT, reduced)
    told = scores(read_results(), PYTHIA, "inspect/sums")
    assert told["epochs"] == 2
    assert "match (mean)/accuracy" in told["metrics"]


def test_a_day_is_utc_s(read_results: Read, put: Put) -> None:
    put(INSPECT, lambda content: content["eval"].update(created="2026-03-01T00:30:00+02:00"))
    put(INSPECT, lambda content: content["eval"].update(created="2026-03-02T23:30:00"), name="b.json")
    put(LM_EVAL, lambda content: content.update(date=0))
    days = [one["on"] for one in read_results().asset(PYTHIA).attributes["evaluations"]]
    assert days == ["1970-01-01", "2026-02-28", "2026-03-02"]


def test_of_several_runs_every_day_counts_and_the_latest_scores_are_told(read_results: Read, put: Put) -> None:
    def run(name: str, date: float, score: float) -> None:
        def change(content: Content) -> None:
            content.update(date=date)
            content["results"]["small_arithmetic"]["exact_match,none"] = score

        put(LM_EVAL, change, name=f"{name}.json")

    run("a", 86_400, 0.1)
    run("b", 86_500, 0.2)  # later that day
    run("c", 86_450, 0.3)
    run("d", 0, 0.4)
    run("e", 86_500, 0.5)  # at the same second: the later name
    reading = read_results()
    assert [one["on"] for one in reading.asset(PYTHIA).attributes["evaluations"]] == ["1970-01-01", "1970-01-02"]
    told = scores(reading, PYTHIA, "lm-eval/small_arithmetic")
    assert (told["metrics"]["exact_match"], told["file"], told["on"]) == (0.5, "e.json", "1970-01-02")


def test_what_does_not_fit_a_manifest_is_left_out_and_said(
    read_results: Read, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_evidence, "RESULTS_MAX", 100)
    tasks = {f"task_{n:03}": {"acc,none": n} for n in range(110)}
    put(LM_EVAL, lambda content: content.update(results=tasks, group_subtasks=None))
    reading = read_results()
    assert reading.complete
    assert len(reading.asset(PYTHIA).attributes["evaluations"]) == 100
    assert len(reading.asset(PYTHIA).annotations) == 90
    assert [note.text for note in reading.notes] == [
        "10 older results are left out: a model has at most 100",
        "the scores of 10 benchmarks stand in the files alone: they are too many",
    ]


def test_strange_texts_become_lines_and_too_many_metrics_are_cut(read_results: Read, put: Put) -> None:
    benchmark = "b\u0000e\nn\u2028c\ud800h/" + "x" * 500
    many = {f"{'metric' * 40}{n},none": n for n in range(500)}
    put(
        LM_EVAL,
        lambda c: c.update(results={benchmark: {"acc,none": 1}, " ": {"a,none": 1}, "many": many}, group_subtasks={}),
    )
    reading = read_results()
    names = [one["benchmark"] for one in reading.asset(PYTHIA).attributes["evaluations"]]
    assert names[0] == "?"
    assert names[1].startswith("b e n c?h/xxx")
    assert len(names[1]) == 300
    assert "the scores of 1 benchmarks" in reading.notes[0].text


def test_benchmarks_that_are_spelled_alike_keep_their_own_scores(read_results: Read, put: Put) -> None:
    put(LM_EVAL, lambda c: c.update(results={"a b": {"acc,none": 1}, "a+b": {"acc,none": 2}, "a@b": {"acc,none": 3}}))
    assert set(read_results().asset(PYTHIA).annotations) == {f"evaluation/lm-eval/a-b{end}" for end in ("", "-2", "-3")}


def test_a_log_with_large_samples_is_read_by_its_beginning(
    read_results: Read, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_evidence, "SIZE_MAX", 5_000)
    put(INSPECT, lambda content: content.update(samples=[{"input": "x" * 10_000}]))
    put(LM_EVAL, lambda content: content.update(configs={"sums": "x" * 10_000}))
    reading = read_results()
    assert set(reading.taken) == {PYTHIA}
    (refused,) = reading.refused
    assert "it has no 'config'" in refused.reason


def test_a_beginning_that_breaks_off_anywhere_is_understood_as_far_as_it_goes(read_results: Read, put: Put) -> None:
    from service.scans.connectors.evaluation_evidence_formats import head_of

    text = '  {"a": 1, "b": [2], "c": {"d": 3}, "e": 45}'
    for end in range(len(text) + 1):
        known = head_of(text[:end])
        assert known.items() <= {"a": 1, "b": [2], "c": {"d": 3}, "e": 45}.items()
    assert set(known) == {"a", "b", "c", "e"}


def test_links_lead_nowhere_outside_and_pipes_are_not_waited_for(read_results: Read, put: Put, tmp_path: Path) -> None:
    results = tmp_path / "results"
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.copy(LM_EVAL, outside / "secret.json")
    (results / "a.json").symlink_to(outside / "secret.json")
    (results / "b").symlink_to(outside)
    (results / "c.json").symlink_to("gone")
    os.mkfifo(results / "d.json")
    put(LM_EVAL, name="real/e.json")
    (results / "f.json").symlink_to(results / "real/e.json")
    reading = read_results()
    assert [(Path(str(one.object)).name, one.reason.partition(" is ")[2][:14]) for one in reading.refused] == [
        ("a.json", "not for source"),
        ("c.json", "not there, whe"),
    ]
    assert [(Path(note.object).name, note.text) for note in reading.notes] == [
        ("b", "a link to a directory is not followed"),
        ("results", "1 other files are no results of the tools known here"),
    ]
    assert set(reading.taken) == {PYTHIA}


def test_what_may_not_be_opened_is_refused(
    read_results: Read, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(LM_EVAL, name="a.json")
    closed = tmp_path / "results" / "closed"
    closed.mkdir()
    shutil.copy(ARCHIVE, closed / "b.eval")
    (tmp_path / "results" / "last").mkdir()
    really_scan, really_open = os.scandir, Path.open

    # The tests run as root, who may open everything.
    def scan(path: Any) -> Any:
        if Path(path).name in {"closed", "last"}:
            raise PermissionError(13, "Permission denied", str(path))
        return really_scan(path)

    def deny(path: Path, *rest: Any) -> Any:
        if path.name == "a.json":
            raise PermissionError(13, "Permission denied", str(path))
        return really_open(path, *rest)

    monkeypatch.setattr(os, "scandir", scan)
    monkeypatch.setattr(Path, "open", deny)
    reading = read_results()
    assert [(Path(str(one.object)).name, one.reason) for one in reading.refused] == [
        ("a.json", "cannot be read: Permission denied"),
        ("closed", "cannot be read: Permission denied"),
        ("last", "cannot be read: Permission denied"),
    ]
    monkeypatch.setattr(zipfile, "ZipFile", lambda path: deny(Path("a.json")))
    (refused,) = read_results(ARCHIVE).refused
    assert refused.reason == "cannot be read: Permission denied"


def test_a_place_that_is_not_there_or_not_for_sources_is_refused(read_results: Read, tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere", Path(sys.prefix)):
        reading = read_results(place)
        assert reading.asked == ["results"]
        assert not reading.read
        assert len(reading.refused) == 1


def test_wrong_settings_are_told(read_results: Read) -> None:
    with pytest.raises(Invalid) as caught:
        read_results(FILES, models={"x": "dataset:y"}, colour="red")
    assert [fault.path for fault in caught.value.faults] == ["/settings/models/x", "/settings/colour"]


def test_many_files_of_many_models_wait_in_a_database_of_their_own(read_results: Read, tmp_path: Path) -> None:
    text = LM_EVAL.read_text()
    for number in range(300):
        model = f"acme/m{number % 7}"
        path = tmp_path / "results" / f"{number}.json"
        path.write_text(
            text.replace("EleutherAI/pythia-70m", model).replace("1795553965.0926332", str(86_400 * number))
        )
    reading = read_results()
    assert len(reading.taken) == 7
    assert sum(len(one.observation.attributes["evaluations"]) for one in reading.taken.values()) == 300
