"""A page on another site than Jupyter's, as most providers' are: the sandbox that the other tests meet is behind Jupyter's own origin."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Page, expect

CUTS_THE_TIE = "cuts"
HEADING = "A provider's page on another site"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if self.path == f"/{CUTS_THE_TIE}":
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.end_headers()
        self.wfile.write(f"<!doctype html><title>Elsewhere</title><h1>{HEADING}</h1>".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Elsewhere:
    """Another site: ``localhost``, where Jupyter is at 127.0.0.1."""

    url: str

    def lead(self, popup: Page, path: str = "") -> str:
        """Let the page that a popup shows lead it here, and return where it was."""
        expect(popup.get_by_role("heading", name="Log in")).to_be_visible()
        before = popup.url
        go_to(popup, f"{self.url}{path}")
        expect(popup.get_by_role("heading", name=HEADING)).to_be_visible()
        return before


def go_to(popup: Page, address: str) -> None:
    """Let a page lead itself somewhere, as its own links do."""
    popup.evaluate("address => { setTimeout(() => { location.href = address; }); }", address)
    popup.wait_for_url(address)


@contextlib.contextmanager
def running_elsewhere() -> Iterator[Elsewhere]:
    """Run the other site until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Elsewhere(f"http://localhost:{server.server_port}/")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
