"""Faults of a database that runs: each a block in which no decision can be kept."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.gate.faults_stage import FILLER, PATIENCE_SECONDS, Database

RECORD = "decision_record"


@contextmanager
def disk_full(database: Database) -> Iterator[None]:
    """The table's disk is a small one, and full: PostgreSQL itself gets ENOSPC from the kernel."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk here")
    place = Path(tempfile.mkdtemp(prefix="allod-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        place.rmdir()
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        owner = database.home.postgres.stat()
        os.chown(place, owner.st_uid, owner.st_gid)
        place.chmod(0o700)
        database.run(f"CREATE TABLESPACE small LOCATION '{place}'", f"ALTER TABLE {RECORD} SET TABLESPACE small")
        ballast = place / "ballast"
        with pytest.raises(OSError, match="No space left"):
            _fill(ballast)
        _fill_pages(database)
        yield
        ballast.unlink()
        database.run(f"DELETE FROM {RECORD} WHERE actor = '{FILLER}'")  # noqa: S608 -- words of this file
        database.run(f"ALTER TABLE {RECORD} SET TABLESPACE pg_default", "DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        shutil.rmtree(place)


def _fill_pages(database: Database) -> None:
    """Takes the room that is left in the pages that the table has already: with copies of its rows, then with small ones."""
    others = "at, as_of, enforcement_point, bundle_digest, engine, verdict, digest, workspace_id"
    for inner in ("inputs, reasons, outcomes", "'[]'::jsonb, '[]'::jsonb, '{}'::jsonb"):
        copied = (
            f"INSERT INTO {RECORD} (id, actor, {others}, inputs, reasons, outcomes) "  # noqa: S608 -- words of this file
            f"SELECT gen_random_uuid(), '{FILLER}', {others}, {inner} FROM {RECORD} LIMIT 1"
        )
        with database.superuser() as connection:
            while True:
                try:
                    if not connection.execute(copied).rowcount:
                        return  # an empty table has no pages
                except psycopg.errors.DiskFull:
                    break


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


@contextmanager
def _trigger(database: Database, timing: str, body: str) -> Iterator[None]:
    """A trigger on the decisions; it acts as superuser."""
    database.run(
        f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {body} END $$",
        f"CREATE {timing} EXECUTE FUNCTION fault()",
    )
    try:
        yield
    finally:
        database.run("DROP FUNCTION fault CASCADE")


_AT_INSERT = f"TRIGGER fault BEFORE INSERT ON {RECORD} FOR EACH ROW"
_AT_COMMIT = f"CONSTRAINT TRIGGER fault AFTER INSERT ON {RECORD} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"


@contextmanager
def disk_full_said(database: Database) -> Iterator[None]:
    """PostgreSQL says what it says when a disk is full; also where nobody can mount one."""
    with _trigger(database, _AT_INSERT, "RAISE disk_full;"):
        yield


@contextmanager
def commit_refused(database: Database) -> Iterator[None]:
    """The decision is written and the transaction cannot be committed."""
    with _trigger(database, _AT_COMMIT, "RAISE EXCEPTION 'not today';"):
        yield


@contextmanager
def commit_conflicting(database: Database) -> Iterator[None]:
    """The transaction loses against another one at its commit."""
    with _trigger(database, _AT_COMMIT, "RAISE serialization_failure;"):
        yield


@contextmanager
def commit_cut_off(database: Database) -> Iterator[None]:
    """The connection breaks at the commit."""
    with _trigger(database, _AT_COMMIT, "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL;"):
        yield


@contextmanager
def statement_timeout(database: Database) -> Iterator[None]:
    """The decision cannot be written in time: another transaction holds its table."""
    database.run(
        "CREATE FUNCTION hurry() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN "
        "IF session_user = 'allod' THEN PERFORM set_config('statement_timeout', '700ms', false); END IF; END $$",
        "CREATE EVENT TRIGGER hurry ON login EXECUTE FUNCTION hurry()",
    )
    try:
        database.cut_off()
        with holding_the_decisions(database):
            yield
    finally:
        database.run("DROP EVENT TRIGGER hurry", "DROP FUNCTION hurry")
        database.cut_off()


@contextmanager
def table_gone(database: Database) -> Iterator[None]:
    """The schema is not the one that this release needs."""
    database.run(f"ALTER TABLE {RECORD} RENAME TO elsewhere")
    try:
        yield
    finally:
        database.run(f"ALTER TABLE elsewhere RENAME TO {RECORD}")


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """The database takes no writing, as a standby before it is promoted."""
    database.run("ALTER DATABASE allod SET default_transaction_read_only = on")
    try:
        database.cut_off()
        yield
    finally:
        with database.superuser() as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER DATABASE allod RESET default_transaction_read_only")
        database.cut_off()


@contextmanager
def no_place_left(database: Database) -> Iterator[None]:
    """The server lives and takes no further connection of the service."""
    database.run("ALTER ROLE allod CONNECTION LIMIT 0")
    try:
        database.cut_off()
        yield
    finally:
        database.run("ALTER ROLE allod CONNECTION LIMIT -1")


@contextmanager
def holding_the_decisions(database: Database) -> Iterator[None]:
    """Another transaction holds the table of decisions: who wants to write one waits."""
    with database.superuser() as connection, connection.transaction():
        connection.execute(f"LOCK TABLE {RECORD} IN ACCESS EXCLUSIVE MODE")
        yield


def await_waiting(database: Database) -> None:
    """Returns once a request stands before the table of decisions: it is in flight, all but its last step done."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with database.superuser() as connection:
        asked = "SELECT 1 FROM pg_locks WHERE relation = %s::regclass AND NOT granted"
        while connection.execute(asked, [RECORD]).fetchone() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
