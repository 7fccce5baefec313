"""ATTACKS 16: instances and issuers, and whatever they can answer."""

from __future__ import annotations

import pytest

from jupyter_flowauth.errors import ConfigurationError, ProviderError
from jupyter_flowauth.providers import bounded_http, oidc_discovery
from jupyter_flowauth.providers.oidc import OIDCProvider
from tests.fakes.oidc_server import CLIENT_ID, json_answer
from tests.providers.conftest import start_oidc as start

# Instances: ATTACKS 16.


def test_an_instance_leads_to_its_issuer(server, oidc_log_in):
    provider = OIDCProvider(client_id=CLIENT_ID).at(server.instance())
    assert provider.registration.issuer == ""
    oidc_log_in(by=provider)
    assert (provider.registration.issuer, provider.registration.instance) == (server.issuer, server.instance())
    assert provider.hosts(None) == (server.origin.removeprefix("http://"),)


def test_an_instance_that_was_logged_in_to_needs_no_request_to_be_known(server):
    provider = OIDCProvider(client_id=CLIENT_ID).at(server.instance(), recall_issuer=lambda: server.issuer)
    assert (provider.registration.issuer, sum(server.requests.values())) == (server.issuer, 0)


@pytest.mark.parametrize(
    "document, sentence",
    [
        ({}, "names no issuer"),
        ({"issuer": 7}, "names no issuer"),
        ({"issuer": "http://sso.example.org"}, "issuer is not an https address"),
        ({"issuer": "{issuer}/"}, "describes itself as another issuer"),
        ({"issuer": "{issuer}", "token_endpoint": "https://evil.example/token"}, "names another token endpoint"),
        ({"issuer": "{issuer}", "jwks_uri": "https://evil.example/keys"}, "names another jwks"),
    ],
)
def test_an_instance_that_leads_elsewhere_is_refused_before_anything_is_sent(server, document, sentence):
    named = {name: value.format(issuer=server.issuer) if isinstance(value, str) else value for name, value in document.items()}
    server.instance_documents["instance-a"] = named
    with pytest.raises(ProviderError, match=sentence):
        start(OIDCProvider(client_id=CLIENT_ID).at(server.instance()))
    assert server.requests["auth"] + server.requests["token"] == 0


def test_an_instance_without_discovery_is_said(server):
    server.faults["instance"] = (404, {}, b"")
    with pytest.raises(ProviderError, match=r"answered with status 404: there is no discovery document \(it isn't an instance"):
        start(OIDCProvider(client_id=CLIENT_ID).at(server.instance()))


def test_an_instance_that_the_configuration_lists_is_not_asked(server, oidc_log_in):
    server.faults["instance"] = (404, {}, b"")
    provider = OIDCProvider(server.issuer, CLIENT_ID).at(server.instance(), is_listed=True)
    assert oidc_log_in(by=provider).identity.username == "alice"


def test_an_instance_of_another_issuer_than_the_configured_one_is_refused(server):
    server.instance_documents["instance-a"] = {"issuer": f"{server.origin}/realms/other"}
    with pytest.raises(ProviderError, match="describes itself as another issuer"):
        start(OIDCProvider(server.issuer, CLIENT_ID).at(server.instance()))


@pytest.mark.parametrize(
    "discovery, sentence",
    [
        ({"issuer": "https://other.example"}, r"describes itself as another issuer \(https://other.example\)"),
        ({"token_endpoint": None}, "names no token endpoint"),
        ({"token_endpoint": "http://sso.example/token"}, "token endpoint is not an https address"),
        ({"jwks_uri": 7}, "names no jwks"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization endpoint is not an https address"),
    ],
)
def test_a_discovery_document_that_must_not_be_used_is_refused(server, oidc, discovery, sentence):
    server.discovery = discovery
    with pytest.raises(ProviderError, match=sentence):
        start(oidc)


def test_an_issuer_elsewhere_names_no_endpoint_on_this_machine():
    """ATTACKS 16: a document of a stranger's doesn't lead inward."""
    metadata = oidc_discovery.Metadata("https://sso.example", {"token_endpoint": "http://127.0.0.1:8888/api"})
    with pytest.raises(ProviderError, match="on this machine"):
        metadata.endpoint("token_endpoint")


@pytest.mark.parametrize(
    "answer, sentence",
    [
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "with a redirect, which was not followed"),
        ((200, {}, b"<html>"), "isn't a JSON object"),
        (json_answer(["x"]), "isn't a JSON object"),
        ((200, {}, b"[" * 100_000), "isn't a JSON object"),
        ((200, {}, b'{"issuer": "' + b"x" * 600_000 + b'"}'), "more than 512 KiB"),
        ((500, {}, b""), "with status 500"),
    ],
    ids=["redirect", "html", "list", "deep", "huge", "status"],
)
@pytest.mark.parametrize("endpoint", ["openid-configuration", "certs"])
def test_a_hostile_document_is_one_typed_error(server, oidc, answer, sentence, endpoint):
    server.faults[endpoint] = answer
    with pytest.raises(ProviderError, match=sentence):
        start(oidc)


@pytest.mark.parametrize(
    "answer",
    [
        (302, {"Location": "http://127.0.0.1:1/"}, b'{"access_token": "SENTINEL", "token_type": "Bearer"}'),
        (200, {}, b"<html>"),
        json_answer([]),
        json_answer({"access_token": 7}),
        json_answer({"access_token": "SENTINEL", "token_type": "mac"}),
        json_answer({"error": "invalid_grant"}),
        (200, {}, b'{"access_token": "' + b"x" * 600_000 + b'"}'),
        (500, {}, b""),
    ],
    ids=["redirect", "html", "list", "type", "mac", "error", "huge", "status"],
)
def test_a_hostile_token_answer_is_one_typed_error(server, oidc, oidc_log_in, answer):
    server.faults["token"] = answer
    with pytest.raises(ProviderError) as caught:
        oidc_log_in()
    assert "SENTINEL" not in str(caught.value)


def test_without_a_client_id_nothing_is_sent(server):
    with pytest.raises(ConfigurationError, match="FLOWAUTH_CLIENT_ID"):
        start(OIDCProvider(server.issuer))
    assert sum(server.requests.values()) == 0


def test_no_netrc_takes_the_place_of_a_bearer(server, tmp_path, monkeypatch):
    """ATTACKS 25: requests would put a password of the user's there, in the place of the token."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login x password SENTINEL\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(bounded_http, "is_loopback_url", lambda url: False)
    bounded_http.send("GET", server.document()["userinfo_endpoint"], provider="x", headers={"Authorization": "Bearer x"})
    assert server.seen[-1][2]["authorization"] == "Bearer x"
