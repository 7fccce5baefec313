"""What a notebook shows of a login, and what stays of it when it is saved."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from IPython.utils.capture import capture_output

from jupyter_flowauth.flow_needs import RunDocument
from jupyter_flowauth.kernel.card import LoginCard, build_login_traits
from jupyter_flowauth.kernel.display import NotebookPresenter, build_result_bundle, build_run_bundle, build_text_bundle
from jupyter_flowauth.records import DeviceCode, LoginResult, ScopeLine, ServerAnnouncement
from jupyter_flowauth.tokens import Identity
from tests.fakes.world import PROCESS
from tests.storage.login_requests import build_request

HOSTILE = "<img src=x onerror=alert(1)>"
SERVER = ServerAnnouncement("0" * 32, PROCESS, "/user/alice/", "http://localhost:8888/user/alice/")
LOGIN = build_request(missing=(ScopeLine("a", "Use a", "A"), ScopeLine("b", "b", "")))
DONE = LoginResult(LOGIN.login_id, "done", "You are alice.", 0, Identity("s", "alice", None), ("a",))
OUTCOMES = ("done", "denied", "cancelled", "timed_out", "failed", "mismatch", "interrupted")
PATH = f"/user/alice/flowauth/login/{LOGIN.login_id}"


def show(server, *, rung="server", address=PATH, result=DONE):
    """Show a login and its end, and return what was displayed."""
    presenter = NotebookPresenter(server)
    with capture_output() as captured:
        presenter.show(LOGIN, address=address, rung=rung)
        cards = dict(presenter._cards)
        presenter.finish(LOGIN, result)
    return [output.data for output in captured.outputs], cards


def test_with_a_server_it_is_a_card_and_text_beside_it(shell):
    (first, _), cards = show(SERVER)
    assert set(first) == {"text/plain", "application/vnd.jupyter.widget-view+json"}
    assert f"Log in here: http://localhost:8888{PATH}" in first["text/plain"]
    assert len(cards) == 1


@pytest.mark.parametrize("server, rung", [(None, "server"), (SERVER, "loopback"), (SERVER, "paste")])
def test_without_one_it_is_text_with_a_link(shell, server, rung):
    (first, _), cards = show(server, rung=rung, address="https://x/y?a=1&b=2")
    assert (set(first), cards) == ({"text/plain", "text/html"}, {})
    assert 'href="https://x/y?a=1&amp;b=2" target="_blank" rel="noopener noreferrer"' in first["text/html"]


DEVICE = DeviceCode("WDJB-MJHT", "https://i.example/device", "https://i.example/device?c=1&d=2", 7.0)


def test_a_device_code_is_shown_with_its_page_and_what_to_beware_of(shell):
    bundle = build_text_bundle(replace(LOGIN, device=DEVICE), address=DEVICE.verification_uri)
    for shown in bundle.values():
        assert all(part in shown for part in ("WDJB-MJHT", "https://i.example/device", "good for 5 min", "Give it to nobody"))
    assert 'href="https://i.example/device?c=1&amp;d=2" target="_blank" rel="noopener noreferrer"' in bundle["text/html"]


def test_a_hostile_device_code_stays_text(shell):
    """ATTACKS 18."""
    hostile = replace(DEVICE, user_code=HOSTILE, verification_uri=f"https://i.example/{HOSTILE}", verification_uri_complete="")
    assert "<img" not in build_text_bundle(replace(LOGIN, device=hostile), address=None)["text/html"]


def test_another_way_to_ask_takes_the_cards_place(shell):
    presenter = NotebookPresenter(SERVER)
    with capture_output() as captured:
        presenter.show(LOGIN, address=PATH, rung="server")
        (card,) = presenter._cards.values()
        presenter.show(replace(LOGIN, device=DEVICE), address=DEVICE.verification_uri, rung="device")
        presenter.finish(LOGIN, DONE)
    assert (card.comm, presenter._cards, len({str(output.transient) for output in captured.outputs})) == (None, {}, 1)
    assert "WDJB-MJHT" in captured.outputs[1].data["text/plain"]


def test_the_traits_of_a_card_hold_the_code(shell):
    assert build_login_traits(replace(LOGIN, device=DEVICE), base_url="/")["device"]["user_code"] == "WDJB-MJHT"


def test_a_login_without_an_address_has_no_link(shell):
    assert "href" not in build_text_bundle(LOGIN, address=None)["text/html"]


def test_the_end_takes_the_cards_place_as_plain_text(shell):
    (_, last), cards = show(SERVER)
    assert last["text/plain"] == "✓ You are alice."
    assert all(card.comm is None for card in cards.values())  # closed: a saved notebook holds no dead button and no bundle


def test_a_card_that_ends_shows_what_was_granted(shell):
    presenter = NotebookPresenter(SERVER)
    with capture_output():
        presenter.show(LOGIN, address=PATH, rung="server")
        (card,) = presenter._cards.values()
        presenter.say(LOGIN, "A sentence.")
        assert card.message == "A sentence."
        presenter.finish(LOGIN, DONE)
    assert ([line["granted"] for line in card.scopes], card.identity, card.status) == (
        [True, False],
        {"username": "alice", "name": ""},
        "done",
    )


def test_a_sentence_without_a_card_is_shown_by_itself(shell):
    with capture_output() as captured:
        NotebookPresenter(None).say(None, "A sentence.")
    assert captured.outputs[0].data == {"text/plain": "A sentence."}


def test_every_end_looks_different():
    bundles = [build_result_bundle(replace(DONE, outcome=outcome)) for outcome in OUTCOMES]
    assert len({bundle["text/plain"][0] for bundle in bundles}) == len(OUTCOMES)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_strangers_words_are_escaped(outcome):
    """ATTACKS 18."""
    html = build_result_bundle(replace(DONE, outcome=outcome, message=HOSTILE))["text/html"]
    assert (HOSTILE in html, "&lt;img" in html) == (False, True)


def test_scopes_titles_and_addresses_are_escaped():
    """ATTACKS 18."""
    hostile = replace(LOGIN, provider_title=HOSTILE, client_title=HOSTILE, missing=(ScopeLine(HOSTILE, HOSTILE + "!", HOSTILE),))
    html = build_text_bundle(hostile, address=f'"{HOSTILE}')["text/html"]
    assert "<img" not in html
    assert len(re.findall(r'href="[^"<>]*"', html)) == 1


def test_a_runs_label_state_and_reason_are_escaped():
    """ATTACKS 18: they are whose flow it is."""
    failed = RunDocument(f'"{HOSTILE}', "FAILED", {"description": HOSTILE}, HOSTILE)
    active = RunDocument("run", "ACTIVE", {"state_name": HOSTILE})
    for run in (failed, active):
        html = build_run_bundle(run)["text/html"]
        assert ("<img" in html, "&lt;img" in html, len(re.findall(r'href="[^"<>]*"', html))) == (False, True, 1)


def test_no_trait_holds_a_secret():
    """ATTACKS 9."""
    login = replace(LOGIN, authorization=replace(LOGIN.authorization, state="SENTINEL-state", nonce="SENTINEL-nonce"))
    card = LoginCard(**build_login_traits(login, base_url="/"))
    state = {name: value for name, value in card.get_state().items() if name != "_esm"}
    assert "SENTINEL" not in str(state)
    assert not {"state", "code", "code_verifier", "nonce", "access_token", "token"} & set(state)


def test_the_traits_are_what_the_view_reads():
    traits = build_login_traits(LOGIN, base_url="/user/alice/")
    assert (traits["login_id"], traits["base_url"], traits["status"]) == (LOGIN.login_id, "/user/alice/", "waiting")
    assert traits["provider"] == {"name": "fake", "title": "Fake Auth", "issuer_host": "x"}
