"""Setting a service account up, all of it or nothing; the real realm is in ``tests/cli/test_keycloak.py``."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading

import pytest

from jupyter_flowauth.errors import ConfigurationError, ProviderError
from jupyter_flowauth.providers.keycloak_admin import RealmAdmin, ServiceAccount, build_client

MADE = {"POST /clients": (201, None), "GET /clients/42/client-secret": (200, {"value": "s3cret"}), "DELETE /clients/42": (204, None)}


@contextlib.contextmanager
def answering(answers, *, location="/admin/realms/r/clients/42"):
    """An admin API that answers as told, and writes down what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = f"{self.command} {self.path.removeprefix('/admin/realms/r')}"
            asked.append((name, self.headers.get("Authorization"), self.rfile.read(int(self.headers.get("Content-Length", 0)))))
            status, value = answers.get(name, (404, None))
            body = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            if status == 201:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.do_GET()

        def do_PUT(self):
            self.do_GET()

        def do_DELETE(self):
            self.do_GET()

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield RealmAdmin(f"http://127.0.0.1:{server.server_address[1]}/realms/r", "SENTINELtoken"), asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_client_acts_for_itself_and_its_tokens_say_what_it_is():
    client = build_client("ci", claim="profile.is_service_account", lifetime_seconds=3600)
    assert client["serviceAccountsEnabled"]
    assert not any(client[flow] for flow in ("publicClient", "standardFlowEnabled", "implicitFlowEnabled", "directAccessGrantsEnabled"))
    assert client["attributes"] == {"access.token.lifespan": "3600"}
    assert client["protocolMappers"][0]["config"]["claim.name"] == "profile.is_service_account"


def test_what_was_made_is_returned_with_its_secret_which_its_repr_does_not_show():
    with answering(MADE) as (admin, asked):
        made = admin.create_service_account("ci")
    assert (made.client_id, made.own_id, made.client_secret) == ("ci", "42", "s3cret")
    assert "s3cret" not in repr(made)
    assert {bearer for _, bearer, _ in asked} == {"Bearer SENTINELtoken"}


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"POST /clients": (401, None)}, "log in again as somebody who may manage"),
        ({"POST /clients": (403, None)}, "it needs the role manage-clients"),
        ({"POST /clients": (404, None)}, "no admin API"),
        ({"POST /clients": (409, None)}, "has a client ci already"),
        ({"POST /clients": (500, None)}, "status 500"),
        ({"POST /clients": (302, None)}, "status 302"),
    ],
)
def test_a_refusal_says_why_and_makes_nothing(answers, words):
    with answering(answers) as (admin, asked), pytest.raises(ProviderError, match=words) as refused:
        admin.create_service_account("ci")
    assert len(asked) == 1
    assert "SENTINEL" not in str(refused.value)


@pytest.mark.parametrize("secret", [(500, None), (200, {}), (200, []), (200, {"value": 7}), (200, {"value": ""}), (200, None)])
def test_a_client_without_a_secret_is_removed_again(secret):
    with answering({**MADE, "GET /clients/42/client-secret": secret}) as (admin, asked), pytest.raises(ProviderError):
        admin.create_service_account("ci")
    assert asked[-1][0] == "DELETE /clients/42"


def test_a_location_elsewhere_sends_no_token_there():
    with answering(MADE, location="https://elsewhere.example/steal/42") as (admin, asked):
        assert isinstance(admin.create_service_account("ci"), ServiceAccount)
    assert [name for name, _, _ in asked] == ["POST /clients", "GET /clients/42/client-secret"]


def test_scopes_are_found_before_anything_is_made():
    listed = {"GET /client-scopes": (200, [{"name": "school.read", "id": "7"}])}
    added = {"PUT /clients/42/optional-client-scopes/7": (204, None)}
    with answering({**MADE, **listed, **added}) as (admin, asked):
        admin.create_service_account("ci", scopes=["school.read"])
    assert [name for name, _, _ in asked][:3] == ["GET /client-scopes", "POST /clients", "PUT /clients/42/optional-client-scopes/7"]
    with answering(listed) as (admin, asked), pytest.raises(ProviderError, match=r"no client scope nothing\.like\.it"):
        admin.create_service_account("ci", scopes=["nothing.like.it"])
    assert [name for name, _, _ in asked] == ["GET /client-scopes"]


@pytest.mark.parametrize("issuer", ["https://auth.globus.org", "https://sso.example.org/realms/", "https://sso.example.org/realms/a/b"])
def test_what_is_no_realm_is_asked_nothing(issuer):
    with pytest.raises(ConfigurationError, match="is not the address of a Keycloak realm"):
        RealmAdmin(issuer, "SENTINELtoken")
