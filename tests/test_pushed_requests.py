"""Pushed authorization requests (RFC 9126), where the provider takes no others."""

from __future__ import annotations

import pytest

from jupyter_flowauth import OIDCProvider, wiring
from jupyter_flowauth.errors import ConfigurationError, ProviderError
from tests.fakes.oidc_server import CLIENT_ID, CONFIDENTIAL, SECRET, json_answer


@pytest.fixture
def pushing(school):
    school.server.discovery = {
        "require_pushed_authorization_requests": True,
        "pushed_authorization_request_endpoint": f"{school.server.issuer}/par",
    }
    return school


@pytest.mark.parametrize("client", [(CLIENT_ID,), (CONFIDENTIAL, SECRET)])
def test_a_login_goes_by_a_reference_and_the_browser_carries_no_state(pushing, client):
    auth = pushing.auth(OIDCProvider(pushing.server.issuer, *client))
    auth.login(["profile"])
    assert (auth.identity.username, pushing.server.requests["par"]) == ("alice", 1)
    authorize = next(query for name, query, _ in pushing.server.seen if name == "auth")
    assert set(authorize) == {"client_id", "request_uri"}


def test_nothing_is_pushed_where_that_is_only_possible(pushing):
    del pushing.server.discovery["require_pushed_authorization_requests"]
    pushing.auth(OIDCProvider(pushing.server.issuer, CLIENT_ID)).login()
    assert pushing.server.requests["par"] == 0


@pytest.mark.parametrize(
    "answer, sentence",
    [
        (json_answer({"error": "invalid_request"}, 400), "invalid_request"),
        (json_answer({}, 201), "gave no reference"),
        (json_answer({"request_uri": 7}, 201), "gave no reference"),
        (json_answer({"request_uri": "\ud800"}, 201), "gave no reference"),
        ((201, {}, b"<html>"), "gave no reference"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "a redirect, which was not followed"),
    ],
)
def test_a_push_that_fails_is_one_typed_error(pushing, answer, sentence):
    pushing.server.faults["par"] = answer
    with pytest.raises(ProviderError, match=sentence):
        pushing.auth(OIDCProvider(pushing.server.issuer, CLIENT_ID)).login()
    assert pushing.server.requests["auth"] == 0


def test_a_provider_that_does_not_say_where_is_refused(pushing):
    pushing.server.discovery["pushed_authorization_request_endpoint"] = None
    with pytest.raises(ProviderError, match="names no pushed authorization request endpoint"):
        pushing.auth(OIDCProvider(pushing.server.issuer, CLIENT_ID)).login()


def test_a_server_pushes_for_configured_clients_only(pushing):
    """ATTACKS 16: what a kernel leaves in the rendezvous leads the server nowhere else."""
    provider = OIDCProvider(pushing.server.issuer, CLIENT_ID)
    request = provider.build_authorization_request((), state="s", nonce="n", code_challenge="c", login_hint=None)
    for known in (None, OIDCProvider(pushing.server.issuer, "other")):
        with pytest.raises(ConfigurationError, match="isn't configured here"):
            wiring.authorize_address(known, request, redirect_uri="http://127.0.0.1/callback")
    assert pushing.server.requests["par"] == 0
