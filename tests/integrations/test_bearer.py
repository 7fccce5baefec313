"""``auth.bearer`` in requests and httpx: against the sandbox, and against servers that send it elsewhere (ATTACKS 25)."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import requests

from jupyter_flowauth.errors import ConfigurationError
from jupyter_flowauth.integrations.bearer import build_bearer_auth
from jupyter_flowauth.sandbox.catalogue import TRANSFER_ALL, VIEW_MY_GROUPS
from jupyter_flowauth.secret import Secret


class Renewable:
    """An authorizer whose token is renewed once by a refusal."""

    def __init__(self) -> None:
        self.number = self.refusals = 0

    def get_authorization_header(self):
        return f"Bearer SENTINEL-{self.number}"

    def handle_missing_authorization(self):
        self.refusals += 1
        self.number += 1
        return self.number == 1


class Server:
    """A service that answers as told: statuses one after another, or a redirect."""

    def __init__(self, *statuses, location=None):
        self.seen, self.bodies, left = [], [], list(statuses)
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.seen.append(self.headers.get("Authorization"))
                server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
                self.send_response(left.pop(0) if left else 200)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET  # noqa: N815 - the name that http.server asks for

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, host="127.0.0.1"):
        return f"http://{host}:{self.http.server_address[1]}/"


@pytest.fixture
def serve():
    servers = []

    def start(*statuses, location=None):
        servers.append(Server(*statuses, location=location))
        return servers[-1]

    yield start
    for server in servers:
        server.http.shutdown()
        server.http.server_close()


def with_requests(url, auth, **options):
    return requests.request("POST" if options else "GET", url, auth=auth, timeout=60, **options).status_code


def with_httpx(url, auth, **options):
    with httpx.Client(follow_redirects=True, trust_env=False) as client:
        return client.request("POST" if options else "GET", url, auth=auth, **options).status_code


def with_httpx_async(url, auth, **options):
    async def go():
        async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as client:
            return (await client.request("POST" if options else "GET", url, auth=auth, **options)).status_code

    return asyncio.run(go())


every_client = pytest.mark.parametrize("send", [with_requests, with_httpx, with_httpx_async])


@every_client
def test_the_bearer_opens_the_service(demo, send):
    auth = demo.auth()
    auth.login([VIEW_MY_GROUPS])
    assert send(f"{demo.sandbox.url}/v2/groups/my_groups", auth.bearer(VIEW_MY_GROUPS)) == 200


@every_client
def test_an_expired_token_is_renewed_and_the_request_repeated(demo, send):
    auth = demo.auth()
    auth.login([VIEW_MY_GROUPS])
    demo.sandbox.expire_access_tokens()
    assert send(f"{demo.sandbox.url}/v2/groups/my_groups", auth.bearer(VIEW_MY_GROUPS)) == 200
    assert demo.sandbox.count("token:refresh_token") == 1


@every_client
def test_a_refusal_is_met_once(serve, send):
    server, authorizer = serve(401, 401, 401), Renewable()
    assert send(server.url(), build_bearer_auth(authorizer)) == 401
    assert (server.seen, authorizer.refusals) == (["Bearer SENTINEL-0", "Bearer SENTINEL-1"], 1)


@every_client
def test_where_no_other_token_is_to_be_had_the_refusal_stands(serve, send):
    server, authorizer = serve(401), Renewable()
    authorizer.number = 5
    assert send(server.url(), build_bearer_auth(authorizer)) == 401
    assert len(server.seen) == 1


@every_client
def test_what_was_sent_is_sent_again(serve, send):
    server = serve(401)
    send(server.url(), build_bearer_auth(Renewable()), data={"a": "b"})
    assert server.bodies == [b"a=b", b"a=b"]


def test_a_file_is_sent_again_from_its_beginning(serve, tmp_path):
    server = serve(401)
    (tmp_path / "x").write_bytes(b"content")
    with (tmp_path / "x").open("rb") as file:
        requests.post(server.url(), data=file, auth=build_bearer_auth(Renewable()), timeout=60)
    assert server.bodies == [b"content", b"content"]


@every_client
def test_a_redirect_to_another_host_does_not_take_the_bearer_along(serve, send):
    """ATTACKS 25."""
    evil = serve()
    send(serve(302, location=evil.url("localhost")).url(), build_bearer_auth(Renewable()))
    assert evil.seen == [None]


@every_client
def test_a_refusal_at_another_host_does_not_get_the_bearer_either(serve, send):
    """ATTACKS 25: where a redirect has led, a 401 asks for a token that isn't meant for there."""
    evil, authorizer = serve(401, 401, 401), Renewable()
    send(serve(302, 302, location=evil.url("localhost")).url(), build_bearer_auth(authorizer))
    assert (set(evil.seen), authorizer.refusals) == ({None}, 0)


@every_client
def test_a_bearer_of_a_known_service_goes_to_no_other_host(demo, serve, send):
    """ATTACKS 25."""
    auth, evil = demo.auth(), serve()
    auth.login([TRANSFER_ALL])
    with pytest.raises(ConfigurationError, match="was not sent to"):
        send(evil.url(), auth.bearer(TRANSFER_ALL))
    assert evil.seen == []


def test_a_token_of_the_environment_goes_to_its_scopes_service_alone(demo, serve, monkeypatch):
    """ATTACKS 25: it doesn't say whose it is, and Globus's own scopes do."""
    evil = serve()
    monkeypatch.setenv("FLOWAUTH_TOKEN", "SENTINEL")
    monkeypatch.setenv("FLOWAUTH_TOKEN_SCOPES", f"{VIEW_MY_GROUPS} https://auth.globus.org/scopes/somebodys/own")
    auth = demo.auth()
    with pytest.raises(ConfigurationError, match="was not sent to"):
        with_requests(evil.url(), auth.bearer(VIEW_MY_GROUPS))
    assert with_requests(f"{demo.sandbox.url}/v2/groups/my_groups", auth.bearer(VIEW_MY_GROUPS)) == 401
    assert with_requests(evil.url(), auth.bearer("https://auth.globus.org/scopes/somebodys/own")) == 200
    assert evil.seen == ["Bearer SENTINEL"]


@every_client
def test_a_bearer_of_a_known_service_is_not_sent_in_the_clear(send):
    """ATTACKS 25: the right host, and everybody on the way."""
    auth = build_bearer_auth(Renewable(), hosts=("service.example.org",))
    with pytest.raises(ConfigurationError, match="without encryption; use https"):
        send("http://service.example.org/", auth)


def test_an_authorizer_without_a_header_sends_none(serve):
    class Nothing(Renewable):
        def get_authorization_header(self):
            return None

    server = serve()
    with_requests(server.url(), build_bearer_auth(Nothing()))
    assert server.seen == [None]


def test_a_request_that_carries_a_bearer_shows_no_token():
    """ATTACKS 10: whoever debugs a request prints its headers."""
    authorizer = Renewable()
    authorizer.get_authorization_header = lambda: Secret("Bearer SENTINEL")
    request = requests.Request("GET", "https://service.example.org/", auth=build_bearer_auth(authorizer)).prepare()
    assert (request.headers["Authorization"], "SENTINEL" in repr(request.headers)) == ("Bearer SENTINEL", False)


def test_a_bearer_shows_no_token():
    assert "SENTINEL" not in repr(build_bearer_auth(Renewable()))
    assert isinstance(build_bearer_auth(Renewable()), httpx.Auth)
