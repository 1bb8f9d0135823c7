"""The fault matrix: whatever breaks, in real processes over real HTTP, nothing ships, and the service comes back by itself.

A pipeline sees exit code 3, another caller an HTTP error with a reason; both get it and are not left waiting. Each test
ends by asking again, with the fault gone.
"""

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from service.foundation import clock
from service.foundation.settings import POLICIES
from tests.fixtures.opa import free_port
from tests.gate import faults_database, faults_servers
from tests.gate.faults_database import await_waiting, holding_the_decisions
from tests.gate.faults_servers import listening
from tests.gate.faults_stage import ALLOWED, BLOCKED, PATIENCE_SECONDS, TOKEN, Api, Database, Ran, Stage

OpaServer = Callable[[int], subprocess.Popen[bytes]]
OPA_SECONDS = 4  # less, and a busy machine takes longer for the upload of one module
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    # Not below pytest's own folder: run by root, the database is another user's.
    directory = Path(tempfile.mkdtemp(prefix="allod-faults-"))
    stage = Stage(directory)
    try:
        yield stage
    finally:
        stage.close()
        shutil.rmtree(directory)


@pytest.fixture(scope="module")
def api(stage: Stage) -> Api:
    """The API that most faults happen to, one after the other."""
    return stage.api()


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """The shipped policies, to be spoilt."""
    return shutil.copytree(POLICIES, tmp_path / "policies")


def is_undecided(ran: Ran) -> None:
    """Exit code 3, a reason for a person, and no word that could be taken for a yes."""
    assert ran.code == 3, ran
    assert "ALLOW" not in ran.out, ran
    assert "allod: " in ran.err or "could not run" in ran.out or "error" in ran.out, ran
    assert "Traceback" not in ran.out + ran.err, ran


def is_refused(answer: requests.Response, status: int) -> None:
    """A problem with a reason and without a decision."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["detail"]
    assert "decision" not in problem


def decides(api: Api) -> None:
    """The service judges again, and rightly."""
    assert api.verdict(ALLOWED) in {"allow", "warn"}
    assert api.verdict(BLOCKED) == "block"


def in_background(ask: Callable[[], Any]) -> "Future[Any]":
    """Asks in a thread."""
    pool = ThreadPoolExecutor(1)
    asked = pool.submit(ask)
    pool.shutdown(wait=False)
    return asked


def test_a_database_that_is_stopped(stage: Stage, api: Api) -> None:
    decides(api)
    stage.database.stop()
    try:
        is_undecided(api.gate())
        is_refused(api.post(ALLOWED), 503)
    finally:
        stage.database.start()
    decides(api)


def test_a_database_whose_machine_goes_dark(stage: Stage, api: Api) -> None:
    stage.database.kill()
    try:
        is_undecided(api.gate())
        is_refused(api.post(ALLOWED), 503)
    finally:
        stage.database.start()
    decides(api)


def test_a_database_that_hangs(stage: Stage, api: Api) -> None:
    with stage.database.frozen():
        ran = api.gate(timeout=2)
    is_undecided(ran)
    assert "in time" in ran.err
    decides(api)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (faults_database.disk_full, 503),
        (faults_database.disk_full_said, 503),
        (faults_database.commit_refused, 500),
        (faults_database.commit_conflicting, 503),
        (faults_database.commit_cut_off, 503),
        (faults_database.statement_timeout, 503),
        (faults_database.table_gone, 500),
        (faults_database.read_only, 500),
        (faults_database.no_place_left, 503),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_decision_that_cannot_be_kept_is_not_given(
    stage: Stage, api: Api, fault: Callable[[Database], AbstractContextManager[None]], status: int
) -> None:
    kept = stage.database.decisions()
    with fault(stage.database):
        is_undecided(api.gate())
        is_refused(api.post(ALLOWED), status)
        is_refused(api.post(BLOCKED), status)
    assert stage.database.decisions() == kept
    decides(api)
    assert stage.database.decisions() == kept + 2


def test_an_answer_that_takes_longer_than_the_pipeline_waits(stage: Stage, api: Api) -> None:
    with holding_the_decisions(stage.database):
        ran = api.gate(timeout=2)
    is_undecided(ran)
    assert "in time" in ran.err
    decides(api)


def test_a_broker_that_is_down_changes_no_verdict(stage: Stage, api: Api) -> None:
    """The gate reads the database and asks the engine: what a broker would tell it, it does not need."""
    assert requests.get(f"{api.url}/readyz", timeout=30).json()["checks"]["broker"] == "failed"
    assert (api.gate(ALLOWED).code, api.gate(BLOCKED).code) == (0, 1)
    port = free_port()
    with listening(port, faults_servers.silent):
        hanging = stage.api(redis_url=f"redis://127.0.0.1:{port}/0")
        assert requests.get(f"{hanging.url}/readyz", timeout=30).json()["checks"]["broker"] in {"failed", "timeout"}
        assert (hanging.gate(ALLOWED).code, hanging.gate(BLOCKED).code) == (0, 1)


@pytest.mark.opa
def test_an_opa_server_that_is_not_there_and_comes_and_dies_and_comes_back(stage: Stage, opa_server: OpaServer) -> None:
    port = free_port()
    api = stage.api(opa_url=f"http://127.0.0.1:{port}")
    is_undecided(api.gate())
    is_refused(api.post(ALLOWED), 503)
    running = opa_server(port)
    decides(api)
    running.kill()
    running.wait()
    is_undecided(api.gate())
    is_refused(api.post(ALLOWED), 503)
    opa_server(port)
    decides(api)


@pytest.mark.opa
@pytest.mark.parametrize("conduct", [faults_servers.silent, faults_servers.breaking_off, faults_servers.raving])
def test_an_opa_server_that_gives_no_answer(
    stage: Stage, opa_server: OpaServer, conduct: faults_servers.Conduct
) -> None:
    port = free_port()
    api = stage.api(opa_url=f"http://127.0.0.1:{port}", engine_timeout_seconds=OPA_SECONDS)
    with listening(port, conduct):
        is_undecided(api.gate())
        is_refused(api.post(ALLOWED), 503)
    opa_server(port)
    decides(api)


@pytest.mark.opa
def test_an_opa_server_that_drips(stage: Stage, opa_server: OpaServer) -> None:
    port = free_port()
    api = stage.api(opa_url=f"http://127.0.0.1:{port}", engine_timeout_seconds=OPA_SECONDS)
    with listening(port, faults_servers.dripping):
        is_refused(api.post(ALLOWED), 503)
        is_undecided(api.gate(timeout=10))
    opa_server(port)
    decides(api)


@pytest.mark.parametrize("conduct", [faults_servers.silent, faults_servers.breaking_off, faults_servers.raving])
def test_a_server_that_is_no_allod(stage: Stage, conduct: faults_servers.Conduct) -> None:
    api = stage.prepare()
    with listening(api.port, conduct):
        is_undecided(api.gate(timeout=2))
    is_undecided(api.gate(timeout=2))
    api.start()
    decides(api)


def test_a_server_that_drips_keeps_no_pipeline_beyond_its_patience(stage: Stage) -> None:
    api = stage.prepare()
    with listening(api.port, faults_servers.dripping):
        try:
            is_undecided(api.gate(timeout=2, within=30))
        except subprocess.TimeoutExpired:
            pytest.fail("allod gate --timeout 2 still waited after half a minute")


def test_an_engine_process_that_is_killed_with_a_question(stage: Stage) -> None:
    """The question is asked again: the verdict is a judgement, not a way out."""
    api = stage.api()
    decides(api)
    for candidate, code in ((ALLOWED, 0), (BLOCKED, 1)):
        children = api.children()
        assert children
        for child in children:
            os.kill(child, signal.SIGSTOP)
        asked = in_background(partial(api.gate, candidate))
        _await_question(children)
        for child in children:
            os.kill(child, signal.SIGKILL)
        assert asked.result(PATIENCE_SECONDS).code == code
    decides(api)


def test_an_engine_process_that_hangs(stage: Stage) -> None:
    api = stage.api(engine_timeout_seconds=2)
    decides(api)
    hung = api.children()
    assert hung
    for child in hung:
        os.kill(child, signal.SIGSTOP)
    assert api.gate(BLOCKED).code in {1, 3}
    decides(api)


LOOP = "count([1 | some a in numbers.range(1, 10000); some b in numbers.range(1, 10000); a + b < 0]) == 0"
DIVISION = "1 / (count(input.asset.ref) - count(input.asset.ref)) == 1"


@pytest.mark.parametrize("condition", [LOOP, DIVISION], ids=["loops", "fails"])
@pytest.mark.parametrize("kind", ["embedded", pytest.param("opa", marks=pytest.mark.opa)])
def test_a_rule_that_does_not_come_to_an_end_or_fails(
    stage: Stage, policies: Path, opa_server: OpaServer, kind: str, condition: str
) -> None:
    rule = policies / "rules" / "residency" / "storage_in_allowed_places" / "storage_in_allowed_places.rego"
    shipped = rule.read_text()
    # The only condition: OPA does not evaluate a second one where the first holds.
    spoilt = shipped.replace("applies if reach.possible(parameters.data_classes)", f"applies if {condition}")
    assert spoilt != shipped
    rule.write_text(spoilt)
    # OPA compiles all modules anew with each that it is given, so finding the one at fault takes it a minute.
    settings: dict[str, object] = {
        "policies_dir": policies,
        "engine_timeout_seconds": OPA_SECONDS,
        "gate_seconds": 110,
    }
    port = free_port()
    running = opa_server(port) if kind == "opa" else None
    if running is not None:
        settings["opa_url"] = f"http://127.0.0.1:{port}"
    api = stage.api(**settings)
    ran = api.gate(ALLOWED, timeout=110)
    is_undecided(ran)
    assert "RES-001" in ran.out
    api.end(signal.SIGTERM)
    if running is not None:  # OPA goes on with what nobody waits for any more
        running.kill()
        running.wait()
        opa_server(port)
    rule.write_text(shipped)
    api.start()
    decides(api)


def test_policies_that_are_not_there(stage: Stage, policies: Path) -> None:
    hidden = policies.rename(policies.with_name("hidden"))
    api = stage.prepare(policies_dir=policies)
    api.spawn()
    _await_life_or_end(api)
    is_undecided(api.gate())
    api.end(signal.SIGKILL)
    hidden.rename(policies)
    api.start()
    decides(api)


def test_a_policies_directory_without_a_policy(stage: Stage, policies: Path) -> None:
    shutil.rmtree(policies / "packs")
    api = stage.prepare(policies_dir=policies)
    api.spawn()
    _await_life_or_end(api)
    is_undecided(api.gate())


def test_a_pack_whose_rule_is_not_there(stage: Stage, policies: Path) -> None:
    shutil.rmtree(policies / "rules" / "residency" / "storage_in_allowed_places")
    api = stage.prepare(policies_dir=policies)
    api.spawn()
    _await_life_or_end(api)
    is_undecided(api.gate())


def test_a_pack_that_a_workspace_set_and_that_no_longer_ships(stage: Stage, api: Api, policies: Path) -> None:
    pack = "vendor-independence"
    shutil.rmtree(policies / "packs" / pack)
    _set(api, pack, {"enforcement": {"ci": {"unknown": "block"}}})
    try:
        without = stage.api(policies_dir=policies)
        is_undecided(without.gate())
        is_undecided(without.gate(BLOCKED))
    finally:
        stage.database.run("DELETE FROM pack_setting")
    decides(api)


def test_a_setting_that_no_longer_fits_its_pack(stage: Stage, api: Api) -> None:
    pack = "eu-data-residency"
    _set(api, pack, {"parameters": {"allowed": ["EEA"]}})
    try:
        stage.database.run("""UPDATE pack_setting SET parameters = '{"permitted": ["EEA"]}'""")
        is_undecided(api.gate())
        is_refused(api.post(ALLOWED), 503)
    finally:
        stage.database.run("DELETE FROM pack_setting")
    decides(api)


def test_a_token_that_has_expired(api: Api) -> None:
    soon = clock.now() + timedelta(seconds=3)
    token = _token(api, "short", expires_at=soon.isoformat())
    assert api.gate(token=token["token"]).code in {0, 3}  # a slow machine may come too late
    while clock.now() <= soon:
        time.sleep(0.1)
    is_undecided(api.gate(token=token["token"]))
    is_refused(api.post(ALLOWED, token["token"]), 401)
    assert api.gate().code == 0


def test_a_token_that_was_revoked(api: Api) -> None:
    token = _token(api, "revoked")
    assert api.gate(token=token["token"]).code == 0
    requests.delete(f"{api.url}/api/v1/tokens/{token['id']}", headers=HEADERS, timeout=30).raise_for_status()
    is_undecided(api.gate(token=token["token"]))
    is_refused(api.post(ALLOWED, token["token"]), 401)
    assert api.gate().code == 0


def test_a_server_that_is_killed_in_the_middle_of_a_request(stage: Stage) -> None:
    api = stage.api()
    kept = stage.database.decisions()
    with holding_the_decisions(stage.database):
        asked = in_background(api.gate)
        await_waiting(stage.database)
        api.end(signal.SIGKILL)
        is_undecided(asked.result(PATIENCE_SECONDS))
        is_undecided(api.gate())
    api.start()
    decides(api)
    assert stage.database.decisions() == kept + 2


def test_a_server_that_is_told_to_end_gives_the_answer_that_it_owes(stage: Stage) -> None:
    api = stage.api()
    with holding_the_decisions(stage.database):
        asked = in_background(api.gate)
        await_waiting(stage.database)
        assert api.process is not None
        api.process.terminate()
        _await_closed(api)
    assert asked.result(PATIENCE_SECONDS).code == 0
    assert api.process.wait(PATIENCE_SECONDS) in {0, -signal.SIGTERM}
    is_undecided(api.gate())
    api.start()
    decides(api)


def _set(api: Api, pack: str, given: dict[str, Any]) -> None:
    answer = requests.put(f"{api.url}/api/v1/packs/{pack}", json={"active": True, **given}, headers=HEADERS, timeout=60)
    assert answer.status_code == 200, answer.text


def _token(api: Api, name: str, **given: str) -> dict[str, str]:
    body = {"name": name, "role": "gatekeeper", **given}
    answer = requests.post(f"{api.url}/api/v1/tokens", json=body, headers=HEADERS, timeout=60)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def _await_life_or_end(api: Api) -> None:
    """Returns once the API answers or has given up."""
    assert api.process is not None
    deadline = time.monotonic() + PATIENCE_SECONDS
    while api.process.poll() is None and not api.lives():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _await_closed(api: Api) -> None:
    """Returns once the API takes no further connection."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while api.lives():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _await_question(children: list[int]) -> None:
    """Returns once a question lies in the pipe of one of these processes, unread: they are stopped."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(_unread(child) for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _unread(child: int) -> int:
    """Bytes that wait in the process's standard input."""
    with Path(f"/proc/{child}/fd/0").open("rb", buffering=0) as pipe:
        (count,) = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))
        return int(count)
