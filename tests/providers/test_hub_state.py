"""The Hub's API over HTTP: what is asked, with what, and what its answers mean."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.providers.hub_state import HubApi


class Hub(BaseHTTPRequestHandler):
    status = 200
    body: object = None
    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Authorization"]))
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        self.wfile.write(json.dumps(self.body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[tuple[type[Hub], HubApi]]:
    kind = type("OwnHub", (Hub,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield kind, HubApi(f"http://127.0.0.1:{server.server_address[1]}/hub/api/", "al ice/x", "the token")
        server.shutdown()
        thread.join()


def test_the_users_own_state_is_asked_for_with_the_servers_token(hub):
    kind, api = hub
    kind.body = {"name": "al ice/x", "auth_state": {"access_token": "a"}}
    assert api.read_auth_state() == {"access_token": "a"}
    assert kind.seen == [("/hub/api/users/al%20ice%2Fx", "token the token")]


@pytest.mark.parametrize("body", [{"name": "al ice/x"}, {"auth_state": None}, {"auth_state": "pickle"}, ["x"], None])
def test_a_hub_that_shows_none_has_none(hub, body):
    kind, api = hub
    kind.body = body
    assert api.read_auth_state() is None


@pytest.mark.parametrize("name", ["alice", None, ["al ice/x"]])
def test_an_answer_about_somebody_else_is_refused(hub, name):
    kind, api = hub
    kind.body = {"name": name, "auth_state": {"access_token": "a"}}
    with pytest.raises(ProviderError, match="another user"):
        api.read_auth_state()


def test_an_answer_without_end_is_refused(hub):
    kind, api = hub
    kind.body = {"auth_state": {"access_token": "a", "more": "x" * 5_000_000}}
    with pytest.raises(ProviderError):
        api.read_auth_state()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_server_that_may_not_see_it_gets_none(hub, status):
    kind, api = hub
    kind.status = status
    assert api.read_auth_state() is None


@pytest.mark.parametrize("status", [302, 500, 502])
def test_any_other_answer_is_an_error_and_no_redirect_is_followed(hub, status):
    kind, api = hub
    kind.status = status
    with pytest.raises(ProviderError, match=str(status)):
        api.read_auth_state()
    assert len(kind.seen) == 1


def test_no_repr_shows_the_token(hub):
    assert "the token" not in repr(vars(hub[1]))
