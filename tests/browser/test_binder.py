"""The demo on Binder: a proxy with a prefix in front, https and another name, and a browser that reaches that proxy and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import json
import os
import secrets
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, BrowserContext, Error, expect
from tornado import web, websocket
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer

from jupyter_flowauth.cli.demo import _wait_until_ready
from jupyter_flowauth.cli.ports import free_port

from .chromium import ARGUMENTS, find_chromium, new_context
from .notebook import Notebook
from .provider_pages import agree, open_popup
from .secrecy import Secrecy, find_secrets

ROOT = Path(__file__).parents[2]
HOST, PREFIX = "hub.binder.example", "/user/demo-abc/"
LOAD, LOGIN, USE = 1, 3, 5
_KEPT_BACK = {"connection", "content-length", "transfer-encoding", "content-encoding", "upgrade", "keep-alive"}


@dataclass
class Binder:
    """A server as Binder runs it.

    :param url: where browsers find it.
    """

    url: str
    token: str = field(repr=False)
    sandbox_url: str
    log: Path

    @property
    def notebook_url(self) -> str:
        return f"{self.url}lab/tree/demo.ipynb?token={self.token}"


class Proxied(websocket.WebSocketHandler):
    """What a Hub's proxy does: a prefix to one server, its own name kept, https said."""

    def initialize(self, port: int) -> None:
        self.port, self.upstream = port, None

    def check_origin(self, origin: str) -> bool:
        return True

    async def get(self, *args: Any) -> None:
        if self.request.headers.get("Upgrade", "").lower() == "websocket":
            await super().get()
        else:
            await self.pass_on()

    async def pass_on(self) -> None:
        request = HTTPRequest(
            f"http://127.0.0.1:{self.port}{self.request.uri}",
            method=self.request.method,
            headers=self.passed_on(),
            body=self.request.body or None,
            follow_redirects=False,
            allow_nonstandard_methods=True,
            request_timeout=60,
        )
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        self.set_status(answer.code)
        self._headers.clear()
        for name, value in answer.headers.get_all():
            if name.lower() not in _KEPT_BACK:
                self.add_header(name, value)
        if answer.code not in {204, 304}:
            self.write(answer.body or b"")
        await self.finish()

    post = put = patch = delete = head = pass_on

    def passed_on(self) -> dict[str, str]:
        own = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": HOST}
        return {name: value for name, value in self.request.headers.items() if name.lower() not in _KEPT_BACK} | own

    async def open(self, *args: Any) -> None:
        headers = {name: value for name, value in self.passed_on().items() if not name.startswith("Sec-Websocket")}
        url = f"ws://127.0.0.1:{self.port}{self.request.uri}"
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "")
        chosen = [name.strip() for name in offered.split(",") if name.strip()]
        self.upstream = await websocket.websocket_connect(HTTPRequest(url, headers=headers), subprotocols=chosen)
        self.waiting = asyncio.ensure_future(self.send_back())

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return next((name for name in subprotocols if name == "v1.kernel.websocket.jupyter.org"), None)

    async def send_back(self) -> None:
        while (message := await self.upstream.read_message()) is not None:
            with contextlib.suppress(websocket.WebSocketClosedError):
                await self.write_message(message, binary=isinstance(message, bytes))
        self.close()

    async def on_message(self, message: str | bytes) -> None:
        await self.upstream.write_message(message, binary=isinstance(message, bytes))

    def on_close(self) -> None:
        if self.upstream is not None:
            self.upstream.close()


@contextlib.contextmanager
def running_proxy(upstream_port: int, folder: Path) -> Iterator[int]:
    """Serve the prefix over https in a thread, and give the port."""
    started, port = threading.Event(), free_port()
    control = SimpleNamespace(loop=None, until=None)

    async def serve() -> None:
        control.loop, control.until = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application([(f"{PREFIX}.*", Proxied, {"port": upstream_port})], log_function=lambda _: None)
        server = HTTPServer(application, ssl_options=make_certificate(folder))
        server.listen(port, "127.0.0.1")
        started.set()
        await control.until.wait()
        server.stop()
        await server.close_all_connections()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(60)
    yield port
    control.loop.call_soon_threadsafe(control.until.set)
    thread.join(60)


def make_certificate(folder: Path) -> ssl.SSLContext:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.add_extension(names, critical=False).serial_number(1)
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    pem = folder / "proxy.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


@pytest.fixture(scope="module")
def binder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Binder]:
    """What Binder's spawner does: its own command line behind binder/start, and its proxy in front."""
    folder, port, token = tmp_path_factory.mktemp("binder"), free_port(), secrets.token_hex(16)
    log = folder / "jupyter.log"
    command = [
        *("bash", str(ROOT / "binder" / "start"), "jupyter-notebook", "--ip=127.0.0.1", f"--port={port}", "--no-browser"),
        *(f"--NotebookApp.base_url={PREFIX}", f"--NotebookApp.token={token}", "--NotebookApp.trust_xheaders=True"),
        *("--ServerApp.allow_remote_access=True", "--ServerApp.port_retries=0", *(["--allow-root"] if os.getuid() == 0 else [])),
    ]
    with tempfile.TemporaryDirectory(prefix="flowauth-binder-", ignore_cleanup_errors=True) as temporary, log.open("w") as file:
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TMPDIR": temporary}
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, text=True, env=environment, cwd=ROOT, start_new_session=True
        )
        try:
            _wait_until_ready(process, f"http://127.0.0.1:{port}{PREFIX}", log)
            with running_proxy(port, folder) as proxy_port:
                yield Binder(f"https://{HOST}:{proxy_port}{PREFIX}", token, _sandbox_of(Path(temporary)), log)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def _sandbox_of(temporary: Path) -> str:
    settings = next(temporary.glob("flowauth-demo-*/config/jupyter_server_config.json"))
    return str(json.loads(settings.read_text())["FlowAuthExtension"]["sandbox_url"])


@pytest.fixture
def secrecy() -> Secrecy:
    return Secrecy()


@pytest.fixture
def context(browser: Browser, secrecy: Secrecy) -> Iterator[BrowserContext]:
    """A browser on another machine: every name but the proxy's leads nowhere."""
    rules = f"--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP * ~NOTFOUND"
    far = browser.browser_type.launch(executable_path=find_chromium(), args=[*ARGUMENTS, rules])
    context = new_context(far, viewport={"width": 1280, "height": 1000}, ignore_https_errors=True)
    secrecy.watch(context)
    yield context
    far.close()


@pytest.fixture(autouse=True)
def nothing_secret_is_seen(binder: Binder, context: BrowserContext, secrecy: Secrecy) -> Iterator[None]:
    """Search what the browser was sent, and the log."""
    yield
    for page in context.pages:
        secrecy.look_at(page)
    assert secrecy.search() == []
    assert list(find_secrets(binder.log.read_bytes(), [])) == []


def open_demo(context: BrowserContext, binder: Binder) -> Notebook:
    page = context.new_page()
    page.goto(binder.notebook_url)
    notebook = Notebook(page, SimpleNamespace(front="lab"), "demo.ipynb")  # type: ignore[arg-type]
    expect(page.get_by_text("(ipykernel) | Idle")).to_be_visible()
    return notebook


def test_the_demo_logs_in_behind_a_proxy_prefix(context: BrowserContext, binder: Binder) -> None:
    visited: list[str] = []
    context.on("request", lambda request: visited.append(request.url))
    notebook = open_demo(context, binder)
    notebook.run(LOAD)
    notebook.start(LOGIN)
    agree(open_popup(notebook.expect_card(LOGIN)))
    expect(notebook.output(LOGIN)).to_contain_text("You are alice@sandbox.example, 2 scopes granted")
    notebook.run(USE)
    expect(notebook.output(USE)).to_contain_text("[")
    assert any(f"{PREFIX}flowauth/sandbox/" in url for url in visited)
    assert [url for url in visited if url.startswith("http") and not url.startswith(binder.url)] == []


def test_the_browser_cannot_reach_the_sandbox_itself(context: BrowserContext, binder: Binder) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        context.new_page().goto(binder.sandbox_url)


@pytest.mark.parametrize("page", ["v2/oauth2/token", "admin/counters", "v2/groups/my_groups", "jwk.json"])
def test_only_the_pages_of_the_sandbox_come_through(context: BrowserContext, binder: Binder, page: str) -> None:
    answer = context.new_page().goto(f"{binder.url}flowauth/sandbox/{page}?token={binder.token}")
    assert answer is not None
    assert answer.status == 404
