from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_flowauth.errors import ConfigurationError, InteractionRequired
from jupyter_flowauth.user_agents.ladder import ClientSide, Surroundings, build_ladder, choose_rung, describe_rungs

NOTEBOOK = Surroundings(server=None, in_kernel=True, in_server_kernel=True, allows_stdin=True, over_ssh=False, has_desktop=True)
DESKTOP = Surroundings(server="no server", in_kernel=False, in_server_kernel=False, allows_stdin=True, over_ssh=False, has_desktop=True)


@pytest.mark.parametrize(
    "around, used",
    [
        (NOTEBOOK, "server"),
        (replace(NOTEBOOK, server="not installed"), "paste"),
        (replace(NOTEBOOK, server="x", in_server_kernel=False), "loopback"),
        (DESKTOP, "loopback"),
        (replace(DESKTOP, over_ssh=True), "paste"),
        (replace(DESKTOP, has_desktop=False), "paste"),
        (replace(DESKTOP, allows_stdin=False), "loopback"),
    ],
)
def test_the_first_rung_that_holds_is_used(around, used):
    assert choose_rung(build_ladder(around), ()).name == used


@pytest.mark.parametrize("around", [replace(NOTEBOOK, allows_stdin=False), replace(DESKTOP, allows_stdin=False, has_desktop=False)])
def test_where_nobody_is_there_it_says_what_to_do_instead(around):
    with pytest.raises(InteractionRequired, match=r"needed for a b, and nobody is there .* FLOWAUTH_TOKEN") as caught:
        choose_rung(build_ladder(around), ("a", "b"))
    assert caught.value.missing == ("a", "b")


def test_a_notebook_that_is_executed_uses_no_rung_whatever_else_is_there():
    assert not any(rung.usable for rung in build_ladder(replace(NOTEBOOK, allows_stdin=False)))


SSH = replace(DESKTOP, over_ssh=True)
LOOPBACK, CODE_PAGE, CALLBACK = "http://127.0.0.1:*/callback", "https://i.example/code", "https://hub.example/callback"


def client(*redirect_uris, device=""):
    return ClientSide(redirect_uris, lambda: device)


@pytest.mark.parametrize(
    "around, side, used",
    [
        (NOTEBOOK, client(CALLBACK), "server"),
        (DESKTOP, client(LOOPBACK), "loopback"),
        (DESKTOP, client(CALLBACK), "device"),
        (DESKTOP, client(CALLBACK, device="none here"), "paste"),
        (SSH, client(LOOPBACK), "device"),
        (SSH, client(LOOPBACK, CODE_PAGE, device="none here"), "paste"),
        (replace(NOTEBOOK, server="none"), client(), "device"),
        (replace(DESKTOP, elsewhere="a codespace"), client(LOOPBACK), "device"),
    ],
)
def test_what_the_provider_and_its_registration_allow_counts_too(around, side, used):
    assert choose_rung(build_ladder(around, side), ()).name == used


def test_the_provider_is_not_asked_for_device_codes_while_a_way_above_holds():
    def ask():
        raise AssertionError("it was asked")

    assert choose_rung(build_ladder(DESKTOP, ClientSide(None, ask)), ()).name == "loopback"
    nobody = replace(DESKTOP, allows_stdin=False, has_desktop=False)
    assert not any(rung.usable for rung in build_ladder(nobody, ClientSide(None, ask)))


def test_the_whole_ladder_says_of_every_rung_whether_it_would_do():
    ladder = build_ladder(DESKTOP, client(LOOPBACK, CODE_PAGE), whole=True)
    assert [(rung.name, rung.usable) for rung in ladder] == [("server", False), ("loopback", True), ("device", True), ("paste", True)]
    assert [line[0] for line in describe_rungs(ladder).splitlines()] == [" ", "→", " ", " "]


def test_what_was_tried_is_passed_over_with_its_reason_and_so_is_what_is_above():
    ladder = build_ladder(replace(NOTEBOOK, in_server_kernel=False), client(LOOPBACK), tried={"loopback": "no browser opened"})
    assert [(rung.usable, rung.reason) for rung in ladder[:3]] == [
        (False, "passed over"),
        (False, "no browser opened"),
        (True, "a code can be entered on any device with a browser"),
    ]
    assert choose_rung(build_ladder(DESKTOP, client(CODE_PAGE), tried={"loopback": "x", "device": "y"}), ()).name == "paste"


@pytest.mark.parametrize("tried", [{}, {"loopback": "no browser opened"}])
def test_a_client_that_leaves_no_way_is_another_error_than_nobody_there(tried):
    with pytest.raises(ConfigurationError, match=r"no way to log in with this client from here \(server: .*correct its registration"):
        choose_rung(build_ladder(DESKTOP, client(device="none here"), tried=tried), ("a",))


@pytest.mark.parametrize("around", [SSH, DESKTOP, replace(SSH, allows_stdin=False)])
def test_in_a_ci_job_nobody_is_there_whatever_it_looks_like(around):
    with pytest.raises(InteractionRequired, match="CI job"):
        choose_rung(build_ladder(replace(around, automated="this is a CI job (CI is set)"), client(LOOPBACK)), ("a",))


def test_every_rung_says_why_or_why_not():
    for around in (NOTEBOOK, DESKTOP, replace(DESKTOP, over_ssh=True, allows_stdin=False), replace(DESKTOP, has_desktop=False)):
        assert all(rung.reason for rung in build_ladder(around))


def test_no_ladder_at_all_is_nobody_there():
    with pytest.raises(InteractionRequired):
        choose_rung((), ("a",))
