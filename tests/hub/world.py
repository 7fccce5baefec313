"""A real JupyterHub with its proxy, users and servers, the sandbox as the provider, and the relay as two replicas behind a balancer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyter_flowauth.cli.ports import free_port
from jupyter_flowauth.sandbox import SANDBOX_CLIENT_ID, running_sandbox
from jupyter_flowauth.sandbox.ledger import ACCESS_PREFIX, CODE_PREFIX, REFRESH_PREFIX
from jupyter_flowauth.sandbox.server import Sandbox
from jupyter_flowauth.sandbox.settings import SandboxSettings
from tests.fakes.node import find_node

from . import chart

ROOT = Path(__file__).parent.parent.parent
PROXY = Path(__file__).parent / "proxy" / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
READY_SECONDS = 300
USERS = ("alice", "bob")
# Whole: three letters of a secret are found by chance in what a Hub logs in base64, such as the ids of its `_xsrf` cookies.
SECRET_PREFIXES = (CODE_PREFIX, ACCESS_PREFIX, REFRESH_PREFIX)
ADMIN = "root"


def wait_for(condition: Callable[[], Any], what: str, seconds: float = READY_SECONDS) -> Any:
    """Return what a condition returns, once that is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)  # house: ok - this is how a condition is waited for
    raise AssertionError(f"{what} didn't come about within {seconds} s")


@dataclass
class Replica:
    """One relay process."""

    port: int
    environment: dict[str, str] = field(repr=False)
    log: Path
    python: Path = Path(sys.executable)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [str(self.python), *chart.read_container()["command"][1:-1], f"--url=http://127.0.0.1:{self.port}"]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment, cwd=ROOT)
        wait_for(self._answers, f"a relay on port {self.port}")

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/services/flowauth/health", timeout=60):
            return True
        return False

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """End it as whoever runs it would, and return its exit status."""
        assert self.process is not None
        self.process.terminate()
        status, self.process = self.process.wait(READY_SECONDS), None
        return status


class Balancer:
    """Hands each connection to the next replica in turn; one that is down is passed over."""

    def __init__(self, ports: tuple[int, ...]) -> None:
        self.ports, self.port, self.served = ports, free_port(), dict.fromkeys(ports, 0)
        self._turn, self._ready = 0, threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)
        self._ready.set()
        await self._ended.wait()
        server.close()
        open_ones = asyncio.all_tasks() - {asyncio.current_task()}
        for task in open_ones:
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there, back = await self._connect()
            try:
                await asyncio.gather(self._copy(reader, back), self._copy(there, writer))
            finally:
                await self._close(back)
        await self._close(writer)

    async def _close(self, writer: asyncio.StreamWriter) -> None:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in self.ports:
            port = self.ports[self._turn % len(self.ports)]
            self._turn += 1
            with contextlib.suppress(OSError):
                found = await asyncio.open_connection("127.0.0.1", port)
                self.served[port] += 1
                return found
        raise ConnectionRefusedError

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
        writer.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()


@dataclass
class HubWorld:
    """A running Hub.

    :param python: the Python whose JupyterHub it is.
    :param public_origin: where browsers find it, if that is elsewhere than at its proxy.
    :param user_origin: where browsers find a user's servers, with ``{user}`` in it, if each user has a host of their own.
    :param service_origin: where browsers find its services, if they have a host of their own.
    """

    root: Path
    sandbox: Sandbox
    port: int
    prefix: str = "/"
    python: Path = Path(sys.executable)
    public_origin: str = ""
    user_origin: str = ""
    service_origin: str = ""
    admin_token: str = field(default="", repr=False)
    replicas: list[Replica] = field(default_factory=list)
    balancer: Balancer | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def proxy_origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return self.public_origin or self.proxy_origin

    @property
    def url(self) -> str:
        return f"{self.origin}{self.prefix}"

    @property
    def relay_url(self) -> str:
        return f"{self.service_origin or self.origin}{self.prefix}services/flowauth/"

    @property
    def redirect_uri(self) -> str:
        """The one that is registered."""
        return f"{self.relay_url}callback/globus"

    @property
    def log(self) -> Path:
        """What the Hub, its proxy, every user's server and a managed relay write."""
        return self.root / "hub.log"

    def home(self, user: str) -> Path:
        return self.root / "homes" / user

    def user_url(self, user: str, server: str = "") -> str:
        origin = self.user_origin.format(user=user) or self.origin
        return f"{origin}{self.prefix}user/{user}/{f'{server}/' if server else ''}"

    def call(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Return what the Hub's API answers to its admin."""
        data = None if body is None else json.dumps(body).encode()
        # Straight to the proxy, under the name that the Hub has for browsers: nothing but a browser resolves it.
        headers = {"Authorization": f"token {self.admin_token}", "Host": urlsplit(self.origin).netloc}
        request = urllib.request.Request(f"{self.proxy_origin}{self.prefix}hub/api/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def servers(self, user: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call(f"users/{user}")["servers"]
        return found

    def prepare_user(self, user: str, **settings: Any) -> None:
        """Make a user known to the Hub, and configure the provider in their home."""
        provider = {"kind": "globus", "client_id": SANDBOX_CLIENT_ID, "redirect_uris": [self.redirect_uri], **settings}
        path = self.home(user) / ".jupyter" / "jupyter_flowauth.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"providers": {"globus": provider}}), encoding="utf-8")
        with contextlib.suppress(urllib.error.HTTPError):  # it is known already
            self.call(f"users/{user}", "POST", {})

    def start_server(self, user: str, server: str = "") -> None:
        """Start a server; the Hub is asked again if it gave up on one."""

        def is_ready() -> bool:
            found = self.servers(user).get(server, {})
            if not found.get("ready") and not found.get("pending"):
                with contextlib.suppress(urllib.error.HTTPError):  # it is starting already
                    self.call(f"users/{user}/servers/{server}" if server else f"users/{user}/server", "POST", {})
            return bool(found.get("ready"))

        wait_for(is_ready, f"{user}'s server {server}")

    def stop_server(self, user: str, server: str = "") -> None:
        self.call(f"users/{user}/servers/{server}" if server else f"users/{user}/server", "DELETE")
        wait_for(lambda: server not in self.servers(user), f"the end of {user}'s server {server}")

    def stop_servers(self) -> None:
        """Stop every user's server."""
        running = [(user["name"], server) for user in self.call("users") for server in user["servers"] or {}]
        for user, server in running:
            self.call(f"users/{user}/servers/{server}" if server else f"users/{user}/server", "DELETE")
        for user, server in running:
            wait_for(lambda user=user, server=server: server not in self.servers(user), f"the end of {user}'s server {server}")

    def logs(self) -> str:
        """Return everything that anybody has logged."""
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in self.root.glob("*.log"))

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [str(self.python), "-m", "jupyterhub", "-f", str(self.root / "jupyterhub_config.py")]
            environment = clean_environment() | {"PATH": f"{self.python.parent}:{os.environ['PATH']}"}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.root, env=environment)
        wait_for(self._answers, "the Hub")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")[-3000:]
        with contextlib.suppress(OSError):
            return bool(self.call("users"))
        return False

    def stop(self) -> None:
        """End the Hub, and with it what it started."""
        if self.process:
            self.process.terminate()
            self.process.wait(READY_SECONDS)
            self.process = None


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what configures ours."""
    ours = ("FLOWAUTH_", "JUPYTER", "GLOBUS_SDK_", "IPYTHONDIR")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def write_config(world: HubWorld, relay: str, *, extra: str = "") -> None:
    """Write the Hub's configuration.

    :param relay: the part that a site adds for the relay.
    """
    environment = {f"GLOBUS_SDK_SERVICE_URL_{name}": world.sandbox.url for name in ("AUTH", "FLOWS", "GROUPS", "SEARCH", "TRANSFER")}
    config = f"""
c = get_config()
c.JupyterHub.bind_url = "{world.proxy_origin}{world.prefix}"
c.JupyterHub.hub_port = {free_port()}
c.JupyterHub.db_url = "sqlite:///{world.root / "hub.sqlite"}"
c.JupyterHub.cookie_secret_file = "{world.root / "cookie_secret"}"
c.ConfigurableHTTPProxy.command = ["{find_node()}", "{PROXY}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{free_port()}"
c.ConfigurableHTTPProxy.auth_token = "{secrets.token_hex(16)}"
c.ConfigurableHTTPProxy.pid_file = "{world.root / "proxy.pid"}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "password-of-all"
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {{"{ADMIN}"}}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{world.root}/homes/{{username}}"
# Half a minute, the Hub's own, is what a server takes to start on a machine that is busy.
c.Spawner.http_timeout = c.Spawner.start_timeout = 140
c.Spawner.cmd = ["{world.python}", "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root", "--ServerApp.allow_unauthenticated_access=False"]
c.Spawner.args += ["--LabApp.extension_manager=readonly", "--LabApp.expose_app_in_browser=True"]
c.Spawner.environment = {environment!r}
c.JupyterHub.allow_named_servers = True
c.JupyterHub.cleanup_servers = False
c.JupyterHub.services = [{{"name": "tests", "api_token": "{world.admin_token}"}}]
scopes = ["admin:users", "admin:servers", "admin:server_state", "shares", "read:metrics", "read:services"]
c.JupyterHub.load_roles = [{{"name": "tests", "services": ["tests"], "scopes": scopes}}]
{relay}
{extra}
# The same with a service.
import jupyterhub
if jupyterhub.version_info >= (6,):
    for service in c.JupyterHub.services:
        service["timeout"] = {READY_SECONDS}
"""
    (world.root / "jupyterhub_config.py").write_text(config, encoding="utf-8")


def build_replica(world: HubWorld, token: str, hub_port: int, number: int) -> Replica:
    """Return a relay with the environment that the documentation gives it on Kubernetes."""
    environment = clean_environment() | chart.build_environment(token, hub_port)
    return Replica(free_port(), environment, world.root / f"relay-{number}.log", world.python)


def hub_port_of(world: HubWorld) -> int:
    text = (world.root / "jupyterhub_config.py").read_text(encoding="utf-8")
    return int(text.partition("hub_port = ")[2].partition("\n")[0])


@contextlib.contextmanager
def running_hub(root: Path, *, python: Path = Path(sys.executable)) -> Iterator[HubWorld]:
    """Run a Hub, the sandbox, and two relays behind a balancer, until the block ends."""
    with running_sandbox(admin_secret="not-used") as sandbox, contextlib.ExitStack() as stack:
        world = HubWorld(root, sandbox, free_port(), python=python, admin_token=secrets.token_hex(32))
        register_relay(world)
        token, ports = secrets.token_hex(32), (free_port(), free_port())
        world.balancer = Balancer(ports)
        stack.callback(world.balancer.stop)
        write_config(world, chart.build_hub_config(token, f"http://127.0.0.1:{world.balancer.port}"))
        for number, port in enumerate(ports):
            replica = build_replica(world, token, hub_port_of(world), number)
            replica.port = port
            replica.start()
            stack.callback(replica.kill)
            world.replicas.append(replica)
        world.start()
        stack.callback(world.stop)
        for user in (*USERS, ADMIN):
            world.prepare_user(user)
        try:
            yield world
        finally:
            world.stop_servers()


def register_relay(world: HubWorld) -> None:
    """Register the relay's callback with the sandbox, and nothing else: not even a native app's loopback."""
    registered = {SANDBOX_CLIENT_ID: (world.redirect_uri,)}
    world.sandbox.state.settings = SandboxSettings(loopback_any_path=False, redirect_uris=registered)
