"""What the adapter of Flows makes of answers, and where it will not ask."""

from __future__ import annotations

import pytest
import requests

from jupyter_flowauth.errors import ProviderError
from jupyter_flowauth.providers import bounded_http, globus_flows
from jupyter_flowauth.providers.globus_flows import ACTIONS_URL_VARIABLE, ask_action_provider, build_paths

HERE = "http://127.0.0.1:4711/actions"


def consent(number, *path, status="approved", name=None):
    return {"id": number, "scope_name": name or f"s{number}", "dependency_path": [*path, number], "status": status}


def test_consents_are_paths_of_scopes():
    assert build_paths([consent(1), consent(2, 1), consent(3, 1, 2)]) == {("s1",), ("s1", "s2"), ("s1", "s2", "s3")}


@pytest.mark.parametrize("status", ["pending", "rescinded"])
def test_a_consent_that_is_not_approved_is_none_and_nothing_hangs_under_it(status):
    assert build_paths([consent(1), consent(2, 1, status=status), consent(3, 1, 2)]) == {("s1",)}


@pytest.mark.parametrize("odd", [None, {}, [1], [{"id": 1}], [consent(2, 1)], [consent(1, name=3)]])
def test_odd_consents_are_none(odd):
    assert build_paths(odd) == frozenset()


@pytest.fixture
def asked(monkeypatch):
    """The addresses that were asked."""
    seen = []

    def send(session, request, **options):
        seen.append((request.url, options["allow_redirects"]))
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "send", send)
    monkeypatch.delenv(ACTIONS_URL_VARIABLE, raising=False)
    return seen


@pytest.mark.parametrize(
    "url", ["http://actions.example.org", "http://127.0.0.1:8888/api", "https://localhost/api", "file:///etc/passwd", "x"]
)
def test_a_definition_cannot_send_us_to_services_of_this_machine(asked, url):
    assert "not a public one on https" in ask_action_provider(url).problem
    assert asked == []


@pytest.mark.parametrize("url", ["https://[actions", "https://a..b/", "https://\u2100.example", "https://a/\ud800", "https://a/\x1b[31m"])
def test_an_address_that_is_none_is_a_problem_like_any_other(url):
    problem = ask_action_provider(url).problem
    assert "not a public one on https" in problem or "can't be reached" in problem
    assert problem.isprintable()


def test_an_action_provider_is_asked_at_its_own_address_without_following_redirects(asked):
    assert "it can't be reached at https://actions.example.org" in ask_action_provider("https://actions.example.org/a").problem
    assert asked == [("https://actions.example.org/a", False)]


def test_on_loopback_a_stand_in_is_asked_instead(asked, monkeypatch):
    monkeypatch.setenv(ACTIONS_URL_VARIABLE, HERE)
    for url in ("https://actions.example.org/a", f"{HERE}/actions.example.org/a"):
        ask_action_provider(url)
    assert {address for address, _ in asked} == {f"{HERE}/actions.example.org/a"}


@pytest.mark.parametrize("base", ["https://elsewhere.example", "http://10.0.0.1/actions"])
def test_no_stand_in_is_asked_that_is_elsewhere(asked, monkeypatch, base):
    monkeypatch.setenv(ACTIONS_URL_VARIABLE, base)
    ask_action_provider("https://actions.example.org/a")
    assert asked[0][0] == "https://actions.example.org/a"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((200, {}, b'{"title": "' + b"x" * 600_000 + b'"}'), "more than 512 KiB"),
        ((200, {}, b"[]"), "something else than a JSON object"),
        ((200, {}, b"<html>"), "something else than a JSON object"),
        ((404, {}, b"{}"), "status 404"),
        ((302, {"Location": "https://elsewhere.example"}, b""), "status 302"),
    ],
    ids=["huge", "list", "html", "status", "redirect"],
)
def test_what_an_action_provider_must_not_answer_is_its_problem(server, monkeypatch, answer, problem):
    monkeypatch.setenv(ACTIONS_URL_VARIABLE, server.origin)
    server.faults["userinfo"] = answer
    assert problem in ask_action_provider(server.document()["userinfo_endpoint"]).problem


def test_an_action_provider_is_sent_no_password_from_netrc(server, tmp_path, monkeypatch):
    """ATTACKS 25: its address is from somebody's definition."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password SENTINEL\n")
    for name, value in {"NETRC": str(tmp_path / ".netrc"), "NO_PROXY": "127.0.0.1", ACTIONS_URL_VARIABLE: server.origin}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(bounded_http, "is_loopback_url", lambda url: False)
    ask_action_provider(server.document()["userinfo_endpoint"])
    assert "authorization" not in server.seen[-1][2]


def test_a_run_without_an_id_is_said_to_be_one_to_look_for():
    with pytest.raises(ProviderError, match="look for the run"):
        globus_flows._to_run({"status": "ACTIVE"})


def test_a_run_is_read_with_suspicion():
    run = globus_flows._to_run({"action_id": "r", "status": "ACTIVE", "details": "odd", "label": "a\nb"})
    assert (run.run_id, run.details, run.label) == ("r", {}, "a b")


def test_a_flow_without_actions_asks_nobody():
    assert globus_flows.GlobusFlows({}, lambda: None).ask_action_providers(()) == {}


def test_nobody_logged_in_has_consented_to_nothing():
    assert globus_flows.GlobusFlows({}, lambda: None).granted_paths() == frozenset()
