"""Result files of four evaluation tools, each as a `Run`: model, day, benchmarks with their scores.

Which tool wrote a file is told by how it begins, not by its name. What a file says in a shape that nobody expects is
`Unreadable`; a run that failed, was broken off, or took only a part of its samples is `NoEvidence`.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from service.scans.connectors.evaluation_evidence_models import (
    Evaluated,
    of_helm,
    of_inspect,
    of_lighteval,
    of_lm_eval,
)

METRICS_MAX: Final = 200  # of one benchmark; more do not fit an annotation
_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")
_FILE_TIME: Final = re.compile(r"_(\d{4}-\d{2}-\d{2})T\d{2}-\d{2}-\d{2}")
_TASK: Final = re.compile(r"(?P<name>.+?)[|:](?P<shots>\d+)")  # of lighteval: `leaderboard|arc:challenge|25`
_AVERAGE: Final = ":_average"
# What HELM counts along the way and does not mean as a score.
_COUNTS: Final = re.compile(r"num_|training_|inference_|batch_size|finish_reason_|prompt_truncated|max_prob|logprob")
_BEGINNINGS: Final = (
    ("lm_eval", re.compile(rb'\s*\{\s*"results"\s*:\s*\{')),
    ("lighteval", re.compile(rb'\s*\{\s*"config_general"\s*:')),
    ("inspect", re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:')),
)


class Unreadable(Exception):
    """The file is broken, or not what it begins as."""


class NoEvidence(Exception):
    """The file can be read, and what it tells is no evaluation of a model."""


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark: its scores by the tool's own names of the metrics, and how it was run."""

    benchmark: str
    metrics: dict[str, Any]
    how: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a tool on one model. `day` is the day (UTC where the file says so), `moment` orders runs of one day."""

    tool: str
    version: str | None
    model: Evaluated
    day: str
    moment: str
    results: tuple[Result, ...]


def beginning(head: bytes) -> str | None:
    """The tool whose files begin like this: `lm_eval`, `lighteval`, `inspect`, or None."""
    return next((tool for tool, pattern in _BEGINNINGS if pattern.match(head.removeprefix(b"\xef\xbb\xbf"))), None)


def lm_eval(content: Mapping[str, Any], file: str) -> Run:  # noqa: ARG001 -- all readers are called alike
    """LM Evaluation Harness, version 0.4: `results`, `config`, `date` (seconds since 1970)."""
    config, results = _mapping(content, "config"), _mapping(content, "results")
    model = of_lm_eval(str(config.get("model")), config.get("model_args"), _text(content.get("model_name")))
    if model is None:
        raise Unreadable("it does not say which model was evaluated")
    counted = [one for one in _maybe(content.get("n-samples")).values() if isinstance(one, dict)]
    if config.get("limit") is not None or any(_less(one.get("effective"), one.get("original")) for one in counted):
        raise NoEvidence("it took a part of the samples (limit)")
    scores = {task: _lm_eval_metrics(_maybe(one)) for task, one in results.items()}
    groups = {group: members for group, members in _maybe(content.get("group_subtasks")).items() if scores.get(group)}
    within = {str(member) for members in groups.values() if isinstance(members, list) for member in members}
    shots = _maybe(content.get("n-shot"))
    found = tuple(
        Result(line(task), metrics, _known({"few_shot": shots.get(task)}))
        for task, metrics in scores.items()
        if metrics and task not in within
    )
    moment = _moment(content.get("date"))
    return Run("lm-evaluation-harness", _text(content.get("lm_eval_version")), model, *moment, found)


def lighteval(content: Mapping[str, Any], file: str) -> Run:
    """Lighteval: `config_general`, `results`. Its clock starts with the machine; the day stands in the file's name alone."""
    config, results = _mapping(content, "config_general"), _mapping(content, "results")
    written = _text(config.get("model_name")) or _text(_maybe(config.get("model_config")).get("model_name"))
    if not written:
        raise Unreadable("it does not say which model was evaluated")
    if config.get("max_samples") is not None:
        raise NoEvidence("it took a part of the samples (max_samples)")
    when = _FILE_TIME.search(file)
    if when is None:
        raise NoEvidence("nothing says when: lighteval writes the day into the file's name, and this one has none")
    day, _ = _moment(when[1])
    named = {}
    for key, one in results.items():
        parts = _TASK.fullmatch(key)
        name, shots = (parts["name"], int(parts["shots"])) if parts else (key, None)
        named[name] = Result(line(name.removesuffix(_AVERAGE)), _numbers(_maybe(one)), _known({"few_shot": shots}))
    averaged = tuple(name.removesuffix(_AVERAGE) + ":" for name in named if name.endswith(_AVERAGE))
    found = tuple(
        result
        for name, result in named.items()
        if result.metrics and (name.endswith(_AVERAGE) or not name.startswith(averaged))
        if name != "all" or len(named) == 1
    )
    sha = _text(config.get("lighteval_sha"))
    return Run("lighteval", sha[:12] if sha and sha != "?" else None, of_lighteval(written), day, when[0], found)


def inspect(content: Mapping[str, Any], file: str) -> Run:  # noqa: ARG001 -- all readers are called alike
    """Inspect: `status`, `eval` with model, task and `created`, `results.scores`."""
    evaluation = _mapping(content, "eval")
    written, task = _text(evaluation.get("model")), _text(evaluation.get("task"))
    if not written or not task:
        raise Unreadable("it does not say which model was evaluated on which task")
    if content.get("status") != "success":
        raise NoEvidence(f"it did not end well: its status is {line(content.get('status'))}")
    if content.get("invalidated") is True:
        raise NoEvidence("somebody declared its samples invalid")
    results, config = _maybe(content.get("results")), _maybe(evaluation.get("config"))
    samples, epochs = _maybe(evaluation.get("dataset")).get("samples"), config.get("epochs") or 1
    total, completed = results.get("total_samples"), results.get("completed_samples")
    whole = samples * epochs if isinstance(samples, int) and isinstance(epochs, int) else None
    if _less(total, whole) or _less(completed, total) or (whole is None and config.get("limit") is not None):
        raise NoEvidence(f"it took a part of the samples ({line(completed)} of {line(whole or total)})")
    scores = results.get("scores")
    metrics = dict(_inspect_metrics(scores if isinstance(scores, list) else []))
    how = _known({"epochs": epochs if epochs != 1 else None})
    version = _text(_maybe(evaluation.get("packages")).get("inspect_ai"))
    model = of_inspect(written, _maybe(evaluation.get("model_args")))
    found = (Result(line(task), metrics, how),) if metrics else ()
    return Run("inspect", version, model, *_moment(evaluation.get("created")), found)


def helm(spec: Mapping[str, Any], stats: list[Any], asked_at: int | None) -> Run:
    """HELM: `run_spec.json`, `stats.json`, and when its last question was asked (from `scenario_state.json`)."""
    adapter = _mapping(spec, "adapter_spec")
    written, name = _text(adapter.get("model")), _text(spec.get("name"))
    if not written or not name:
        raise Unreadable("it does not say which model was evaluated on what")
    metrics: dict[str, Any] = {}
    for one in stats:
        said = _maybe(_maybe(one).get("name"))
        metric = _text(said.get("name"))
        if metric and not _COUNTS.match(metric) and not said.get("perturbation") and not said.get("sub_split"):
            split = said.get("split")
            key = metric if split in (None, "test") else f"{metric} ({split})"
            metrics |= _numbers({key: one.get("mean")})
    benchmark, _, arguments = name.partition(":")
    rest = ",".join(
        part for part in arguments.split(",") if part and not part.startswith(("model=", "model_deployment="))
    )
    how = _known(
        {"max_eval_instances": adapter.get("max_eval_instances"), "deployment": adapter.get("model_deployment")}
    )
    found = (Result(line(f"{benchmark}:{rest}" if rest else benchmark), metrics, how),) if metrics else ()
    return Run("helm", None, of_helm(written), *_moment(asked_at), found)


READERS: Final[Mapping[str, Callable[[Mapping[str, Any], str], Run]]] = {
    "lm_eval": lm_eval,
    "lighteval": lighteval,
    "inspect": inspect,
}


def head_of(text: str) -> dict[str, Any]:
    """The members that stand whole in the beginning of a JSON object's text. Inspect writes its samples last."""
    decode, found, at = json.JSONDecoder().raw_decode, {}, text.find("{") + 1
    try:
        while True:
            key, at = decode(text, _next(text, at))
            value, at = decode(text, _next(text, _next(text, at) + 1))
            at = _next(text, at)
            found[str(key)] = value
            at += 1
    except (ValueError, RecursionError):
        return found


def line(text: Any) -> str:
    """`text` as one line that a manifest may hold."""
    plain = str(text).encode("utf-8", "replace").decode()
    return _BREAKS.sub(" ", plain).strip()[:300] or "?"


def _next(text: str, at: int) -> int:
    """Where the next thing begins that is no white space."""
    while at < len(text) and text[at].isspace():
        at += 1
    if at >= len(text):
        raise ValueError("the text ends here")
    return at


def _lm_eval_metrics(given: Mapping[str, Any]) -> dict[str, Any]:
    # `acc,none` is the metric and the filter that the answers went through.
    scores = {key.removesuffix(",none"): value for key, value in given.items() if "," in key}
    return _numbers(scores)


def _inspect_metrics(scores: list[Any]) -> Iterator[tuple[str, Any]]:
    for one in filter(None, map(_maybe, scores)):
        reducer = f" ({one['reducer']})" if one.get("reducer") else ""
        for name, metric in _maybe(one.get("metrics")).items():
            yield from _numbers({f"{one.get('name')}{reducer}/{name}": _maybe(metric).get("value")}).items()


def _numbers(given: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers among them; what is no finite number stands as a word, as JSON has none for it."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and len(found) < METRICS_MAX:
            found[line(key)] = value if math.isfinite(value) else str(value)
    return found


def _moment(value: Any) -> tuple[str, str]:
    """Day and moment of a number of seconds since 1970, or of ISO 8601."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        else:
            moment = datetime.fromtimestamp(value, UTC)
        moment = moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise NoEvidence("nothing in it says when it was run") from None
    return moment.date().isoformat(), moment.isoformat()


def _mapping(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    if not isinstance(value, dict):
        raise Unreadable(f"it has no {key!r}, or not as that tool writes it")
    return value


def _maybe(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if isinstance(value, (int, str)) and value != ""}


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _less(one: Any, other: Any) -> bool:
    return isinstance(one, int) and isinstance(other, int) and one < other
