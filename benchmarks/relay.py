"""The Hub's relay beside a bare Tornado handler that checks the same cookies; two replicas beside one; memory with logins in flight."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from tornado.testing import bind_unused_port
from tornado.web import create_signed_value

from jupyter_flowauth.pkce import generate_login_id, generate_state
from jupyter_flowauth.relay_protocol import RelayStart, build_public_key, hash_state

from .figures import Figure, milliseconds
from .relay_peers import COOKIES, PREFIX, SECRET

REQUESTS, AT_ONCE, LOGINS = 1_500, 8, 1_000
# Nothing of the limit for one browser is measured here: it is one browser that asks.
UNLIMITED = ("--RelayApp.burst=1000000", "--RelayApp.per_second=1000000")


def free_port() -> int:
    socket, port = bind_unused_port(address="127.0.0.1")
    socket.close()
    return port


@dataclass
class Peer:
    """A server process."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def megabytes(self) -> float:
        return float(self.process.memory_info().rss) / 1e6


@dataclass(frozen=True)
class Login:
    start: RelayStart
    state: str

    @property
    def cookies(self) -> str:
        values = {name: getattr(self.start, name) for name in RelayStart.__slots__}
        pairs = {COOKIES[0]: "token", f"{COOKIES[1]}{self.start.login_id}": json.dumps(values)}
        return "; ".join(f"{name}={create_signed_value(SECRET, name, value).decode()}" for name, value in pairs.items())


def build_login() -> Login:
    login_id = generate_login_id()
    state = generate_state(login_id)
    return Login(RelayStart(login_id, "globus", "alice", "", hash_state(state), build_public_key(b"a binding")), state)


@contextlib.contextmanager
def running(command: list[str], port: int, path: str, environment: dict[str, str] | None = None) -> Iterator[Peer]:
    process = subprocess.Popen([sys.executable, *command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
                break
            time.sleep(0.1)
        yield Peer(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def running_relay(hub: Peer, folder: Path) -> Iterator[Peer]:
    secret, port = folder / "secret", free_port()
    secret.write_text(SECRET)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTERHUB_")} | {
        "JUPYTERHUB_API_TOKEN": "token",
        "JUPYTERHUB_API_URL": f"http://127.0.0.1:{hub.port}/hub/api",
        "JUPYTERHUB_CLIENT_ID": "service-flowauth",
    }
    command = ["-m", "jupyter_flowauth.hub", f"--url=http://127.0.0.1:{port}", f"--cookie-secret-file={secret}", *UNLIMITED]
    with running(command, port, f"{PREFIX}health", environment) as relay:
        yield relay


async def send(ports: list[int], requests: list[tuple[str, str]]) -> list[float]:
    """Send requests over a few connections, and return how long each took."""
    waiting, taken = list(enumerate(requests)), []

    async def work() -> None:
        connections = [await asyncio.open_connection("127.0.0.1", port) for port in ports]
        while waiting:
            number, (path, cookies) = waiting.pop()
            reader, writer = connections[number % len(ports)]
            began = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            taken.append(time.perf_counter() - began)
            assert head.startswith((b"HTTP/1.1 303", b"HTTP/1.1 302")), head[:60]
        for _, writer in connections:
            writer.close()

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return taken


def callbacks() -> list[tuple[str, str]]:
    logins = [build_login() for _ in range(50)]
    ways = [(f"{PREFIX}callback/globus?code=code&state={login.state}", login.cookies) for login in logins]
    return [ways[number % len(ways)] for number in range(REQUESTS)]


def load(peers: list[Peer], requests: list[tuple[str, str]]) -> tuple[float, float, float]:
    """Return requests per second of processor time, requests per second, and the 99th percentile of how long one took."""
    asyncio.run(send([peer.port for peer in peers], requests[:100]))
    before, began = sum(peer.cpu_seconds() for peer in peers), time.perf_counter()
    taken = asyncio.run(send([peer.port for peer in peers], requests))
    seconds, cpu = time.perf_counter() - began, sum(peer.cpu_seconds() for peer in peers) - before
    return len(requests) / cpu, len(requests) / seconds, statistics.quantiles(taken, n=100)[98]


def measure() -> list[Figure]:
    """Return the figures: by processor time, so that what else runs on the machine is no part of them."""
    requests, hub_port, bare_port = callbacks(), free_port(), free_port()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        hub = stack.enter_context(running(["-m", "benchmarks.relay_peers", "hub", str(hub_port)], hub_port, "/hub/api/user"))
        bare = stack.enter_context(running(["-m", "benchmarks.relay_peers", "bare", str(bare_port)], bare_port, f"{PREFIX}callback/globus"))
        relays = [stack.enter_context(running_relay(hub, folder)) for _ in range(2)]
        theirs, one, two = load([bare], requests), load(relays[:1], requests), load(relays, requests)
        before = relays[0].megabytes()
        starts = [(f"{PREFIX}start?{login.start.to_query()}", login.cookies) for login in (build_login() for _ in range(LOGINS))]
        begun = load(relays[:1], starts)
        grown = relays[0].megabytes() - before
    note = "the relay asks the Hub and seals besides"
    return [
        Figure("relay: callbacks per second and core", "–", f"{one[0]:.0f}", f"{theirs[0]:.0f}", None, note),
        Figure("relay: starts per second and core", "–", f"{begun[0]:.0f}", "–", None, "of browsers that it knows"),
        Figure("relay: 99th percentile of a callback", "–", milliseconds(one[2]), milliseconds(theirs[2]), None, f"{AT_ONCE} at once"),
        Figure("relay: two replicas beside one, per core", "–", f"{two[0] / one[0]:.2f} ×", "–", None,
               f"by the clock {two[1]:.0f}/s beside {one[1]:.0f}/s, on {os.cpu_count()} cores with the Hub and the load"),
        Figure(f"relay: memory with {LOGINS} logins in flight", "at most 5 MB more", f"{grown:+.1f} MB", "–", grown <= 5,
               f"of {before:.0f} MB"),
    ]  # fmt: skip
