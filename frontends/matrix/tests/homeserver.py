"""A real Synapse on loopback, one for all workers of a run: begun by the first that needs it, ended with the last.

It federates with nobody, and keeps its own rate limits. It runs in an environment of its own (`synapse.lock`), which
`make test` makes: its dependencies are no part of anything else.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from filelock import FileLock

PYTHON = Path(sys.prefix) / "synapse" / "bin" / "python"
MISSING = "Synapse is not installed: `make test` does that (.venv/synapse)"
SERVER_NAME, SECRET = "bots.test", "a secret of the test"
STARTS_WITHIN_S = 120.0
CONFIG = """
server_name: {name}
listeners:
  - {{port: {port}, bind_addresses: ["127.0.0.1"], type: http, tls: false, resources: [{{names: [client, media]}}]}}
database: {{name: sqlite3, args: {{database: "{folder}/homeserver.db"}}}}
log_config: "{folder}/log.yaml"
media_store_path: "{folder}/media"
signing_key_path: "{folder}/signing.key"
registration_shared_secret: "{secret}"
macaroon_secret_key: "{secret}"
form_secret: "{secret}"
bcrypt_rounds: 4
federation_domain_whitelist: []
trusted_key_servers: []
report_stats: false
presence: {{enabled: false}}
"""
LOG = """
version: 1
handlers: {{file: {{class: logging.FileHandler, filename: "{folder}/log.txt"}}}}
root: {{level: WARNING, handlers: [file]}}
disable_existing_loggers: false
"""


class ApiError(AssertionError):
    """What the homeserver refused."""

    def __init__(self, status: int, told: Any) -> None:
        super().__init__(f"{status}: {told}")
        self.status, self.told = status, told


class Client:
    """One account, called as its app would: each call on a connection that stays open."""

    def __init__(self, port: int, token: str = "", user: str = "") -> None:
        self.port, self.token, self.user = port, token, user
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._count = 0

    def call(self, method: str, path: str, content: Any = None, **query: Any) -> Any:
        """What is answered. Raises `ApiError`."""
        where = path + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
        for last in (False, True):
            try:
                self._connection.request(method, where, data, headers)
                answer = self._connection.getresponse()
                body = answer.read()
                break
            except (http.client.HTTPException, ConnectionError):  # the open connection was closed meanwhile
                self._connection.close()
                if last:
                    raise
        told = json.loads(body) if body else {}
        if answer.status != 200:
            raise ApiError(answer.status, told)
        return told

    def send(self, room: str, content: Mapping[str, Any], kind: str = "m.room.message") -> str:
        """Have an event stand in a room; its id."""
        self._count += 1
        path = f"/_matrix/client/v3/rooms/{quote(room)}/send/{kind}/{self._count}"
        return str(self.call("PUT", path, content)["event_id"])

    def redact(self, room: str, event: str) -> None:
        """Take an event away."""
        self._count += 1
        self.call("PUT", f"/_matrix/client/v3/rooms/{quote(room)}/redact/{quote(event)}/{self._count}", {})

    def make_room(self, *invited: str, **more: Any) -> str:
        """A room of its own, with others invited."""
        asked = {"preset": "private_chat", "invite": invited, **more}
        return str(self.call("POST", "/_matrix/client/v3/createRoom", asked)["room_id"])

    def join(self, room: str) -> None:
        """Enter a room."""
        self.call("POST", f"/_matrix/client/v3/join/{quote(room)}", {})

    def set_state(self, room: str, kind: str, content: Mapping[str, Any], key: str = "") -> None:
        """Change a room."""
        self.call("PUT", f"/_matrix/client/v3/rooms/{quote(room)}/state/{kind}/{quote(key)}", content)

    def state(self, room: str, kind: str, key: str = "") -> Any:
        """What is so in a room."""
        return self.call("GET", f"/_matrix/client/v3/rooms/{quote(room)}/state/{kind}/{quote(key)}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Homeserver:
    """What runs."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def register(self, name: str, *, admin: bool = False, displayname: str = "") -> Client:
        """A new account, logged in, by the shared secret."""
        client = Client(self.port)
        nonce = client.call("GET", "/_synapse/admin/v1/register")["nonce"]
        said = "\0".join([nonce, name, "a password", "admin" if admin else "notadmin"]).encode()
        mac = hmac.new(SECRET.encode(), said, hashlib.sha1).hexdigest()
        asked = {"nonce": nonce, "username": name, "password": "a password", "admin": admin, "mac": mac}
        if displayname:
            asked["displayname"] = displayname
        made = client.call("POST", "/_synapse/admin/v1/register", asked)
        client.token, client.user = made["access_token"], made["user_id"]
        return client

    def unlimited(self, admin: Client, user: str) -> None:
        """Let an account send as much as it likes."""
        path = f"/_synapse/admin/v1/users/{quote(user)}/override_ratelimit"
        admin.call("POST", path, {"messages_per_second": 0, "burst_count": 0})


@contextmanager
def shared(folder: Path) -> Iterator[Homeserver]:
    """The one of this run, whose workers have `folder` in common."""
    lock, note = FileLock(folder / "synapse.lock"), folder / "synapse.json"
    with lock:
        known = json.loads(note.read_text()) if note.exists() else _begun(folder / "synapse")
        note.write_text(json.dumps({**known, "users": known["users"] + 1}))
    try:
        yield Homeserver(known["port"])
    finally:
        with lock:
            known = json.loads(note.read_text())
            note.write_text(json.dumps({**known, "users": known["users"] - 1}))
            if known["users"] == 1:
                note.unlink()
                _end(known["pid"])


def _begun(folder: Path) -> dict[str, int]:
    folder.mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    filled = {"name": SERVER_NAME, "port": port, "folder": folder, "secret": SECRET}
    (folder / "log.yaml").write_text(LOG.format(**filled))
    config = folder / f"homeserver-{port}.yaml"
    config.write_text(CONFIG.format(**filled))
    (folder / "signing.key").write_text("ed25519 a_test AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n")
    (folder / "homeserver.db").unlink(missing_ok=True)
    host = [sys.executable, str(Path(__file__).with_name("homeserver_host.py")), str(_run_by())]
    pid = _spawned(
        [*host, str(PYTHON), "-m", "synapse.app.homeserver", "-c", str(config)], folder / "out.txt"
    )
    deadline, client = time.monotonic() + STARTS_WITHIN_S, Client(port)
    while True:
        try:
            client.call("GET", "/_matrix/client/versions")
        except OSError:
            assert os.waitpid(pid, os.WNOHANG) == (0, 0), (folder / "out.txt").read_text()
            assert time.monotonic() < deadline, f"Synapse does not start: {(folder / 'log.txt').read_text()}"
            time.sleep(0.05)
        else:
            client.close()
            return {"port": port, "pid": pid, "users": 0}


def _spawned(command: list[str], output: Path) -> int:
    """Begin a program that outlives this process, which is no child to be waited for."""
    into = (os.POSIX_SPAWN_OPEN, 1, str(output), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    also = (os.POSIX_SPAWN_DUP2, 1, 2)
    return os.posix_spawn(command[0], command, os.environ, file_actions=[into, also], setsid=True)


def _run_by() -> int:
    """The process whose end is the run's: pytest's own, or that which its workers belong to."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


def _end(host: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(host, signal.SIGTERM)
