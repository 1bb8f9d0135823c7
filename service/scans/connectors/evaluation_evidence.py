"""Results of evaluations: that a model was evaluated, on which benchmark, with which tool, and on which day.

Every file below `path` is looked at; those that LM Evaluation Harness (version 0.4), lighteval, Inspect (JSON logs and
`.eval` archives) and HELM (`run_spec.json` beside `stats.json` and `scenario_state.json`) wrote are read. They become:

- `model:<name>`, one for all files of a model, with `evaluations`: benchmark, tool with its version, day;
- annotations `evaluation/<tool>/<benchmark>`: the scores of the latest run under the tool's own names of the metrics;
- the parts of a benchmark that has a score of its own (the subjects of MMLU) are not told one by one.

The grade is `inferred`: a machine recorded the run, so it is more than somebody's word; yet which model answered is told by
the name that a command was given, nobody signs these files, and anybody can write one. The day is what the tool wrote
(the start of the run; of HELM its last question), never the file system's. Runs that failed, were broken off or took a part
of their samples are notes, not evidence.

What was read waits in a temporary database of its own (on disk where it is large) until all files of a model are known.
"""

import json
import os
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from service.inventory.facts import Grade, Kind
from service.inventory.values import reference_to, split_ref
from service.scans.connector import Asked, Connector, Context, Event, Note, Read, Refused, Seen, SettingsBase
from service.scans.connectors.evaluation_evidence_formats import (
    READERS,
    NoEvidence,
    Run,
    Unreadable,
    beginning,
    head_of,
    helm,
    line,
)
from service.scans.draft import Draft
from service.scans.failures import SourceFailure
from service.scans.names import distinct, slug

PART: Final = "results"
SIZE_MAX: Final = 16 * 1024 * 1024  # of what is read of one file; results without samples have a thousandth of it
RESULTS_MAX: Final = 5_000  # as many evaluations as a manifest may hold
ANNOTATIONS_MAX: Final = 90  # a manifest may hold a hundred
_SNIFF: Final = 512
_CHUNK: Final = 1024 * 1024
_HELM: Final = "run_spec.json"
_HELM_OTHERS: Final = frozenset({"stats.json", "scenario_state.json", "scenario.json", "per_instance_stats.json"})
_ASKED_AT: Final = re.compile(rb'"request_datetime"\s*:\s*(\d{1,11})\b')
_SHORT: Final = {"lm-evaluation-harness": "lm-eval"}
_MISSING: Final = "zipfile-zstd, which opens Inspect's archives, is not installed: pip install 'allod[evaluations]'"
ModelRef: Any = reference_to(Kind.MODEL)


class EvaluationEvidenceSettings(SettingsBase):
    """Where the results lie, and which models they are of where the files do not tell."""

    path: str = Field(min_length=1, description="A directory of this machine, with everything below it, or one file")
    models: dict[str, ModelRef] = Field(
        default_factory=dict,
        max_length=10_000,
        description="What a result file calls a model (a directory, a name of a server of one's own) -> the model",
    )


@dataclass(slots=True)
class _Reading:
    settings: EvaluationEvidenceSettings
    context: Context
    root: Path
    kept: sqlite3.Connection
    others: int = 0

    def files(self) -> Iterator[Event]:
        """Reads all files, keeps what they tell, and yields what stands in the way."""
        if self.root.is_file():
            yield from self.file(self.root)
            return
        refused: list[OSError] = []
        for place, directories, names in os.walk(self.root, onerror=refused.append):
            yield from (Refused(PART, str(one.filename), f"cannot be read: {one.strerror}") for one in refused)
            refused.clear()
            directories.sort()
            for name in directories:
                if (path := Path(place, name)).is_symlink():
                    yield Note(PART, str(path), "a link to a directory is not followed")
            helm_run = _HELM in names
            for name in sorted(names):
                if not (helm_run and name in _HELM_OTHERS):
                    yield from self.file(Path(place, name))
                self.context.pause()
        yield from (Refused(PART, str(one.filename), f"cannot be read: {one.strerror}") for one in refused)
        if self.others:
            yield Note(PART, str(self.root), f"{self.others} other files are no results of the tools known here")

    def file(self, path: Path) -> Iterator[Event]:
        """Keeps what one file tells, or says why not."""
        try:
            run = self.run(path)
            if run is None:
                self.others += 1
                return
            self.keep(self.model(run), run, line(path.relative_to(self.root) if path != self.root else path.name))
        except NoEvidence as reason:
            yield Note(PART, str(path), str(reason))
        except Unreadable as reason:
            yield Refused(PART, str(path), str(reason))
        except (SourceFailure, OSError) as error:
            why = error.detail if isinstance(error, SourceFailure) else f"cannot be read: {error.strerror}"
            yield Refused(PART, str(path), why)

    def run(self, path: Path) -> Run | None:
        """The run that a file tells of, None for a file of something else."""
        real = self.context.path(str(path))
        if not real.is_file():  # a pipe or a device would never end
            return None
        if path.suffix == ".eval":
            return READERS["inspect"](_archived(real), path.name)
        if path.name == _HELM:
            return self.helm(path)
        with real.open("rb") as file:
            tool = beginning(file.read(_SNIFF))
        if tool is None:
            if path.suffix == ".json" and path.name.startswith("results_"):
                raise Unreadable("it is named as results are, and does not begin as any tool's results do")
            return None
        return READERS[tool](_parsed(real), path.name)

    def helm(self, path: Path) -> Run:
        """The run of HELM whose directory `path`, its specification, lies in."""
        spec, stats, states = (
            path.parent / name if (path.parent / name).exists() else None
            for name in (_HELM, "stats.json", "scenario_state.json")
        )
        if stats is None:
            raise NoEvidence("there is no stats.json beside it: the run did not come to its end")
        told = _parsed(self.context.path(str(spec)))
        counted = _parsed(self.context.path(str(stats)))
        if not isinstance(told, dict) or not isinstance(counted, list):
            raise Unreadable("it and stats.json are not what HELM writes")
        return helm(told, counted, _last_asked(self.context.path(str(states))) if states else None)

    def model(self, run: Run) -> str:
        """The name of the model that was evaluated, where the run is evidence of that."""
        if run.model.stand_in:
            raise NoEvidence(f"{line(run.model.written)} is a stand-in for trials, not a model")
        ref = split_ref(self.settings.models.get(run.model.written, ""))
        name = ref[1] if ref else run.model.name
        if name is None:
            raise NoEvidence(
                f"{line(run.model.written)} names no model that is known elsewhere: say which under `models`"
            )
        last = self.context.today + timedelta(days=1)  # it is tomorrow already in the Pacific
        if run.day > last.isoformat():
            raise NoEvidence(f"it says that it was run on {run.day}, which is still to come")
        if not run.results:
            raise NoEvidence("it holds no scores")
        return name

    def keep(self, model: str, run: Run, file: str) -> None:
        """Adds the results of a run; of several on one day the last one's scores count."""
        for result in run.results:
            body = _known(version=run.version, metrics=result.metrics, **result.how, file=file)
            row = (model, run.tool, result.benchmark, run.day, run.moment, run.version, json.dumps(body), file)
            self.kept.execute(
                "INSERT INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " moment = excluded.moment, version = excluded.version, body = excluded.body, file = excluded.file"
                " WHERE (excluded.moment, excluded.file) > (moment, file)",
                row,
            )

    def models(self) -> Iterator[Event]:
        """A manifest for every model that was evaluated."""
        rows = self.kept.execute(
            "SELECT model, tool, benchmark, day, version, body FROM result"
            " ORDER BY model, moment DESC, tool, benchmark, day"
        )
        for model, of_model in groupby(rows, key=lambda row: str(row[0])):
            draft, left, untold = Draft("model", model, model), 0, 0
            evaluations: list[dict[str, str]] = []
            told: set[tuple[str, str]] = set()
            for _, tool, benchmark, day, version, body in of_model:
                if len(evaluations) >= RESULTS_MAX:
                    left += 1
                    continue
                by = line(f"{tool} {version}" if version else tool)
                evaluations.append({"benchmark": benchmark, "tool": by, "on": day})
                if (tool, benchmark) not in told:
                    told.add((tool, benchmark))
                    untold += not _annotate(draft, tool, benchmark, {"on": day, **json.loads(body)})
            evaluations.sort(key=lambda one: (one["benchmark"], one["tool"], one["on"]))
            tools = ", ".join(sorted({tool for tool, _ in told}))
            draft.state("evaluations", evaluations, grade=Grade.INFERRED, source=f"result files of {tools}")
            yield Seen(PART, model, draft.manifest())
            if left:
                yield Note(PART, model, f"{left} older results are left out: a model has at most {RESULTS_MAX}")
            if untold:
                yield Note(
                    PART, model, f"the scores of {untold} benchmarks stand in the files alone: they are too many"
                )


def read(settings: EvaluationEvidenceSettings, context: Context) -> Iterator[Event]:
    """All evaluations below the directory, a model at a time."""
    yield Asked(PART)
    root = context.path(settings.path)
    with closing(sqlite3.connect("")) as kept:  # no name: a temporary one, gone when it is closed
        kept.execute(
            "CREATE TABLE result (model, tool, benchmark, day, moment, version, body, file,"
            " PRIMARY KEY (model, tool, benchmark, day))"
        )
        reading = _Reading(settings, context, root, kept)
        yield from reading.files()
        yield from reading.models()
    yield Read(PART)


def _annotate(draft: Draft, tool: str, benchmark: str, body: dict[str, Any]) -> bool:
    text = json.dumps(body)
    if len(draft.annotations) >= ANNOTATIONS_MAX or len(text) > 20_000:
        return False
    key = f"evaluation/{_SHORT.get(tool, tool)}/{re.sub('[@+]', '-', slug(benchmark))}"
    draft.annotate(distinct(key, draft.annotations), text)
    return True


def _known(**given: Any) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not None}


def _parsed(path: Path) -> Any:
    """The JSON of a file; of a longer one the members that stand in its beginning."""
    with path.open("rb") as file:
        data = file.read(SIZE_MAX + 1)
    try:
        if len(data) <= SIZE_MAX:
            return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {line(error)}") from error
    return head_of(data.decode("utf-8-sig", errors="ignore"))


def _archived(path: Path) -> Any:
    """The header of Inspect's archive, which is written last."""
    try:
        import zipfile_zstd  # noqa: F401 -- teaches zipfile Zstandard; only archives need the extra
    except ImportError as error:
        raise Unreadable(_MISSING) from error
    try:
        with zipfile.ZipFile(path) as archive:
            if "header.json" in archive.namelist():
                with archive.open("header.json") as file:
                    content = file.read(SIZE_MAX)
                return _mapping(json.loads(content))
            started = "_journal/start.json" in archive.namelist()
    except OSError:
        raise
    except Exception as error:  # what unpacks raises what it likes: BadZipFile, ZstdError, EOFError, RuntimeError
        raise Unreadable(f"the archive is broken: {line(error)}") from error
    raise NoEvidence("the run did not come to its end") if started else Unreadable("this is no archive of Inspect")


def _mapping(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise TypeError("its header is no JSON object")
    return content


def _last_asked(path: Path) -> int | None:
    """When the last question was asked, in seconds since 1970. The file holds all questions, so it is read in pieces."""
    last, rest = None, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            moments = [int(found) for found in _ASKED_AT.findall(rest + chunk)]
            last = max(moments + ([last] if last is not None else []), default=None)
            rest = chunk[-64:]  # a number at the seam is seen whole the second time, and cut never larger
    return last


CONNECTOR = Connector(
    name="evaluation_evidence",
    title="Results of evaluations",
    settings=EvaluationEvidenceSettings,
    read=read,
    reaches=lambda _: [],
    extra="evaluations",
)
