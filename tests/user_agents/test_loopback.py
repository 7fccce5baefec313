"""ATTACKS 14: the port of one login, and whoever else comes to it."""

from __future__ import annotations

import socket
import threading
import webbrowser
from urllib.parse import urlencode

import pytest

from jupyter_flowauth.code_grant import AuthorizationRequest
from jupyter_flowauth.errors import ConfigurationError, LoginTimeout
from jupyter_flowauth.records import LoginResult
from jupyter_flowauth.user_agents import loopback
from jupyter_flowauth.user_agents.loopback import LoopbackUserAgent
from jupyter_flowauth.user_agents.loopback_path import choose_path
from tests.storage.login_requests import build_request
from tests.user_agents.visit import ISSUER, Visit


def test_the_browser_comes_back_to_a_port_of_this_login_on_the_literal_address(visit):
    assert visit.redirect_uri == f"http://127.0.0.1:{visit.port}"
    visit.answer()
    response = visit.wait()
    assert (response.code, response.redirect_uri) == ("SENTINEL-code", visit.redirect_uri)


@pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt", "/callback", "/start", "/start/", "/login", "//", "/%2e%2e/"])
def test_other_requests_are_answered_404_and_do_not_end_the_wait(visit, path):
    assert visit.get(path)[0] == 404
    visit.answer()
    assert visit.wait().code


@pytest.mark.parametrize(
    "changes", [{"state": None}, {"state": ""}, {"state": "another"}, {"iss": None}, {"iss": "https://evil.example"}, {"code": "x" * 5000}]
)
def test_an_answer_of_another_login_or_provider_is_404_and_does_not_end_the_wait(visit, changes):
    assert visit.answer(**changes)[0] == 404
    assert visit.answer()[0] == 303
    assert visit.wait().code == "SENTINEL-code"


def test_a_repeated_parameter_is_404(visit):
    assert visit.get(f"{visit.path}?{urlencode({'state': visit.state, 'iss': ISSUER})}&code=1&code=2")[0] == 404


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil.example", ":1", "localhost:1"],
)
def test_another_host_name_is_404(visit, host):
    query = urlencode({"code": "c", "state": visit.state, "iss": ISSUER})
    assert visit.get(f"{visit.path}?{query}", host=host)[0] == 404
    assert visit.get(visit.start_path, host=host)[0] == 404


@pytest.mark.parametrize("host", ["[", "[::1", "127.0.0.1:99999999"])
def test_a_host_that_is_malformed_is_404_too(visit, host):
    assert visit.get("/x", host=host)[0] == 404


def test_a_second_callback_is_404_and_the_first_is_unharmed(visit):
    assert [visit.answer()[0], visit.answer(code="second")[0]] == [303, 404]
    assert visit.wait().code == "SENTINEL-code"


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS", "X"])
def test_no_other_method_is_served(visit, method):
    query = urlencode({"code": "c", "state": visit.state, "iss": ISSUER})
    assert visit.get(f"{visit.path}?{query}", method=method)[0] in (404, 405, 501)
    visit.answer()
    assert visit.wait().code == "SENTINEL-code"


def test_the_port_cannot_be_bound_by_a_second(visit):
    with socket.socket() as second:
        second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="in use"):
            second.bind(("127.0.0.1", visit.port))


def test_it_listens_on_loopback_alone(visit):
    bound = [server.server_address[0] for server in visit.agent._listeners[visit.login.login_id]._servers]
    assert set(bound) <= {"127.0.0.1", "::1"}


def test_the_browser_is_sent_on_to_a_clean_address_with_no_rest(visit):
    """ATTACKS 12."""
    status, headers, body = visit.answer()
    assert (status, headers["Location"].startswith("/done/"), body) == (303, True, "")
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_link_that_is_shown_holds_no_state_and_sends_the_browser_on(visit, presenter):
    _, address, rung = presenter.shown[0]
    assert (rung, visit.state in address) == ("loopback", False)
    status, headers, _ = visit.get(visit.start_path)
    assert (status, headers["Location"]) == (302, visit.urls[0])


def test_only_who_was_shown_the_link_learns_the_state(visit):
    """Another local user may guess the port: the address behind it must not say which state to forge an answer with."""
    assert len(visit.start_path) > 20
    assert visit.get("/start")[0] == 404
    assert visit.get(visit.start_path[:-1] + "?")[0] == 404


def test_the_link_is_dead_once_the_answer_is_there(visit):
    visit.answer()
    assert visit.get(visit.start_path)[0] == 404


def test_the_last_page_says_how_it_ended_and_escapes_it(presenter, monkeypatch):
    """ATTACKS 18."""
    visit, pages = Visit(presenter), []
    done = visit.answer()[1]["Location"]
    thread = threading.Thread(target=lambda: pages.append(visit.get(done)))
    thread.start()
    monkeypatch.setattr(loopback, "LAST_PAGE_SECONDS", 10)
    visit.wait()
    visit.end("You are <script>alert(1)</script>.")
    thread.join(60)
    status, _, body = pages[0]
    assert (status, "<script>" in body, "You are &lt;script&gt;" in body) == (200, False, True)


def test_a_browser_that_is_slow_gets_the_last_page_all_the_same_and_nobody_waits_for_it(visit):
    done = visit.answer()[1]["Location"]
    visit.wait()
    visit.end()
    status, _, body = visit.get(done)
    assert (status, "You are alice." in body) == (200, True)
    for thread in threading.enumerate():
        if thread.name == "flowauth-last-page":
            thread.join(60)
    with pytest.raises(ConnectionRefusedError):
        visit.get(done)


def test_the_port_is_closed_when_the_login_has_ended(presenter):
    visit = Visit(presenter)
    visit.end()
    with pytest.raises(ConnectionRefusedError):
        visit.get("/")
    assert presenter.results[0].message == "You are alice."


def test_nobody_coming_ends_by_the_deadline(visit):
    with pytest.raises(LoginTimeout):
        visit.wait()


def test_a_denial_comes_back_too(visit):
    visit.answer(code=None, error="access_denied")
    assert visit.wait().error == "access_denied"


def test_only_the_browser_that_brought_the_answer_learns_how_it_ended(visit):
    """ATTACKS 14: the page says who logged in, and every user of this machine can ask the port for it."""
    done = visit.agent._listeners[visit.login.login_id].done_path
    assert (visit.get(done)[0], len(done) > 20) == (404, True)
    assert visit.answer()[1]["Location"] == done
    assert [visit.get(path)[0] for path in ("/done", "/done/", done[:-1])] == [404, 404, 404]


@pytest.mark.parametrize("raises", [False, True])
def test_a_browser_that_does_not_open_gives_way_to_the_next_way_to_ask(presenter, raises):
    def fail(url):
        if raises:
            raise RuntimeError("SENTINEL")
        return False

    visit = Visit(presenter, open_browser=fail)
    for thread in threading.enumerate():
        if thread.name == "flowauth-browser":
            thread.join(60)
    with pytest.raises(ConfigurationError, match="no browser could be opened") as caught:
        visit.wait()
    assert "SENTINEL" not in str(caught.value)
    with pytest.raises(ConnectionRefusedError):
        visit.get("/")


def test_an_answer_that_came_counts_whatever_the_browser_says_of_itself(presenter):
    visit = Visit(presenter, open_browser=lambda url: False)
    visit.answer()
    assert visit.wait().code == "SENTINEL-code"
    visit.end()


def test_the_browser_of_this_machine_is_started_without_the_state(presenter, monkeypatch):
    """Every user of a machine can read the arguments of every program."""
    urls, opened = [], threading.Event()
    monkeypatch.setattr(webbrowser, "open", lambda url: urls.append(url) or opened.set() or True)
    for agent in (LoopbackUserAgent(presenter=presenter), LoopbackUserAgent(webbrowser.open, presenter=presenter)):
        login = build_request()
        agent.show(login)
        assert opened.wait(60)
        opened.clear()
        assert urls[-1] == presenter.shown[-1][1]
        assert str(login.authorization.state) not in urls[-1]
        agent.finish(login, LoginResult(login.login_id, "done", "x", 0))


def test_without_a_presenter_nothing_is_shown(capfd):
    agent = LoopbackUserAgent(lambda url: True)
    login = build_request()
    agent.show(login)
    agent.finish(login, LoginResult(login.login_id, "done", "x", 0))
    assert capfd.readouterr() == ("", "")


def test_ending_what_was_never_shown_is_no_error(presenter):
    login = build_request()
    LoopbackUserAgent(presenter=presenter).finish(login, LoginResult(login.login_id, "failed", "x", 0))
    assert len(presenter.results) == 1


@pytest.mark.parametrize(
    "patterns, path",
    [
        (("http://127.0.0.1:*/*",), ""),
        (("http://127.0.0.1:*",), ""),
        (("http://127.0.0.1:*/callback",), "/callback"),
        (("https://x.example/cb", "http://127.0.0.1:*/my/own"), "/my/own"),
        (("http://127.0.0.1:5/fixed",), "/fixed"),
    ],
)
def test_the_path_is_what_is_registered(patterns, path):
    assert choose_path(AuthorizationRequest("e", ISSUER, "c", "a", "x", "s", "n", redirect_uris=patterns), 5) == path


@pytest.mark.parametrize("patterns", [(), ("https://x.example/cb",), ("http://localhost:*/*",), ("http://127.0.0.1:6/fixed",)])
def test_without_a_redirect_uri_on_loopback_it_says_so(patterns):
    with pytest.raises(ConfigurationError, match="no redirect URI on loopback"):
        choose_path(AuthorizationRequest("e", ISSUER, "c", "a", "x", "s", "n", redirect_uris=patterns), 5)


def test_a_login_that_cannot_come_back_leaves_no_port_open(monkeypatch):
    """A socket that is left to be collected is a warning, and so an error here."""
    bound, bind = [], loopback._bind
    monkeypatch.setattr(loopback, "_bind", lambda listener: bound.append(bind(listener)) or bound[-1])
    with pytest.raises(ConfigurationError):
        LoopbackUserAgent().show(build_request(authorization=AuthorizationRequest("e", ISSUER, "c", "a", "x", "s", "n")))
    assert [server.socket.fileno() for server in bound[0]] == [-1] * len(bound[0])


def test_where_any_path_is_allowed_the_providers_own_is_taken():
    request = AuthorizationRequest("e", ISSUER, "c", "a", "x", "s", "n", redirect_uris=("http://127.0.0.1:*/*",), loopback_path="/callback")
    assert choose_path(request, 5) == "/callback"
