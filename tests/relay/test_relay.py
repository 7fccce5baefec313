"""The relay's handlers over HTTP, with a Hub that says what a test wants it to say."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application

from jupyter_flowauth.hub.app import RelayApp
from jupyter_flowauth.hub.guards import SETTINGS_KEY, RelayContext
from jupyter_flowauth.hub.hub_link import HubServer, HubUnreachable, HubUser
from jupyter_flowauth.hub.limits import RateLimit
from jupyter_flowauth.pkce import generate_login_id, generate_state
from jupyter_flowauth.relay_protocol import RelayStart, build_public_key, hash_state, open_answer

pytestmark = pytest.mark.anyio
PREFIX = "/services/flowauth/"
BINDING = b"the binding cookie at alice's server"
CODE = "SENTINELcode"


@dataclass
class FakeHub:
    """Knows two users by their tokens."""

    users: dict[str, HubUser] = field(default_factory=dict)
    is_down: bool = False
    asked: int = 0

    def login_address(self, state: str) -> str:
        return f"/hub/api/oauth2/authorize?{urlencode({'state': state})}"

    async def token_for_code(self, code: str) -> str | None:
        if self.is_down:
            raise HubUnreachable
        return code.removeprefix("code-of-") if code.startswith("code-of-") else None

    async def user_of(self, token: str) -> HubUser | None:
        self.asked += 1
        if self.is_down:
            raise HubUnreachable
        return self.users.get(token)


def hub_user(name: str, *servers: str) -> HubUser:
    return HubUser(name, {s: HubServer(s, f"/user/{name}/{s + '/' if s else ''}", True) for s in servers})


@dataclass
class Browser:
    base: str
    cookies: dict[str, str] = field(default_factory=dict)
    protocol: str = "http"

    async def get(self, path: str, *, headers: dict[str, str] | None = None, **query: str) -> HTTPResponse:
        url = f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), "X-Forwarded-Proto": self.protocol}
        sent |= headers or {}
        response = await AsyncHTTPClient(force_instance=True).fetch(url, headers=sent, follow_redirects=False, raise_error=False)
        for line in response.headers.get_list("Set-Cookie"):
            self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        self.cookies = {name: value for name, value in self.cookies.items() if value}
        return response

    async def log_in(self, start: RelayStart, user: str) -> HTTPResponse:
        """Go by way of the Hub, and return what ``start`` answers then."""
        to_hub = await self.get(f"start?{start.to_query()}")
        state = parse_qs(urlsplit(to_hub.headers["Location"]).query)["state"][0]
        back = await self.get("oauth_callback", code=f"code-of-{user}", state=state)
        assert back.code == 302, back.body
        return await self.get(back.headers["Location"].removeprefix(PREFIX))

    async def come_back(self, state: str, provider: str = "globus", **changes: str) -> HTTPResponse:
        return await self.get(f"callback/{provider}", **{"code": CODE, "state": state, "iss": "https://auth.example.org"} | changes)


@dataclass
class Login:
    start: RelayStart
    state: str


def build_login(user: str = "alice", server: str = "", **changes: str) -> Login:
    login_id = generate_login_id()
    state = generate_state(login_id)
    start = RelayStart(login_id, "globus", user, server, hash_state(state), build_public_key(BINDING))
    return Login(replace(start, **changes), state)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def fake_hub() -> FakeHub:
    return FakeHub({"alice": hub_user("alice", "", "gpu"), "bob": hub_user("bob", "")})


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, fake_hub: FakeHub) -> dict[str, Any]:
    """The application's settings as the process builds them, with another Hub."""
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "the token of the service")
    monkeypatch.setenv("JUPYTERHUB_CLIENT_ID", "service-flowauth")
    app = RelayApp(prefix=PREFIX).build_web_application()
    context: RelayContext = app.settings[SETTINGS_KEY]
    app.settings[SETTINGS_KEY] = replace(context, hub=fake_hub)
    return {"application": app}


async def serve(application: Application) -> tuple[HTTPServer, str]:
    socket, port = bind_unused_port(address="127.0.0.1")
    server = HTTPServer(application, xheaders=True)
    server.add_socket(socket)
    return server, f"http://127.0.0.1:{port}{PREFIX}"


@pytest.fixture
async def base(settings: dict[str, Any]) -> AsyncIterator[str]:
    server, base = await serve(settings["application"])
    yield base
    server.stop()


@pytest.fixture
def alice(base: str) -> Browser:
    return Browser(base)


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(logging.Formatter().format(record))

    keeper, root = Keeper(logging.DEBUG), logging.getLogger()
    level = root.level
    root.addHandler(keeper)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(keeper)
    root.setLevel(level)


async def test_a_login_goes_out_and_comes_back_sealed_to_its_own_server(alice: Browser):
    login = build_login(server="gpu")
    out = await alice.log_in(login.start, "alice")
    assert out.headers["Location"] == f"/user/alice/gpu/flowauth/login/{login.start.login_id}?relayed=1"
    back = await alice.come_back(login.state)
    assert (back.code, back.headers["Location"].partition("?")[0]) == (303, "/user/alice/gpu/flowauth/callback/globus")
    values = parse_qs(urlsplit(back.headers["Location"]).query)
    answer = open_answer(values["sealed"][0], binding=BINDING, login_id=login.start.login_id)
    assert answer == {"code": CODE, "state": login.state, "iss": "https://auth.example.org"}
    assert CODE not in back.headers["Location"]


async def test_a_denial_comes_back_too(alice: Browser):
    login = build_login()
    await alice.log_in(login.start, "alice")
    back = await alice.get("callback/globus", error="access_denied", state=login.state)
    sealed = parse_qs(urlsplit(back.headers["Location"]).query)["sealed"][0]
    assert open_answer(sealed, binding=BINDING, login_id=login.start.login_id)["error"] == "access_denied"


async def test_no_answer_without_the_cookie_and_no_redirect_to_a_login(alice: Browser, base: str):
    login = build_login()
    await alice.log_in(login.start, "alice")
    answer = await Browser(base).come_back(login.state)
    assert (answer.code, answer.headers.get("Location")) == (403, None)


async def test_a_state_of_bobs_finds_nothing_in_alices_browser(alice: Browser, base: str):
    bob = Browser(base)
    theirs, hers = build_login("bob"), build_login()
    await bob.log_in(theirs.start, "bob")
    await alice.log_in(hers.start, "alice")
    assert (await alice.come_back(theirs.state)).code == 403


async def test_the_login_id_of_a_state_is_not_enough(alice: Browser):
    login = build_login()
    await alice.log_in(login.start, "alice")
    assert (await alice.come_back(f"{login.start.login_id}.{'x' * 43}")).code == 403


async def test_the_answer_of_one_provider_does_not_pass_for_anothers(alice: Browser):
    login = build_login()
    await alice.log_in(login.start, "alice")
    assert (await alice.come_back(login.state, provider="other")).code == 403


async def test_a_login_is_bound_to_the_hubs_user_and_not_to_what_the_link_says(alice: Browser):
    login = build_login("bob")
    assert (await alice.log_in(login.start, "alice")).code == 403
    assert (await alice.come_back(login.state)).code == 403


async def test_another_user_of_the_hub_in_the_same_browser_gets_no_answer(alice: Browser, fake_hub: FakeHub):
    login = build_login()
    await alice.log_in(login.start, "alice")
    fake_hub.users["alice"] = hub_user("bob", "")
    assert (await alice.come_back(login.state)).code == 403


async def test_a_token_that_the_hub_took_back_is_not_remembered(alice: Browser, fake_hub: FakeHub):
    login = build_login()
    await alice.log_in(login.start, "alice")
    del fake_hub.users["alice"]
    answer = await alice.come_back(login.state)
    assert (answer.code, b"logged out of the Hub" in answer.body) == (403, True)


@pytest.mark.parametrize("servers", [(), ("other",)])
async def test_no_answer_to_a_server_that_is_not_ready(alice: Browser, fake_hub: FakeHub, servers: tuple[str, ...]):
    login = build_login(server="gpu")
    await alice.log_in(login.start, "alice")
    fake_hub.users["alice"] = hub_user("alice", *servers)
    assert (await alice.come_back(login.state)).code == 409


async def test_a_server_that_is_still_starting_is_not_ready(alice: Browser, fake_hub: FakeHub):
    fake_hub.users["alice"] = HubUser("alice", {"": HubServer("", "/user/alice/", False)})
    assert (await alice.log_in(build_login().start, "alice")).code == 409


async def test_a_hub_that_lets_nobody_see_servers_is_named_as_the_cause(alice: Browser, fake_hub: FakeHub):
    fake_hub.users["alice"] = HubUser("alice", None)
    answer = await alice.log_in(build_login().start, "alice")
    assert (answer.code, b"hub-config --check" in answer.body) == (500, True)


async def test_a_hub_that_is_down_passes_nothing_on(alice: Browser, fake_hub: FakeHub):
    login = build_login()
    await alice.log_in(login.start, "alice")
    fake_hub.is_down = True
    answer = await alice.come_back(login.state)
    assert (answer.code, answer.headers["Retry-After"]) == (503, "10")
    fake_hub.is_down = False
    assert (await alice.come_back(login.state)).code == 303


async def test_a_hub_that_is_down_at_its_own_login_loses_nothing(alice: Browser, fake_hub: FakeHub):
    """The page says to reload it, and so that has to go on."""
    to_hub = await alice.get(f"start?{build_login().start.to_query()}")
    state = parse_qs(urlsplit(to_hub.headers["Location"]).query)["state"][0]
    fake_hub.is_down = True
    answer = await alice.get("oauth_callback", code="code-of-alice", state=state)
    assert (answer.code, b"reload this page" in answer.body) == (503, True)
    fake_hub.is_down = False
    assert (await alice.get("oauth_callback", code="code-of-alice", state=state)).code == 302
    assert (await alice.get("oauth_callback", code="code-of-alice", state=state)).code == 403


async def test_an_answer_is_passed_on_once(alice: Browser):
    login = build_login()
    await alice.log_in(login.start, "alice")
    assert [(await alice.come_back(login.state)).code for _ in range(2)] == [303, 403]


async def test_any_replica_serves_any_leg(alice: Browser, base: str, fake_hub: FakeHub):
    """Another process with the same token: it makes the same secret of it, and remembers nothing of the first one's."""
    login = build_login()
    to_hub = await alice.get(f"start?{login.start.to_query()}")
    other = RelayApp(prefix=PREFIX).build_web_application()
    other.settings[SETTINGS_KEY] = replace(other.settings[SETTINGS_KEY], hub=fake_hub)
    server, alice.base = await serve(other)
    state = parse_qs(urlsplit(to_hub.headers["Location"]).query)["state"][0]
    back = await alice.get("oauth_callback", code="code-of-alice", state=state)
    alice.base = base
    out = await alice.get(back.headers["Location"].removeprefix(PREFIX))
    assert out.headers["Location"].startswith("/user/alice/flowauth/login/")
    server.stop()


async def test_a_login_of_the_hubs_that_began_in_another_browser_is_refused(alice: Browser, base: str):
    """Else alice could be made to act as bob here."""
    bob = Browser(base)
    to_hub = await bob.get(f"start?{build_login('bob').start.to_query()}")
    state = parse_qs(urlsplit(to_hub.headers["Location"]).query)["state"][0]
    assert (await alice.get("oauth_callback", code="code-of-bob", state=state)).code == 403
    assert not any("session" in name for name in alice.cookies)


@pytest.mark.parametrize("state", ["", "x", "../../x.y", f"{'a' * 16}.x"])
async def test_a_hub_state_that_is_none_is_refused(alice: Browser, state: str):
    assert (await alice.get("oauth_callback", code="code-of-alice", state=state)).code == 403


async def test_the_name_of_a_hub_state_is_not_enough(alice: Browser):
    to_hub = await alice.get(f"start?{build_login().start.to_query()}")
    state = parse_qs(urlsplit(to_hub.headers["Location"]).query)["state"][0]
    answer = await alice.get("oauth_callback", code="code-of-alice", state=f"{state.partition('.')[0]}.{'x' * 43}")
    assert answer.code == 403


async def test_a_browser_without_cookies_is_not_sent_in_circles(alice: Browser):
    assert (await alice.get(f"start?{build_login().start.to_query()}&tried=1")).code == 403


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Forwarded-Prefix"])
async def test_no_header_moves_where_a_browser_is_sent(alice: Browser, name: str):
    login = build_login()
    await alice.log_in(login.start, "alice")
    headers = {name: "evil.example"}
    for answer in (await alice.get(f"start?{login.start.to_query()}", headers=headers), await alice.come_back(login.state)):
        assert answer.headers["Location"].startswith("/user/alice/flowauth/")


@pytest.mark.parametrize(
    "place", ["//evil.example", "\\\\evil.example", "https:///evil.example", "/%2Fevil", "https://evil.example", "../bob"]
)
async def test_no_parameter_moves_where_a_browser_is_sent(alice: Browser, place: str):
    login = build_login()
    await alice.log_in(login.start, "alice")
    query = {name: getattr(login.start, name) for name in RelayStart.__slots__}
    for changes in ({"server": place}, {"next": place}, {"user": place}, {"redirect_uri": place}, {"login_id": place}):
        location = (await alice.get("start", **query | changes)).headers.get("Location", "/user/alice/flowauth/")
        assert location.startswith("/user/alice/flowauth/")


async def test_cookies_are_signed_narrow_and_hidden(alice: Browser):
    answer = await alice.get(f"start?{build_login().start.to_query()}", headers={"X-Forwarded-Proto": "https"})
    for line in answer.headers.get_list("Set-Cookie"):
        assert f"Path={PREFIX}" in line
        if "=;" not in line and '=""' not in line:
            assert all(word in line for word in ("HttpOnly", "SameSite=Lax", "Secure"))


@pytest.fixture
def own_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be on a host of its own, as with subdomains."""
    monkeypatch.setenv("JUPYTERHUB_HOST", "https://hub.example.org")
    monkeypatch.setenv("JUPYTERHUB_OAUTH_CALLBACK_URL", f"https://flowauth--service.hub.example.org{PREFIX}oauth_callback")


async def test_cookies_of_a_users_host_are_nothing_to_the_relays(own_host: None, base: str):
    """ATTACKS 24: a page on bob's host may set cookies for every host of the Hub's, but none whose name begins with __Host-."""
    bob, alice = Browser(base, protocol="https"), Browser(base, protocol="https")
    login = build_login("bob")
    await bob.log_in(login.start, "bob")
    alice.cookies = {name.removeprefix("__Host-"): value for name, value in bob.cookies.items()}
    assert (await alice.come_back(login.state)).code == 403
    assert (await bob.come_back(login.state)).code == 303


async def test_on_its_own_host_its_cookies_are_that_hosts_alone(own_host: None, base: str):
    alice = Browser(base, protocol="https")
    login = build_login()
    to_hub = await alice.get(f"start?{login.start.to_query()}")
    bound = await alice.log_in(login.start, "alice")
    back = await alice.come_back(login.state)
    lines = [line for answer in (to_hub, bound, back) for line in answer.headers.get_list("Set-Cookie")]
    assert len(lines) >= 4
    for line in lines:
        assert line.startswith("__Host-flowauth-relay-")
        assert ("Path=/;" in f"{line};", "Secure" in line, "Domain" in line) == (True, True, False)


async def test_a_cookie_that_was_changed_is_none(alice: Browser):
    login = build_login()
    await alice.log_in(login.start, "alice")
    alice.cookies = {name: value[:-4] + "0000" for name, value in alice.cookies.items()}
    assert (await alice.come_back(login.state)).code == 403


async def test_logins_that_pile_up_take_no_more_than_a_few_cookies(alice: Browser):
    await alice.log_in(build_login().start, "alice")
    logins = [build_login() for _ in range(12)]
    for login in logins:
        await alice.get(f"start?{login.start.to_query()}")
    assert len([name for name in alice.cookies if "-login-" in name]) <= 6
    assert (await alice.come_back(logins[-1].state)).code == 303


async def test_a_browser_that_asks_in_a_loop_is_told_to_wait(alice: Browser, fake_hub: FakeHub):
    login = build_login()
    await alice.log_in(login.start, "alice")
    codes = [(await alice.get(f"start?{login.start.to_query()}")).code for _ in range(60)]
    assert codes[-1] == 429
    assert fake_hub.asked < 60


@pytest.mark.parametrize("length", [5_000, 60_000])
async def test_an_answer_of_any_length_is_bounded(alice: Browser, length: int):
    login = build_login()
    await alice.log_in(login.start, "alice")
    assert (await alice.come_back(login.state, code="x" * length)).code in (400, 431)


async def test_a_repeated_parameter_is_refused(alice: Browser):
    login = build_login()
    await alice.log_in(login.start, "alice")
    assert (await alice.get(f"callback/globus?code=a&code=b&state={login.state}")).code == 400


@pytest.mark.parametrize("path", ["callback/globus", "callback/globus/", "callback/", "callback/a/b", "oauth_callback", "nothing", "start"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
async def test_no_code_is_ever_logged(alice: Browser, log: list[str], path: str, method: str):
    url = f"{alice.base}{path}?code={CODE}&state=SENTINELstate"
    await AsyncHTTPClient(force_instance=True).fetch(url, method=method, follow_redirects=False, raise_error=False,
                                                    allow_nonstandard_methods=True)  # fmt: skip
    assert "SENTINEL" not in "\n".join(log)


async def test_an_unexpected_error_is_logged_without_what_it_held(alice: Browser, log: list[str], monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise RuntimeError(f"it broke on {CODE}")

    monkeypatch.setattr("jupyter_flowauth.hub.callback.seal_answer", fail)
    login = build_login()
    await alice.log_in(login.start, "alice")
    assert (await alice.come_back(login.state)).code == 500
    assert CODE not in "\n".join(log)
    assert "RuntimeError" in "\n".join(log)


async def test_pages_have_the_strictest_policy(alice: Browser):
    answer = await alice.come_back("nothing")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert b"<script" not in answer.body
    assert "Cross-Origin-Opener-Policy" not in answer.headers, "the card has to close its popup"


async def test_a_class_behind_one_address_logs_in_at_once(base: str, fake_hub: FakeHub):
    """A campus, or a proxy that doesn't say who is behind it, is one address."""
    for pupil in (f"pupil{number}" for number in range(100)):
        fake_hub.users[pupil] = hub_user(pupil, "")
        assert (await Browser(base).log_in(build_login(pupil).start, pupil)).code == 302


async def test_an_address_that_tries_codes_of_the_hubs_is_stopped(settings: dict[str, Any], base: str, fake_hub: FakeHub):
    seconds: list[float] = [0.0]
    context: RelayContext = settings["application"].settings[SETTINGS_KEY]
    limit = RateLimit(burst=3, per_second=1, monotonic=lambda: seconds[0])
    settings["application"].settings[SETTINGS_KEY] = replace(context, address_limit=limit)
    to_hub = [await Browser(base).get(f"start?{build_login().start.to_query()}") for _ in range(2)]
    assert [answer.code for answer in to_hub] == [302, 302]
    assert [await try_code(base) for _ in range(5)] == [403, 403, 403, 429, 429]
    seconds[0] = 1.0
    assert await try_code(base) == 403


async def try_code(base: str) -> int:
    """Try a made-up code of the Hub's from a fresh browser, and return the status."""
    browser = Browser(base)
    to_hub = await browser.get(f"start?{build_login().start.to_query()}")
    state = parse_qs(urlsplit(to_hub.headers["Location"]).query)["state"][0]
    return (await browser.get("oauth_callback", code="made-up", state=state)).code


async def test_a_users_name_on_a_page_is_text(alice: Browser, fake_hub: FakeHub):
    fake_hub.users["alice"] = hub_user("<img src=x onerror=alert(1)>", "")
    answer = await alice.log_in(build_login().start, "alice")
    assert answer.code == 403
    assert b"<img" not in answer.body


async def test_a_relay_without_a_token_says_what_it_needs(monkeypatch: pytest.MonkeyPatch):
    from jupyter_flowauth.errors import ConfigurationError

    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
    with pytest.raises(ConfigurationError, match="hub-config"):
        RelayApp(prefix=PREFIX).build_web_application()


@pytest.mark.parametrize("secret", [None, "too short"])
def test_a_cookie_secret_that_is_none_is_refused(settings: Any, tmp_path: Any, secret: str | None):
    from jupyter_flowauth.errors import ConfigurationError

    path = tmp_path / "secret"
    if secret:
        path.write_text(secret)
    with pytest.raises(ConfigurationError, match="secret"):
        RelayApp(prefix=PREFIX, cookie_secret_file=str(path)).build_web_application()


async def test_what_probes_it_is_answered_and_fills_no_log(base: str, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    for path in ("", "health"):  # the Hub asks the first, Kubernetes the second
        assert (await Browser(base).get(path)).code == 200
    assert "GET" not in caplog.text
    await Browser(base).get("elsewhere")
    assert f"404 GET {PREFIX}elsewhere" in caplog.text


async def test_https_without_a_certificate_is_refused_and_not_taken_for_http(settings: Any, monkeypatch: pytest.MonkeyPatch):
    from jupyter_flowauth.errors import ConfigurationError

    monkeypatch.delenv("JUPYTERHUB_SSL_KEYFILE", raising=False)
    with pytest.raises(ConfigurationError, match="certificate"):
        await RelayApp(prefix=PREFIX, url="https://127.0.0.1:10101")._serve()


def run_relay(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTERHUB_")}
    command = [sys.executable, "-m", "jupyter_flowauth.hub", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environment)


def test_the_help_names_every_setting():
    done = run_relay("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert [name for name in RelayApp.class_own_traits(config=True) if f"--{name.replace('_', '-')}=" not in done.stdout] == []


def test_a_relay_that_nobody_configured_says_so_in_a_sentence():
    done = run_relay("--url=http://127.0.0.1:10101")
    assert (done.returncode, done.stdout) == (1, "")
    assert "hub-config prints the configuration" in done.stderr
    assert "Traceback" not in done.stderr
