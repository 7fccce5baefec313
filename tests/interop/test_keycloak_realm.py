"""What the realm does that the tests of our own code rely on, over plain HTTP."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import pytest

from jupyter_flowauth.pkce import build_code_challenge, generate_code_verifier
from tests.interop.form_browser import FormBrowser
from tests.interop.keycloak_server import AUDIENCE, Keycloak

REDIRECT_URI = "http://127.0.0.1:4711/callback"
SECRET = ("portal", "throwaway-portal-secret")
Answer = dict[str, Any]


def post(url: str, auth: tuple[str, str] | None = None, **form: str) -> tuple[int, Answer]:
    answer = httpx.post(url, data=form, auth=auth, timeout=60)
    return answer.status_code, answer.json() if answer.content else {}


@pytest.fixture
def token_endpoint(keycloak: Keycloak) -> str:
    return str(keycloak.discovery["token_endpoint"])


@pytest.fixture
def log_in(keycloak: Keycloak, token_endpoint: str) -> Callable[..., tuple[int, Answer]]:
    """Go through the login page, and exchange the code; return the token endpoint's answer."""

    def go(
        client_id: str = "notebook", *, user: str = "alice", scope: str = "openid", auth: Any = None, **extra: str
    ) -> tuple[int, Answer]:
        verifier = generate_code_verifier()
        asked = {
            **{"client_id": client_id, "response_type": "code", "redirect_uri": REDIRECT_URI, "scope": scope, "state": "s", "nonce": "n"},
            **{"code_challenge": build_code_challenge(verifier), "code_challenge_method": "S256", **extra},
        }
        with FormBrowser({"username": user, "password": keycloak.password_of(user)}) as browser:
            came = browser.code(f"{keycloak.discovery['authorization_endpoint']}?{urlencode(asked)}", REDIRECT_URI)
        if "code" not in came:
            return 0, came
        form = {"grant_type": "authorization_code", "code": came["code"], "redirect_uri": REDIRECT_URI, "code_verifier": verifier}
        return post(token_endpoint, auth, **({} if auth else {"client_id": client_id}), **form)

    return go


def test_the_realm_offers_what_a_login_asks_of_it(keycloak):
    found = keycloak.discovery
    assert found["issuer"] == keycloak.issuer
    assert found["authorization_response_iss_parameter_supported"] is True
    offered = ("device_authorization", "revocation", "end_session", "pushed_authorization_request")
    assert {f"{name}_endpoint" for name in offered} <= set(found)
    assert {"client_secret_basic", "client_secret_post", "private_key_jwt"} <= set(found["token_endpoint_auth_methods_supported"])


def test_a_public_client_logs_in_with_pkce_and_any_port_of_loopback(log_in):
    status, answer = log_in(scope="openid school.read")
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (status, AUDIENCE in claims["aud"], "school.read" in answer["scope"]) == (200, True, True)
    assert "refresh_token" in answer


def test_a_login_without_a_challenge_is_refused(log_in):
    _, came = log_in(code_challenge="")
    assert came["error"] == "invalid_request"


def test_a_refresh_token_is_good_once_and_a_second_use_ends_the_session(log_in, token_endpoint):
    _, answer = log_in()
    form = {"grant_type": "refresh_token", "client_id": "notebook"}
    status, renewed = post(token_endpoint, **form, refresh_token=answer["refresh_token"])
    assert status == 200
    assert post(token_endpoint, **form, refresh_token=answer["refresh_token"])[1]["error"] == "invalid_grant"
    assert post(token_endpoint, **form, refresh_token=renewed["refresh_token"])[1]["error"] == "invalid_grant"


def test_offline_access_is_refused_to_who_has_not_the_role_at_the_token_endpoint(log_in):
    assert log_in(scope="openid offline_access")[0] == 200
    status, answer = log_in(user="bob", scope="openid offline_access")
    assert (status, answer["error"]) == (400, "not_allowed")


def test_a_disabled_person_gets_no_further_than_the_login_page(keycloak, log_in):
    with pytest.raises(AssertionError, match="the pages lead nowhere"):
        log_in(user="carol")


def test_a_disabled_person_and_an_ended_session_are_refused_differently(keycloak, log_in, token_endpoint):
    form, name = {"grant_type": "refresh_token", "client_id": "notebook"}, keycloak.new_person()
    _, answer = log_in(user=name)
    keycloak.set_enabled(name, False)
    disabled = post(token_endpoint, **form, refresh_token=answer["refresh_token"])[1]
    keycloak.set_enabled(name, True)
    _, answer = log_in(user=name)
    keycloak.end_sessions(name)
    ended = post(token_endpoint, **form, refresh_token=answer["refresh_token"])[1]
    assert {disabled["error"], ended["error"]} == {"invalid_grant"}
    assert (disabled["error_description"], ended["error_description"]) == ("User disabled", "Session not active")


def test_a_client_that_has_to_push_its_request_is_refused_without(log_in):
    _, came = log_in("notebook-par")
    assert came["error"] == "invalid_request"
    assert "pushed" in came["error_description"].lower()


def test_a_service_account_has_the_claim_and_no_refresh_token(token_endpoint):
    status, answer = post(token_endpoint, SECRET, grant_type="client_credentials", scope="school.read")
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert (status, claims["profile"], answer["refresh_expires_in"]) == (200, {"is_service_account": True}, 0)
    assert "refresh_token" not in answer


def test_a_client_with_a_key_of_its_own_needs_no_secret(keycloak, token_endpoint):
    now = int(time.time())
    claims = {"iss": "portal-key", "sub": "portal-key", "aud": keycloak.issuer, "jti": secrets.token_hex(8), "iat": now, "exp": now + 60}
    assertion = jwt.encode(claims, keycloak.key_file.read_text(), algorithm="RS256", headers={"kid": "portal-key"})
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": assertion}
    assert post(token_endpoint, **form)[0] == 200


def test_a_device_is_asked_for_a_challenge_too(keycloak):
    endpoint, form = keycloak.discovery["device_authorization_endpoint"], {"client_id": "notebook", "scope": "openid"}
    assert post(endpoint, **form)[1]["error"] == "invalid_request"
    challenge = build_code_challenge(generate_code_verifier())
    status, answer = post(endpoint, **form, code_challenge=challenge, code_challenge_method="S256")
    assert (status, answer["interval"], "user_code" in answer) == (200, 1, True)


def test_a_logout_with_the_refresh_token_ends_the_session(keycloak, log_in):
    name = keycloak.new_person()
    _, answer = log_in(user=name)
    assert keycloak.sessions(name) == 1
    assert post(keycloak.discovery["end_session_endpoint"], client_id="notebook", refresh_token=answer["refresh_token"])[0] == 204
    assert keycloak.sessions(name) == 0


def test_a_scope_that_is_lifted_is_missing_from_the_next_answer(keycloak, log_in, token_endpoint):
    client_id = keycloak.new_client("notebook")
    _, answer = log_in(client_id, scope="openid school.read school.write")
    keycloak.lift_scope(client_id, "school.write")
    _, renewed = post(token_endpoint, grant_type="refresh_token", client_id=client_id, refresh_token=answer["refresh_token"])
    assert "school.write" in answer["scope"].split()
    assert {"school.read", "school.write"} & set(renewed["scope"].split()) == {"school.read"}


def test_keycloak_counts_the_refreshes(keycloak, log_in, token_endpoint):
    client_id = keycloak.new_client("notebook")
    _, answer = log_in(client_id)
    post(token_endpoint, grant_type="refresh_token", client_id=client_id, refresh_token=answer["refresh_token"])
    post(token_endpoint, grant_type="refresh_token", client_id=client_id, refresh_token="wrong")
    assert keycloak.refreshes(client_id) == 2
