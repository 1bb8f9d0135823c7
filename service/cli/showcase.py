"""The example estate, shown: loaded and evaluated over the same REST that everybody uses, then summed up."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2

from service.cli.failures import Stopped
from service.foundation.settings import EXAMPLE
from service.inventory import manifest

ESTATE = EXAMPLE / "estate"
CANDIDATES = EXAMPLE / "candidates"
CARDS = EXAMPLE / "cards"
ROOTS = (Path(sys.prefix), CARDS)  # what sources of the example read
RESCAN_SECONDS = 180
SOURCES: dict[str, dict[str, Any]] = {
    "this-python": {
        "connector": "python_environment",
        "settings": {"environments": [sys.prefix], "packages": "ai"},
    },
    "model-cards": {"connector": "hugging_face", "settings": {"directory": str(CARDS)}},
}
SEVERITIES = ("critical", "high", "medium", "low", "info")
ANSWER_SECONDS = 60.0
LOOK_SECONDS = 0.3
ROUNDS = 1000  # of looking: five minutes


def is_ready(url: str) -> bool:
    """Whether the API at `url` says that it is ready."""
    try:
        return httpx2.get(f"{url}/readyz", timeout=2.0).is_success
    except httpx2.HTTPError:
        return False


def show(url: str, token: str, wait: Callable[[float], None]) -> Iterator[str]:
    """Loads the example estate, evaluates it and yields lines that say what came of it.

    `wait` sleeps for seconds, or raises when the user no longer wants to.

    Raises:
        Stopped: a document is refused, or the evaluation does not end.
    """
    with httpx2.Client(
        base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=ANSWER_SECONDS
    ) as api:
        results = load(api, ESTATE)
        changed = sum(result["status"] != "unchanged" for result in results)
        yield f"\nExample estate: {len(results)} assets, {changed} new or changed"
        yield from _scan(api, wait)
        yield from _evaluate(api, wait)
        summary = _answer(api.get("/violations/summary", params={"by": "severity"}))
        yield from violations_by_severity(summary)


def load(api: httpx2.Client, directory: Path) -> list[dict[str, Any]]:
    """Sends every manifest under `directory` in one bulk request; one result for each, in order.

    Raises:
        Stopped: one of them is refused: the estate is ours, so that is a fault of this release.
    """
    documents = [
        document.data
        for file in sorted(directory.glob("*.yaml"))
        for document in manifest.read(file.read_bytes(), file.name)
    ]
    body = "".join(json.dumps(document) + "\n" for document in documents)
    answer = api.post("/assets:bulk", content=body.encode(), headers={"Content-Type": "application/x-ndjson"})
    if not answer.is_success:
        raise Stopped(f"The example estate is refused: {answer.text}")
    results = [json.loads(line) for line in answer.text.splitlines()]
    refused = [result for result in results if result["status"] == "refused"]
    if refused:
        raise Stopped(f"{len(refused)} documents of the example estate are refused, the first: {refused[0]}")
    return results


def violations_by_severity(summary: dict[str, Any]) -> Iterator[str]:
    """Lines of a small table, the worst first."""
    counts = {item["key"]: item["count"] for item in summary["items"]}
    yield f"\nOpen violations: {sum(counts.values())}"
    for severity in SEVERITIES:
        if severity in counts:
            yield f"  {severity:<9}{counts[severity]:>5}"


def gate_commands(url: str, token: Path) -> Iterator[str]:
    """Lines to paste into another terminal: the gate asked about each candidate."""
    found = shutil.which("allod") or str(Path(sys.executable).with_name("allod"))
    yield "\nAsk the gate, from another terminal:"
    yield f'  export ALLOD_URL={url} ALLOD_TOKEN="$(cat {shlex.quote(str(token))})"'
    for candidate in sorted(CANDIDATES.glob("*.yaml")):
        yield f"  {shlex.quote(found)} gate -f {shlex.quote(str(candidate))}"


def _evaluate(api: httpx2.Client, wait: Callable[[float], None]) -> Iterator[str]:
    # Forced: what was judged as it came in counts too, and a second start shows the same figures.
    state = _answer(api.post("/evaluations", json={"force": True}))
    for _ in range(ROUNDS):
        if state["status"] not in {"waiting", "running"}:
            break
        wait(LOOK_SECONDS)
        state = _answer(api.get(f"/evaluations/{state['id']}"))
    if state["status"] != "done":
        raise Stopped(f"The evaluation of the example estate does not end well: {state}")
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(state["outcomes"].items()))
    yield f"Evaluated {state['done']} of {state['total']} assets: {outcomes}"


def _scan(api: httpx2.Client, wait: Callable[[float], None]) -> Iterator[str]:
    for name, source in SOURCES.items():
        body = {**source, "schedule": {"every_seconds": RESCAN_SECONDS}, "owner": "example"}
        _answer(api.put(f"/sources/{name}", json=body))
        run = _answer(api.post(f"/sources/{name}:scan"))
        for _ in range(ROUNDS):
            if run["status"] not in {"waiting", "running"}:
                break
            wait(LOOK_SECONDS)
            run = _answer(api.get(f"/scans/{run['id']}"))
        yield f"Scanned {name}: {run['status']}, {run['seen']} seen, again every {RESCAN_SECONDS // 60} minutes"


def _answer(response: httpx2.Response) -> dict[str, Any]:
    if not response.is_success:
        raise Stopped(
            f"{response.request.method} {response.request.url} answers {response.status_code}: {response.text}"
        )
    answer: dict[str, Any] = response.json()
    return answer
