"""How a client proves itself, and what it gets for itself."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from jupyter_flowauth.errors import ConfigurationError, ProviderError
from jupyter_flowauth.providers.oidc import OIDCProvider
from jupyter_flowauth.scopes import parse_requirements
from tests.fakes.oidc_server import CONFIDENTIAL, SECRET, signing_key

PEM = serialization.Encoding.PEM
PUBLIC_KEY = signing_key("one").public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
EDWARDS_KEY = ed25519.Ed25519PrivateKey.generate().private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


# Client authentication.


@pytest.mark.parametrize(
    "method, supported, where",
    [
        (None, ["client_secret_basic"], "authorization"),
        (None, ["client_secret_post"], "client_secret"),
        (None, None, "authorization"),
        ("client_secret_post", ["client_secret_basic"], "client_secret"),
        ("client_secret_basic", ["client_secret_post"], "authorization"),
    ],
)
def test_a_confidential_client_proves_itself_as_the_provider_takes_it(server, oidc_log_in, method, supported, where):
    server.discovery["token_endpoint_auth_methods_supported"] = supported
    by = OIDCProvider(server.issuer, CONFIDENTIAL, SECRET, token_endpoint_auth_method=method)
    assert oidc_log_in(by=by).identity.username == "alice"
    _, form, headers = next(seen for seen in server.seen if seen[0] == "token")
    assert where in {**form, **headers}


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())], ids=["RS256", "ES256"])
def test_a_client_with_a_key_signs_an_assertion_for_the_issuer(server, oidc_log_in, tmp_path, key):
    path = write_key(tmp_path, key)
    server.public_keys["keyed"] = key.public_key()
    by = OIDCProvider(server.issuer, "keyed", private_key_file=str(path))
    assert oidc_log_in(by=by).identity.username == "alice"
    assert "client_secret" not in server.seen[-1][1]


def write_key(folder: Path, key) -> Path:
    path = folder / "key.pem"
    path.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return path


@pytest.mark.parametrize("content", [None, b"not a key", PUBLIC_KEY, EDWARDS_KEY])
def test_a_key_file_that_cannot_be_used_is_named(server, tmp_path, content):
    if content is not None:
        (tmp_path / "key.pem").write_bytes(content)
    by = OIDCProvider(server.issuer, "keyed", private_key_file=str(tmp_path / "key.pem"), grant="client_credentials")
    with pytest.raises(ConfigurationError, match=r"private_key_file .*key.pem (can't be read|holds no unencrypted)"):
        by.issue_token((), now=0)


@pytest.mark.parametrize(
    "options",
    [
        {"grant": "password"},
        {"grant": "client_credentials"},
        {"token_endpoint_auth_method": "magic"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"scopes": "openid profile"},
    ],
)
def test_what_does_not_fit_together_is_refused_at_once(options):
    with pytest.raises(ConfigurationError):
        OIDCProvider("https://sso.example", "c", **options)


def test_its_repr_shows_no_secret():
    provider = OIDCProvider("https://sso.example", "c", "SENTINEL").at("https://a.example")
    assert "SENTINEL" not in repr(provider) + repr(vars(provider))
    assert "https://a.example" in repr(provider)


# The client's own tokens.


def test_a_client_acts_for_itself(server):
    provider = OIDCProvider(server.issuer, CONFIDENTIAL, SECRET, grant="client_credentials", scopes=("api",))
    issued = provider.issue_token(parse_requirements("more"), now=time.time())
    assert (issued.kind, issued.identity.sub, issued.tokens[0].scopes) == ("service_account", CONFIDENTIAL, ("api", "more"))
    assert issued.tokens[0].refresh_token is None


def test_a_wrong_secret_is_said_and_not_shown(server):
    with pytest.raises(ProviderError, match="invalid_client") as caught:
        OIDCProvider(server.issuer, CONFIDENTIAL, "SENTINEL", grant="client_credentials").issue_token((), now=0)
    assert "SENTINEL" not in str(caught.value)


def test_a_client_for_people_does_not_act_for_itself(oidc):
    with pytest.raises(ProviderError, match="logs people in"):
        oidc.issue_token((), now=0)
