"""A server that is on a Hub, with a relay that is no more than its version: what it finds, what it says, where it sends the browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from jupyter_flowauth import wiring
from jupyter_flowauth.relay_protocol import RELAY_SERVICE, RelayStart, build_public_key, parse_start, seal_answer
from jupyter_flowauth.server.relay import HubPlace, read_hub_place

from .conftest import CODE, ISSUER, Browser

HUB = {"JUPYTERHUB_USER": "alice", "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api", "JUPYTERHUB_BASE_URL": "/prefix/"}


class Version(RequestHandler):
    answer: Any = None
    asked = 0

    def get(self) -> None:
        Version.asked += 1
        self.finish(json.dumps(self.answer))


@pytest.fixture
def relay_answer() -> Any:
    return {"service": RELAY_SERVICE, "protocol": 1, "version": "0.1.0"}


@pytest.fixture
def relay(own_environment: None, monkeypatch: pytest.MonkeyPatch, relay_answer: Any, jp_asyncio_loop: Any) -> Iterator[str]:
    """Announce a Hub in the environment before the server starts, and answer for its relay."""
    socket, port = bind_unused_port(address="127.0.0.1")
    monkeypatch.setattr(Version, "answer", relay_answer)
    monkeypatch.setattr(Version, "asked", 0)

    async def serve() -> HTTPServer:
        server = HTTPServer(Application([("/services/flowauth/version", Version)]))
        server.add_socket(socket)
        return server

    server = jp_asyncio_loop.run_until_complete(serve())
    for name, value in {**HUB, "FLOWAUTH_RELAY_URL": f"http://127.0.0.1:{port}/services/flowauth/"}.items():
        monkeypatch.setenv(name, value)
    yield f"http://127.0.0.1:{port}/services/flowauth/"
    server.stop()


@pytest.fixture
def alice(relay: str, jp_serverapp: Any) -> None:
    """The Jupyter user is the Hub's, as ``jupyterhub.singleuser`` has it."""
    provider = jp_serverapp.identity_provider
    make = provider.generate_anonymous_user

    def named(handler: Any) -> Any:
        user = make(handler)
        user.username = "alice"
        return user

    provider.generate_anonymous_user = named


async def start_of(browser: Browser, request: Any) -> RelayStart:
    response = await browser.get(f"flowauth/login/{request.login_id}")
    assert response.code == 302, response.body
    values = parse_qs(urlsplit(response.headers["Location"]).query, keep_blank_values=True)
    return parse_start({name: given[0] for name, given in values.items()})


def sealed(request: Any, start: RelayStart, **changes: str) -> str:
    answer = {"code": CODE, "state": request.authorization.state, "iss": ISSUER, **changes}
    return urlencode({"login": start.login_id, "sealed": seal_answer(answer, start)})


async def test_a_login_goes_to_the_relay_and_says_whose_it_is(relay, alice, browser, open_login):
    request = open_login()
    start = await start_of(browser, request)
    assert (start.login_id, start.user, start.server, start.provider) == (request.login_id, "alice", "", "globus")


async def test_the_way_on_is_the_provider_with_the_relays_redirect_uri(relay, alice, browser, open_login):
    request = open_login()
    await start_of(browser, request)
    response = await browser.get(f"flowauth/login/{request.login_id}", relayed="1")
    sent = parse_qs(urlsplit(response.headers["Location"]).query)
    assert sent["redirect_uri"] == [f"{relay}callback/globus"]
    assert sent["state"] == [request.authorization.state]


async def test_only_the_browser_that_opened_it_goes_on(relay, alice, browser, open_login):
    request = open_login()
    await start_of(browser, request)
    browser.cookies = {name: value for name, value in browser.cookies.items() if not name.startswith("flowauth-")}
    assert (await browser.get(f"flowauth/login/{request.login_id}", relayed="1")).code == 403


async def test_a_relayed_answer_reaches_the_kernel_with_the_relays_redirect_uri(relay, alice, browser, open_login, rendezvous):
    request = open_login()
    start = await start_of(browser, request)
    response = await browser.get(f"flowauth/callback/globus?{sealed(request, start)}")
    assert response.code == 303, response.body
    answer = rendezvous.take_response(request.login_id)
    assert (answer.code, answer.redirect_uri) == (CODE, f"{relay}callback/globus")


async def test_a_relayed_answer_for_another_browser_is_refused(relay, alice, browser, open_login, rendezvous):
    request = open_login()
    start = await start_of(browser, request)
    forged = RelayStart(start.login_id, "globus", "alice", "", start.state_sha256, build_public_key(b"the key of somebody else"))
    assert (await browser.get(f"flowauth/callback/globus?{sealed(request, forged)}")).code == 403
    assert not rendezvous.is_taken(request.login_id)


async def test_a_relayed_answer_with_another_state_is_refused(relay, alice, browser, open_login, rendezvous):
    request = open_login()
    start = await start_of(browser, request)
    other = f"{request.login_id}.{'x' * 43}"
    assert (await browser.get(f"flowauth/callback/globus?{sealed(request, start, state=other)}")).code == 400
    assert not rendezvous.is_taken(request.login_id)


async def test_an_answer_past_the_relay_is_refused(relay, alice, browser, open_login, rendezvous):
    request = open_login()
    await start_of(browser, request)
    assert (await browser.come_back(request)).code == 409
    assert not rendezvous.is_taken(request.login_id)


@pytest.mark.parametrize("query", ["sealed=x", "sealed=%FF&login=%FF", "sealed=&login=", f"sealed=AAAA&login={'0' * 32}"])
async def test_what_is_no_relayed_answer_is_refused(relay, alice, browser, query):
    assert (await browser.get(f"flowauth/callback/globus?{query}")).code == 403


async def test_the_relay_is_asked_once(relay, alice, browser, open_login):
    request = open_login()
    for _ in range(3):
        assert json.loads((await browser.get(f"flowauth/api/logins/{request.login_id}")).body)["rung"] == "server"
    assert Version.asked == 1


async def test_another_hub_user_is_not_logged_in_here(relay, browser, open_login):
    response = await browser.get(f"flowauth/login/{open_login().login_id}")
    assert response.code == 403
    assert b"This server belongs to alice" in response.body


@pytest.mark.parametrize(
    ("relay_answer", "reason"),
    [
        ({"service": RELAY_SERVICE, "protocol": 2, "version": "9.9"}, "(version 9.9) isn't of the kind"),
        ({"service": "something else"}, "no relay that answers"),
        (["no object"], "no relay that answers"),
        ({"service": RELAY_SERVICE, "protocol": 1, "padding": "x" * 5000}, "no relay that answers"),
    ],
)
async def test_without_a_relay_that_it_understands_a_server_goes_its_own_way(relay, alice, browser, open_login, reason):
    request = open_login()
    values = json.loads((await browser.get(f"flowauth/api/logins/{request.login_id}")).body)
    assert reason in values["rung_reason"]
    sent = await browser.open(request)
    assert sent["redirect_uri"].startswith(browser.base)


async def test_a_provider_that_does_not_know_the_relay_is_reached_directly(relay, alice, browser, open_login):
    request = open_login(authorization={"redirect_uris": (f"{browser.base}flowauth/callback/globus",)})
    assert (await browser.open(request))["redirect_uri"].startswith(browser.base)


async def test_the_page_names_the_relays_address_if_nothing_is_registered(relay, alice, browser, open_login):
    request = open_login(authorization={"redirect_uris": ("https://elsewhere.example/x",)})
    response = await browser.get(f"flowauth/login/{request.login_id}")
    assert f"{relay}callback/globus".encode() in response.body


async def test_how_says_which_way_a_login_takes(relay, alice, browser, open_login, rendezvous):
    await start_of(browser, open_login())
    server, why_not = wiring.find_server(rendezvous)
    assert why_not is None
    assert server.note == f"by way of this Hub's relay at {relay}"
    assert "Hub's relay" in wiring.describe_ladder()


@pytest.mark.parametrize("name", ["JUPYTERHUB_USER", "JUPYTERHUB_API_URL"])
def test_without_a_hub_there_is_no_relay(name):
    assert read_hub_place({**HUB, name: ""}) is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "http://127.0.0.1:8888/prefix/services/flowauth/"),
        ({"JUPYTERHUB_PUBLIC_HUB_URL": "https://hub.example/prefix/hub/"}, "https://hub.example/prefix/services/flowauth/"),
        ({"JUPYTERHUB_HOST": "https://hub.example"}, "https://hub.example/prefix/services/flowauth/"),
        ({"FLOWAUTH_RELAY_URL": "https://services.hub.example/services/flowauth"}, "https://services.hub.example/services/flowauth/"),
    ],
)
def test_where_browsers_find_the_relay(environment, expected):
    from jupyter_flowauth.server.origins import Place

    hub = read_hub_place({**HUB, **environment})
    assert isinstance(hub, HubPlace)
    assert hub.relay_address(Place("http://127.0.0.1:8888", "/user/alice/")) == expected
