"""A small cloud: real Keystone, Nova, Glance and Placement, each a process, and the tests' own Swift and Cinder."""

import hashlib
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2

from tests.connectors.openstack import prepare
from tests.connectors.openstack.storage import Storage
from tests.fixtures.opa import free_port
from tests.fixtures.servers import ROOT, environment, running

APPLICATIONS = {
    "keystone": "keystone.wsgi.api",
    "nova": "nova.wsgi.osapi_compute",
    "glance": "glance.wsgi.api",
    "placement": "placement.wsgi.api",
}
HERE = Path(prepare.__file__).parent


@dataclass
class Cloud:
    """The running cloud, and an administrator's hand on it."""

    ports: dict[str, int]
    storage: Storage
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    def url(self, service: str) -> str:
        """Where a service listens."""
        return f"http://127.0.0.1:{self.ports[service]}"

    @property
    def auth_url(self) -> str:
        """Keystone's API."""
        return f"{self.url('keystone')}/v3"

    def token(self, name: str, project: str) -> str:
        """A token of a user."""
        user = {"name": name, "password": f"{name}-password", "domain": {"id": "default"}}
        scope = {"project": {"name": project, "domain": {"id": "default"}}}
        auth = {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}
        answer = httpx2.post(f"{self.auth_url}/auth/tokens", json={"auth": auth}, timeout=60)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["x-subject-token"])

    def ask(self, method: str, service: str, path: str, body: Any = None, **headers: str) -> Any:
        """One call as an administrator, which must succeed."""
        if "X-Auth-Token" not in self.headers:
            self.headers["X-Auth-Token"] = self.token("admin", "admin")
        answer = httpx2.request(
            method, self.url(service) + path, json=body, headers={**self.headers, **headers}, timeout=60
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


def prepared() -> Path:
    """The databases and keys, written once for these servers and these rows."""
    python = environment("openstack") / "python"
    content = (ROOT / "tests/servers/openstack.lock").read_bytes() + Path(prepare.__file__).read_bytes()
    home = ROOT / ".tools/servers/openstack/state"
    state = home / hashlib.sha256(content).hexdigest()[:16]
    if (state / "done").exists():
        return state
    shutil.rmtree(home, ignore_errors=True)
    state.mkdir(parents=True)
    configure(state, dict.fromkeys([*APPLICATIONS, "small"], 1))
    with ExitStack() as stack:  # side by side: they do not know of each other
        writers = []
        for name in APPLICATIONS:
            log = stack.enter_context((state / f"{name}.prepare").open("wb"))
            command = [str(python), str(HERE / "prepare.py"), name, str(state)]
            writers.append((name, subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)))
        failed = [name for name, writer in writers if writer.wait(240)]
    for name in failed:
        raise AssertionError((state / f"{name}.prepare").read_text(errors="replace")[-4000:])
    (state / "done").touch()
    return state


def configure(state: Path, ports: dict[str, int]) -> None:
    """Writes the services' configuration beside their databases."""
    keystone = f"http://127.0.0.1:{ports['keystone']}/v3"
    credentials = f"""
auth_type = password
auth_url = {keystone}
username = service
password = service-password
project_name = service
user_domain_id = default
project_domain_id = default
region_name = GRA7
"""
    # No cache: a token that was taken back is refused at once.
    middleware = f"[keystone_authtoken]\nwww_authenticate_uri = {keystone}\ntoken_cache_time = -1{credentials}"
    texts = {
        "keystone.conf": f"""
[DEFAULT]
log_file = {state}/keystone.log
[database]
connection = sqlite:///{state}/keystone.sqlite
[fernet_tokens]
key_repository = {state}/fernet-keys
[fernet_receipts]
key_repository = {state}/fernet-keys
[identity]
password_hash_rounds = 4
""",
        "nova.conf": f"""
[DEFAULT]
log_file = {state}/nova.log
state_path = {state}
transport_url = fake:///
[api_database]
connection = sqlite:///{state}/nova_api.sqlite
[database]
connection = sqlite:///{state}/nova.sqlite
[api]
auth_strategy = keystone
[placement]{credentials}
[neutron]{credentials}
{middleware}
""",
        "glance-api.conf": f"""
[DEFAULT]
log_file = {state}/glance.log
enabled_backends = local:file
node_staging_uri = file://{state}/staging
[database]
connection = sqlite:///{state}/glance.sqlite
[glance_store]
default_backend = local
[local]
filesystem_store_datadir = {state}/images
[os_glance_staging_store]
filesystem_store_datadir = {state}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {state}/tasks
[paste_deploy]
flavor = keystone
config_file = {ROOT}/.tools/servers/openstack/etc/glance/glance-api-paste.ini
{middleware}
""",
        "placement.conf": f"""
[DEFAULT]
log_file = {state}/placement.log
[placement_database]
connection = sqlite:///{state}/placement.sqlite
{middleware}
""",
    }
    for name, text in texts.items():
        (state / name).write_text(text)


@contextmanager
def cloud(home: Path) -> Iterator[Cloud]:
    """The cloud, running until the block ends."""
    state = home / "state"
    shutil.copytree(prepared(), state)
    ports = {name: free_port() for name in APPLICATIONS}
    with Storage() as storage, ExitStack() as stack:
        ports["small"] = storage.port
        configure(state, ports)
        _address(state, ports)
        paste = ROOT / ".tools/servers/openstack/etc/nova/api-paste.ini"
        env = {
            "OS_KEYSTONE_CONFIG_DIR": str(state),
            "OS_NOVA_CONFIG_DIR": "/",
            "OS_NOVA_CONFIG_FILES": f"{paste};{state}/nova.conf",
            "OS_GLANCE_CONFIG_DIR": str(state),
            "OS_PLACEMENT_CONFIG_DIR": str(state),
        }
        _start(stack, environment("openstack") / "python", ports, state, env)
        yield Cloud(ports, storage)


def _start(stack: ExitStack, python: Path, ports: dict[str, int], state: Path, env: dict[str, str]) -> None:
    # All are begun before the first is waited for: what takes time is their imports.
    last = list(APPLICATIONS)[-1]
    for name, application in APPLICATIONS.items():
        ready = partial(_all_listen, [ports[one] for one in APPLICATIONS]) if name == last else _at_once
        command = [str(python), str(HERE / "serve.py"), application, str(ports[name])]
        stack.enter_context(running(command, state / f"{name}.out", ready, env=env))


def _at_once() -> bool:
    return True


def _all_listen(ports: list[int]) -> bool:
    for port in ports:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
    return True


def _address(state: Path, ports: dict[str, int]) -> None:
    with sqlite3.connect(state / "keystone.sqlite") as database:
        for name, port in {**ports, "dead": free_port()}.items():
            database.execute(
                "update endpoint set url = replace(url, ?, ?)", (f"http://{name}.invalid", f"http://127.0.0.1:{port}")
            )
    with sqlite3.connect(state / "nova_api.sqlite") as database:
        for name, file in (("cell0", "nova_cell0"), ("cell1", "nova")):
            database.execute(
                "update cell_mappings set database_connection = ? where name = ?",
                (f"sqlite:///{state}/{file}.sqlite", name),
            )
