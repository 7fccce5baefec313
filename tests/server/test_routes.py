"""ATTACKS 8: no verb without a guard, whatever the server's own settings are. ATTACKS 7: what changes something wants `_xsrf`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_server.auth import Authorizer
from tornado.web import RequestHandler

from jupyter_flowauth.pkce import generate_login_id
from jupyter_flowauth.server.routes import ROUTES, SANDBOX_ROUTE, Route
from jupyter_flowauth.server.sandbox_proxy import PAGES

from .conftest import Browser

ALL_ROUTES: tuple[Route, ...] = (*ROUTES, SANDBOX_ROUTE)
# Each with its reason beside the decorator. OPTIONS is jupyter_server's own, and answers with headers alone.
OPEN = {("CallbackHandler", "GET"), ("CallbackHandler", "HEAD"), ("DoneHandler", "GET")}


def walk() -> Iterator[tuple[Route, str]]:
    for route in ALL_ROUTES:
        for verb in RequestHandler.SUPPORTED_METHODS:
            method = getattr(route[1], verb.lower())
            if method is not RequestHandler._unimplemented_method and verb != "OPTIONS":
                yield route, verb


def spell(pattern: str) -> str:
    """Return a path that a route's pattern matches."""
    spelled = pattern.replace("([0-9a-f]{32})", generate_login_id()).replace("([0-9a-f]{16}-[0-9a-f]{16})", f"{'0' * 16}-{'0' * 16}")
    spelled = spelled.replace(f"({PAGES})", "p/login").replace("+flowauth/+callback(?:/(.*)|[^/].*)?", "flowauth/callback/globus")
    assert re.fullmatch(f"/{pattern}", f"/{spelled}")
    return spelled


GUARDED = [pytest.param(spell(route[0]), verb, id=f"{verb} {route[0]}") for route, verb in walk() if (route[1].__name__, verb) not in OPEN]


@pytest.fixture
def extension_config() -> dict[str, Any]:
    return {"sandbox_url": "http://127.0.0.1:9"}


def test_open_verbs_are_these_and_no_more() -> None:
    marked = {
        (route[1].__name__, verb) for route, verb in walk() if getattr(getattr(route[1], verb.lower()), "__allow_unauthenticated", False)
    }
    assert marked == OPEN


@pytest.mark.parametrize(("route", "verb"), [pytest.param(*each, id=f"{each[1]} {each[0][0]}") for each in walk()])
def test_verb_says_its_guard(route: Route, verb: str) -> None:
    # Either guard alone refuses a stranger, so that only the source shows whether both are there.
    decorators = [line.strip() for line in inspect.getsource(getattr(route[1], verb.lower())).splitlines() if line.strip().startswith("@")]
    assert decorators == (["@allow_unauthenticated"] if (route[1].__name__, verb) in OPEN else ["@web.authenticated", "@authorized"])


def test_every_route_of_the_extension_is_walked(jp_serverapp: Any) -> None:
    rules = list(flatten(jp_serverapp.web_app.default_router))
    ours = {rule.target for rule in rules if "flowauth/" in getattr(getattr(rule.matcher, "regex", None), "pattern", "")}
    assert ours == {handler for _, handler in ALL_ROUTES}


def flatten(router: Any) -> Iterator[Any]:
    for rule in getattr(router, "rules", ()):
        yield rule
        yield from flatten(rule.target)


@pytest.mark.parametrize(("path", "verb"), GUARDED)
async def test_verb_wants_the_jupyter_login(stranger: Browser, path: str, verb: str) -> None:
    await assert_refused(stranger, path, verb)


@pytest.mark.parametrize(
    "jp_server_config",
    [
        {
            "ServerApp": {"jpserver_extensions": {"jupyter_flowauth": True}, "allow_unauthenticated_access": True},
            "FlowAuthExtension": {"sandbox_url": "http://127.0.0.1:9"},
        }
    ],
)
@pytest.mark.parametrize(("path", "verb"), GUARDED)
async def test_verb_wants_it_even_where_the_server_lets_strangers_in(stranger: Browser, path: str, verb: str) -> None:
    # A form's own protection passes, so that the login alone stands in the way.
    stranger.cookies["_xsrf"] = "2|00000000|00000000000000000000000000000000|0"
    stranger.headers["X-XSRFToken"] = stranger.cookies["_xsrf"]
    await assert_refused(stranger, path, verb)


async def assert_refused(stranger: Browser, path: str, verb: str) -> None:
    response = await stranger.request(verb, path, body="{}" if verb == "POST" else None)
    is_sent_to_login = response.code == 302 and "/login?next=" in response.headers["Location"]
    assert response.code == 403 or is_sent_to_login


class DenyAll(Authorizer):
    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        assert resource == "flowauth"
        return False


@pytest.mark.parametrize(("path", "verb"), GUARDED)
async def test_verb_asks_the_servers_authorizer(browser: Browser, jp_serverapp: Any, path: str, verb: str) -> None:
    jp_serverapp.web_app.settings["authorizer"] = DenyAll(parent=jp_serverapp)
    response = await browser.request(verb, path, body="{}" if verb == "POST" else None)
    assert response.code == 403


API_POSTS = [parameter for parameter in GUARDED if parameter.values[1] == "POST" and "/api/" in str(parameter.values[0])]


@pytest.mark.parametrize(("path", "verb"), API_POSTS)
async def test_post_of_a_cookie_login_without_xsrf_is_refused(browser: Browser, path: str, verb: str) -> None:
    await browser.get(f"flowauth/api/status?token={browser.token}")
    browser.token = None
    assert (await browser.get("flowauth/api/status")).code == 200, "the cookie logs in"
    assert (await browser.post(path, xsrf=False)).code == 403


def test_what_changes_something_is_no_get() -> None:
    changing = {"CancelHandler", "PasteHandler", "LogoutHandler", "RefreshHandler", "LoginsHandler"}
    assert {route[1].__name__ for route, verb in walk() if verb == "POST"} - {"SandboxProxyHandler"} == changing
    assert not {verb for route, verb in walk() if route[1].__name__ in changing} - {"POST"}
