from __future__ import annotations

import pytest

from jupyter_flowauth.code_grant import NO_WAY_BACK, AuthorizationResponse
from jupyter_flowauth.errors import ConfigurationError, LoginTimeout
from jupyter_flowauth.records import LoginResult, ServerAnnouncement
from jupyter_flowauth.user_agents.server import ServerUserAgent
from tests.fakes.rendezvous import MemoryRendezvous
from tests.fakes.world import PROCESS
from tests.storage.login_requests import build_request

SERVER = ServerAnnouncement("0" * 32, PROCESS, "/user/alice/", "http://localhost:8888/")


def test_the_card_links_to_the_servers_page_of_this_login(presenter):
    login = build_request()
    ServerUserAgent(MemoryRendezvous(), SERVER, presenter).show(login)
    assert presenter.shown == [(login, f"/user/alice/flowauth/login/{login.login_id}", "server")]


def test_the_answer_comes_through_the_rendezvous(presenter):
    rendezvous, login = MemoryRendezvous(), build_request()

    class Answering:
        def pause(self, seconds):
            rendezvous.write_response(login.login_id, AuthorizationResponse("http://x", code="c"))

    assert ServerUserAgent(rendezvous, SERVER, presenter).wait(login, Answering()).code == "c"


def test_without_a_way_back_the_next_way_to_ask_is_taken(presenter):
    rendezvous, login = MemoryRendezvous(), build_request()
    rendezvous.write_response(login.login_id, AuthorizationResponse("https://hub.example/cb", error=NO_WAY_BACK))
    with pytest.raises(ConfigurationError, match=r"register https://hub\.example/cb as a redirect URI"):
        ServerUserAgent(rendezvous, SERVER, presenter).wait(login, None)


def test_the_wait_ends_by_the_deadline(presenter):
    class Late:
        def pause(self, seconds):
            raise LoginTimeout("too late")

    with pytest.raises(LoginTimeout):
        ServerUserAgent(MemoryRendezvous(), SERVER, presenter).wait(build_request(), Late())


def test_how_it_ended_replaces_the_card(presenter):
    login = build_request()
    ServerUserAgent(MemoryRendezvous(), SERVER, presenter).finish(login, LoginResult(login.login_id, "done", "Yes.", 0))
    assert presenter.results[0].message == "Yes."
