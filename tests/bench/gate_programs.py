"""Programs that the gate is measured with and against: a load generator of our own, `conftest` and `opa` as usual."""

import json
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".tools" / "bin"
CONFTEST = "github.com/open-policy-agent/conftest@v0.71.1"


@dataclass(frozen=True, slots=True)
class Step:
    """One POST, and a text that its answer must hold."""

    url: str
    body: str
    holds: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a load came to: milliseconds of half the turns and of all but a hundredth, and turns in a second."""

    p50: float
    p99: float
    rate: float

    def __str__(self) -> str:
        return f"p50 {self.p50:7.1f} ms   p99 {self.p99:7.1f} ms   {self.rate:7.1f}/s"


def load_generator() -> Path:
    """The program in `programs/load`, built; without Go the benchmark is skipped."""
    go = _go()
    if go is None:
        pytest.skip("no Go here: the load generator cannot be built")
    program = BIN / "load"
    subprocess.run(
        [go, "build", "-trimpath", "-o", program, "."], cwd=Path(__file__).parent / "programs" / "load", check=True
    )
    return program


def load(generator: Path, steps: Sequence[Step], clients: int, *, seconds: float, warm: float = 2.0) -> Measured:
    """Puts `clients` to work for `seconds`, each taking the steps one after the other and then again.

    Raises:
        CalledProcessError: an answer was not what it should be; a fast refusal is not measured.
    """
    plan = {
        "steps": [asdict(step) for step in steps],
        "clients": clients,
        "warm_seconds": warm,
        "seconds": seconds,
    }
    done = subprocess.run([generator], input=json.dumps(plan).encode(), stdout=subprocess.PIPE, check=True)
    measured = json.loads(done.stdout)
    turns = measured["milliseconds"]
    cuts = statistics.quantiles(turns, n=100, method="inclusive")
    return Measured(cuts[49], cuts[98], len(turns) / measured["seconds"])


def conftest() -> Path | None:
    """`conftest`, built on first use, which takes minutes; None where Go is not or it cannot be built."""
    program = BIN / "conftest"
    if not program.exists():
        go = _go()
        if go is None:
            return None
        built = subprocess.run([go, "install", CONFTEST], env={**os.environ, "GOBIN": str(BIN)}, check=False)
        if built.returncode:
            return None
    return program


def output(command: Sequence[str | Path], expected: int = 0) -> str:
    """What a program writes; it must end with the exit code that is expected."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == expected, done.stdout[-500:] + done.stderr[-500:]
    return done.stdout


def files_per_second(command: Sequence[str | Path], files: Sequence[Path], expected: int) -> float:
    """How many files get their answer in a second, each from a process of its own, as many at once as there are processors.

    `expected` is the exit code of each.
    """

    def run(file: Path) -> None:
        output([*command, file], expected)

    run(files[0])  # what is read from the disk is in memory then
    begun = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(run, files):
            pass
    return len(files) / (time.perf_counter() - begun)


def _go() -> str | None:
    return shutil.which("go") or next((str(one) for one in [Path("/usr/local/go/bin/go")] if one.exists()), None)
