"""A real Keycloak, started once for all the processes of a test run, with the realm of ``keycloak/realm.json`` in it."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from filelock import FileLock

from jupyter_flowauth.cli.ports import free_port

VERSION = "26.4.0"
REALM = Path(__file__).parent / "keycloak" / "realm.json"
SCOPES, AUDIENCE = ("school.read", "school.write"), "school-api"
ADMIN, ADMIN_PASSWORD = "admin", "throwaway-admin"
START_SECONDS, STOP_SECONDS, REQUEST_SECONDS = 240, 60, 60
# Half the processor time of a start: nobody here stays long enough for the better code of the second compiler.
JAVA_OPTIONS = "-Xmx512m -XX:TieredStopAtLevel=1"
WHERE_FROM = "no Keycloak here: install Java 17 and Maven (on Debian: apt-get install openjdk-17-jre-headless maven), then run make setup"


@dataclass
class Keycloak:
    """A running Keycloak.

    :param key_file: the private key of the client ``portal-key``, in PEM.
    """

    url: str
    key_file: Path = field(repr=False)
    realm: str = "school"
    _admin_token: tuple[float, str] | None = field(default=None, repr=False)

    @property
    def issuer(self) -> str:
        return f"{self.url}/realms/{self.realm}"

    @functools.cached_property
    def discovery(self) -> dict[str, Any]:
        answer = httpx.get(f"{self.issuer}/.well-known/openid-configuration", timeout=REQUEST_SECONDS)
        return dict(answer.raise_for_status().json())

    def password_of(self, user: str) -> str:
        return f"throwaway-{user}"

    def admin_token(self) -> str:
        """Return an admin's token: the last one, unless it is half a minute old and so half gone."""
        if not self._admin_token or time.monotonic() - self._admin_token[0] > 30:
            form = {"grant_type": "password", "client_id": "admin-cli", "username": ADMIN, "password": ADMIN_PASSWORD}
            answer = httpx.post(f"{self.url}/realms/master/protocol/openid-connect/token", data=form, timeout=REQUEST_SECONDS)
            self._admin_token = (time.monotonic(), str(answer.raise_for_status().json()["access_token"]))
        return self._admin_token[1]

    def make_realm(self, realm: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.admin_token()}"}
        httpx.post(f"{self.url}/admin/realms", json=realm, headers=headers, timeout=REQUEST_SECONDS).raise_for_status()

    def admin(self, method: str, path: str, value: object = None, **query: Any) -> Any:
        """Call the admin API, at a path below this realm; return what it answers."""
        answer = httpx.request(
            method,
            f"{self.url}/admin/realms/{self.realm}{path}",
            json=value,
            params=query,
            headers={"Authorization": f"Bearer {self.admin_token()}"},
            timeout=REQUEST_SECONDS,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def client(self, client_id: str) -> dict[str, Any]:
        """Return a client as the admin API describes it."""
        return dict(self.admin("GET", "/clients", clientId=client_id)[0])

    def new_client(self, like: str, **attributes: str) -> str:
        """Make a client of a test's own, like one of the realm's; return its id."""
        model, client_id = self.client(like), f"{like}-{secrets.token_hex(4)}"
        left_out = {"id", "clientId", "protocolMappers", "defaultClientScopes", "optionalClientScopes"}
        settings = {name: value for name, value in model.items() if name not in left_out}
        mappers = [{name: value for name, value in mapper.items() if name != "id"} for mapper in model.get("protocolMappers", [])]
        changed = {"clientId": client_id, "protocolMappers": mappers, "attributes": {**model["attributes"], **attributes}}
        self.admin("POST", "/clients", {**settings, **changed})
        self.offer_scopes(client_id)
        return client_id

    def new_person(self) -> str:
        """Make a person of a test's own, who may have offline tokens, too; return the name."""
        name = f"user-{secrets.token_hex(4)}"
        credentials = [{"type": "password", "value": self.password_of(name), "temporary": False}]
        names = {"firstName": "Test", "lastName": "Person", "email": f"{name}@school.example", "emailVerified": True}
        self.admin("POST", "/users", {"username": name, "enabled": True, "credentials": credentials, **names})
        return name

    def offer_scopes(self, client_id: str) -> None:
        """Let a client ask for the scopes of the school's API."""
        made = {scope["name"]: scope["id"] for scope in self.admin("GET", "/client-scopes")}
        for name in SCOPES:
            self.admin("PUT", f"/clients/{self.client(client_id)['id']}/optional-client-scopes/{made[name]}")

    def lift_scope(self, client_id: str, name: str) -> None:
        """Take a scope from a client: from then on nobody is granted it there."""
        made = {scope["name"]: scope["id"] for scope in self.admin("GET", "/client-scopes")}
        self.admin("DELETE", f"/clients/{self.client(client_id)['id']}/optional-client-scopes/{made[name]}")

    def user(self, name: str) -> dict[str, Any]:
        return dict(self.admin("GET", "/users", username=name, exact=True)[0])

    def set_enabled(self, user: str, enabled: bool) -> None:
        self.admin("PUT", f"/users/{self.user(user)['id']}", {"enabled": enabled})

    def end_sessions(self, user: str) -> None:
        """End every session of a person, as an administrator would."""
        self.admin("POST", f"/users/{self.user(user)['id']}/logout")

    def sessions(self, user: str) -> int:
        return len(self.admin("GET", f"/users/{self.user(user)['id']}/sessions"))

    def clients_in_use(self, user: str) -> set[str]:
        """Return the ids of the clients that take part in a person's sessions."""
        sessions = self.admin("GET", f"/users/{self.user(user)['id']}/sessions")
        return {client_id for session in sessions for client_id in session["clients"].values()}

    def events(self, *kinds: str, client_id: str | None = None, user: str | None = None) -> int:
        """Return how many events of these kinds Keycloak has noted, at a client, or of a person."""
        chosen = {**({"client": client_id} if client_id else {}), **({"user": self.user(user)["id"]} if user else {})}
        return len(self.admin("GET", "/events", type=list(kinds), max=1000, **chosen))

    def refreshes(self, client_id: str) -> int:
        """Return how often a refresh token was presented, for good or ill."""
        return self.events("REFRESH_TOKEN", "REFRESH_TOKEN_ERROR", client_id=client_id)


def find_distribution() -> Path:
    """Return where ``.ci/setup.sh`` has put it; skip the test if it hasn't."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "jupyter_flowauth" / f"keycloak-{VERSION}"
    if not folder.is_dir() or not shutil.which("java"):
        pytest.skip(WHERE_FROM)
    return folder


@contextlib.contextmanager
def shared_keycloak(folder: Path) -> Iterator[Keycloak]:
    """Use the one Keycloak of all processes that name this folder. Who came first starts it, and stops it when the others have left."""
    distribution, address, users = find_distribution(), folder / "keycloak-address", folder / "keycloak-users"
    users.mkdir(exist_ok=True)
    me, lock, process = users / str(os.getpid()), FileLock(folder / "keycloak.lock"), None
    with lock:
        if not address.exists():
            process = start(distribution, folder)
        me.touch()
        url = address.read_text()
    try:
        yield Keycloak(url, folder / "portal-key.pem")
    finally:
        me.unlink()
        if process:
            while not is_withdrawn(address, users, lock):
                threading.Event().wait(0.1)
            stop(process)


def is_withdrawn(address: Path, users: Path, lock: FileLock) -> bool:
    """Take the address back, unless somebody uses it: nobody may come to use it in between."""
    with lock:
        if any(psutil.pid_exists(int(user.name)) for user in users.iterdir()):
            return False
        address.unlink()
        return True


def start(distribution: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start it with a realm and a key of its own, and write down its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    home = make_home(distribution, Path(tempfile.mkdtemp(prefix="keycloak-", dir=folder)))
    command = [
        *(str(home / "bin" / "kc.sh"), "start", "--optimized", "--cache=local"),
        *("--http-enabled=true", "--http-host=127.0.0.1", f"--http-port={port}", f"--hostname={url}"),
    ]
    ours = {"KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": ADMIN_PASSWORD, "JAVA_OPTS_APPEND": JAVA_OPTIONS}
    with (home / "keycloak.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **ours}, start_new_session=True)
    try:
        wait_until_ready(process, url, home / "keycloak.log")
        fill(Keycloak(url, folder / "portal-key.pem"))
    except BaseException:
        stop(process)
        raise
    (folder / "keycloak-address").write_text(url)
    return process


def make_home(distribution: Path, home: Path) -> Path:
    """Return a home folder that Keycloak may write into: the distribution itself is shared, and stays as it is."""
    (home / "bin").mkdir()
    shutil.copy(distribution / "bin" / "kc.sh", home / "bin")
    for name in ("conf", "lib", "providers", "themes", "version.txt"):
        (home / name).symlink_to(distribution / name)
    return home


def wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/realms/master", timeout=REQUEST_SECONDS).status_code == 200:
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            break
    raise RuntimeError(f"Keycloak did not start:\n{log.read_text()[-3000:]}")


def fill(keycloak: Keycloak) -> None:
    """Make the realm, with a fresh key for ``portal-key`` and, for every client of ours, the scopes of a school's API."""
    realm = json.loads(REALM.read_text())
    ours = [client["clientId"] for client in realm["clients"]]
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    keycloak.key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    keycloak.key_file.chmod(0o600)
    public = {**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": "portal-key", "use": "sig", "alg": "RS256"}
    for client in realm["clients"]:
        if client["clientId"] == "portal-key":
            client["attributes"]["jwks.string"] = json.dumps({"keys": [public]})
    keycloak.make_realm(realm)
    for name in SCOPES:
        keycloak.admin("POST", "/client-scopes", {**SCOPE, "name": name})
    for client_id in ours:
        keycloak.offer_scopes(client_id)


SCOPE = {
    "protocol": "openid-connect",
    "attributes": {"include.in.token.scope": "true", "display.on.consent.screen": "true"},
    "protocolMappers": [
        {
            "name": "audience",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": {"included.custom.audience": AUDIENCE, "access.token.claim": "true"},
        }
    ],
}


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop Java, and with it the shell that waits for it."""
    try:
        for java in psutil.Process(process.pid).children():
            java.terminate()
        process.wait(STOP_SECONDS)
    except (psutil.NoSuchProcess, subprocess.TimeoutExpired):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
