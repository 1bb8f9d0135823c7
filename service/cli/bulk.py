"""Manifests to `POST /assets:bulk`, chunk by chunk, with a progress bar on standard error."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.cli import client
from service.cli.client import Server
from service.foundation.errors import Fault
from service.inventory.manifest import Where

CHUNK: Final = 1000  # documents in one request, as many as the server takes in one transaction
SECONDS: Final = 300.0  # for one chunk
TAKEN: Final = ("created", "updated", "unchanged")
_HEADERS: Final = {"Content-Type": "application/x-ndjson"}


def bar(description: str) -> Progress:
    """A progress bar on standard error, gone when done, and absent where nobody watches."""
    console = Console(stderr=True)
    columns = (TextColumn(description), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def send(
    server: Server, documents: Sequence[tuple[dict[str, Any], Where]], *, managed_by: str | None, dry_run: bool
) -> Counter[str]:
    """Sends manifests, tells of every refusal where it stands, and answers how many had each status.

    Raises:
        Unreachable: the server stopped answering; what was sent before stays, and sending again does no harm.
    """
    counts: Counter[str] = Counter()
    params = client.known({"managed_by": managed_by, "dry_run": "true" if dry_run else None})
    with bar("Checking" if dry_run else "Applying") as progress:
        task = progress.add_task("", total=len(documents))
        for start in range(0, len(documents), CHUNK):
            chunk = documents[start : start + CHUNK]
            lines = b"".join(orjson.dumps(body) + b"\n" for body, _ in chunk)
            answers = client.as_objects(
                server.ask("POST", "/assets:bulk", params=params, content=lines, headers=_HEADERS)
            )
            if len(answers) != len(chunk):
                raise client.Unreachable(f"The server answered for {len(answers)} of {len(chunk)} documents.")
            for (body, where), answer in zip(chunk, answers, strict=True):
                taken = answer.get("status") in TAKEN
                counts[answer["status"] if taken else "refused"] += 1
                if not taken:
                    tell(refusals(answer, body, where))
            progress.advance(task, len(chunk))
    return counts


def tell(faults: Sequence[Fault]) -> None:
    """A line on standard error for each fault of one refused document."""
    for fault in faults:
        typer.echo(f"refused: {fault}", err=True)


def refusals(answer: dict[str, Any], body: dict[str, Any], where: Where) -> list[Fault]:
    """What the server's answer says is wrong with `body`, which stands at `where`."""
    error = answer.get("error")
    problem = error if isinstance(error, dict) else {"detail": str(error or "the server gives no reason")}
    ref = f"{body.get('kind')}:{body.get('name')}"
    return client.faults_of(problem.get("errors"), where.placed) or [
        where.placed(Fault("", f"{ref}: {problem.get('detail')}"))
    ]


def summary(counts: Counter[str], *, dry_run: bool) -> str:
    """One line, for instance `created 3, unchanged 12, refused 0`."""
    words = [word for word in (*TAKEN, "deleted") if counts[word]]
    return ("Would be: " if dry_run else "") + ", ".join(f"{word} {counts[word]}" for word in (*words, "refused"))
