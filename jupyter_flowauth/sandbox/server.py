"""Serving the sandbox: its routes, its one loopback socket, its thread in a test's process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from .routes import build_application
from .run_engine import RunEngine
from .services import to_address
from .settings import SandboxSettings
from .signing import KEY_ID, signing_key
from .state import DEVICE_PAGE_PATH, SandboxState
from .visitor import Visitor

_MAX_BODY = 1024 * 1024
# For what hangs: a machine that is busy takes its time.
_START_SECONDS = 60.0
_RUN_SECONDS = 60.0


class NotLoopback(ValueError):
    """An address that other machines could reach."""


def bind_loopback(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    :raises NotLoopback: the host is not this machine alone; a pretend provider must not be reachable from outside.
    """
    try:
        is_loopback = ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise NotLoopback(f"The sandbox listens on loopback only (127.0.0.1 or ::1), not on {host!r}: anybody could log in to it.")
    return bind_sockets(port, host)[0]


async def serve(state: SandboxState, listener: socket.socket, until: asyncio.Event, *, when_ready: Callable[[], None]) -> None:
    """Serve until the event is set; state.url is known when `when_ready` is called."""
    host, port = listener.getsockname()[:2]
    state.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    engine = RunEngine(state)
    server = HTTPServer(build_application(state, engine), max_body_size=_MAX_BODY)
    server.add_sockets([listener])
    signing_key(KEY_ID)  # made now, so that no login waits for it
    when_ready()
    await until.wait()
    server.stop()
    await engine.close()
    await server.close_all_connections()


class Sandbox:
    """A sandbox running in this process, for tests and benchmarks."""

    def __init__(self, state: SandboxState) -> None:
        self.state = state

    @property
    def url(self) -> str:
        """Return the address of every endpoint's root; also the issuer."""
        return self.state.url

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables that point globus_sdk, and our look at action providers, at this sandbox."""
        services = ("AUTH", "TRANSFER", "GROUPS", "FLOWS", "COMPUTE")
        actions = {"FLOWAUTH_SERVICE_URL_ACTIONS": f"{self.url}/actions"}
        return {**{f"GLOBUS_SDK_SERVICE_URL_{service}": self.url for service in services}, **actions}

    def configure(self, **changes: Any) -> None:
        """Change settings (see `SandboxSettings`)."""
        self.state.configure(**changes)

    def set_fault(self, endpoint: str, kind: str | None, *, times: int | None = None, headers: Mapping[str, str] | None = None) -> None:
        """Let an endpoint misbehave (see `Fault`); None makes it well again."""
        self.state.set_fault(endpoint, kind, times=times, headers=headers)

    def count(self, endpoint: str) -> int:
        """Return how many requests an endpoint has had: `token`, or `token:refresh_token` for one grant."""
        return self.state.counters[endpoint]

    def is_active(self, token: str) -> bool:
        """Say whether an access or refresh token would be accepted now."""
        refresh = self.state.ledger.find_refresh(token)
        return self.state.ledger.find_access(token, now=self.state.now()) is not None or (refresh is not None and not refresh.is_retired)

    def expire_access_tokens(self) -> None:
        """Let every access token expire at once."""
        self.state.ledger.expire_access_tokens()

    def action_url(self, action_url: str) -> str:
        """Return where in this sandbox the action provider of a public address answers: to introspect it, say."""
        return f"{self.url}/actions/{to_address(action_url, own_url=self.url)}"

    def rescind(self, scope: str, *, user: str = "alice") -> None:
        """Take a person's consent to a scope back, and to what hangs below it."""
        self.state.consents.rescind(self.state.users[user].sub, scope)

    def wait_for_run(self, run_id: str, *, timeout: float = _RUN_SECONDS) -> str:
        """Return the status of a run once it has ended, or waits for a person.

        :raises TimeoutError: it still goes on.
        """
        run = self.state.runs.find(run_id)
        if run is None or not run.settled.wait(timeout):
            raise TimeoutError(f"There is no run {run_id}, or it still goes on")
        return run.status

    def visitor(self) -> Visitor:
        """Return a browser with no cookies."""
        return Visitor()

    def approve(self, authorize_url: str, *, user: str = "alice", deny: bool = False) -> str:
        """Go through login and consent as a new browser would, and return the address that it is sent to, not followed."""
        return self.visitor().approve(authorize_url, user=user, deny=deny)

    def approve_device(self, user_code: str, *, user: str = "alice", deny: bool = False) -> str:
        """Enter a device's code as a new browser would, and return the title of the last page."""
        return self.visitor().approve_device(self.url + DEVICE_PAGE_PATH, user_code, user=user, deny=deny).title


class SandboxThread:
    """The thread that serves a sandbox."""

    def __init__(self, settings: SandboxSettings, *, admin_secret: str | None, port: int) -> None:
        self.sandbox = Sandbox(SandboxState(settings, admin_secret=admin_secret))
        self._port = port
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._until: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    def start(self) -> Sandbox:
        """Return the sandbox once it answers."""
        listener = bind_loopback("127.0.0.1", self._port)
        self._listener = listener
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise RuntimeError("The sandbox did not start")
        return self.sandbox

    def stop(self) -> None:
        """End serving, and requests that are still held back by a fault."""
        if self._loop is not None and self._until is not None:
            self._loop.call_soon_threadsafe(self._until.set)
        self._thread.join(_START_SECONDS)

    def _run(self) -> None:
        """Be the thread."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        """Serve in this thread's loop."""
        self._loop, self._until = asyncio.get_running_loop(), asyncio.Event()
        await serve(self.sandbox.state, self._listener, self._until, when_ready=self._ready.set)
