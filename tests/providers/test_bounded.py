from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.providers import bounded
from jupyter_flowauth.providers.bounded import is_connection_refused, send_within
from jupyter_flowauth.providers.globus import GlobusProvider


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(bounded, "FIRST_PAUSE_SECONDS", 0.001)


def send(outcomes, *, seconds=5.0):
    """Send requests that end as listed, and return what came and how many were sent."""
    left = list(outcomes)

    def one():
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    try:
        return send_within(one, seconds=seconds, provider="P", address="https://p"), len(outcomes) - len(left)
    except ProviderError as error:
        return error.message, len(outcomes) - len(left)


BUSY = ProviderError("busy", nothing_done=True)
BROKEN = ProviderError("broken")


@pytest.mark.parametrize(
    "outcomes, end",
    [
        (["good"], ("good", 1)),
        ([BUSY, "good"], ("good", 2)),
        ([BUSY, BUSY, "good"], ("good", 3)),
        ([BUSY, BUSY, BUSY, "good"], ("busy", 3)),
        ([BROKEN, "good"], ("broken", 1)),
        ([BUSY, BROKEN, "good"], ("broken", 2)),
        ([ProviderError("later", nothing_done=True, retry_after_seconds=0.001), "good"], ("good", 2)),
        ([ProviderError("much later", nothing_done=True, retry_after_seconds=3600), "good"], ("much later", 1)),
    ],
)
def test_only_what_did_nothing_is_sent_again(outcomes, end):
    assert send(outcomes) == end


def test_an_answer_that_comes_a_byte_at_a_time_is_bounded_too():
    never = threading.Event()
    with pytest.raises(ProviderError, match="didn't answer in time"):
        send_within(lambda: never.wait(30), seconds=0.05, provider="P", address="https://p")
    never.set()


def test_a_time_out_of_the_request_itself_is_its_own():
    def fail():
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        send_within(fail, seconds=5, provider="P", address="https://p")


def test_a_refused_connection_is_seen_through_its_wrappers():
    wrapped = OSError("wrapped", ConnectionRefusedError(111, "refused"))
    assert is_connection_refused(wrapped)
    assert not is_connection_refused(ConnectionResetError(104, "reset"))
    assert not is_connection_refused(None)


class Bloated(BaseHTTPRequestHandler):
    """A provider whose every answer is valid JSON, and far too much of it."""

    packed = False

    def do_GET(self):
        body = b'{"issuer": "' + b"x" * (bounded.LARGEST_ANSWER_BYTES + 1) + b'"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if self.packed:
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return  # the client has had enough, and hung up

    def log_message(self, *args):
        """Say nothing."""


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_without_an_end_is_not_read_to_it(monkeypatch, packed):
    """ATTACKS 16: what is packed is measured as it is unpacked."""
    monkeypatch.setattr(Bloated, "packed", packed)
    server = HTTPServer(("127.0.0.1", 0), Bloated)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        monkeypatch.setenv("GLOBUS_SDK_SERVICE_URL_AUTH", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(ProviderError, match="Globus answered more than an answer may hold"):
            GlobusProvider("client").build_authorization_request((), state="s", nonce="n", code_challenge="c", login_hint=None)
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()
