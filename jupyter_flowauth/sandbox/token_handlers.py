"""The back channel: token, revocation, introspection, discovery, keys."""

from __future__ import annotations

import json
import secrets
from typing import Any

from . import grants
from .catalogue import AUTH, Client
from .dependents import DEPENDENT_GRANT, exchange_token
from .ledger import Grant, IssuedToken
from .refusals import TokenRefusal
from .signing import build_discovery, build_id_token, build_jwks
from .web import SandboxHandler

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class BackChannelHandler(SandboxHandler):
    """A handler that an application talks to, with its client's credentials."""

    def read_form(self) -> tuple[dict[str, str], Client]:
        """Return the form and the client that sent it."""
        arguments = {name: [value.decode("utf-8", "replace") for value in values] for name, values in self.request.body_arguments.items()}
        form = grants.parse_form(arguments)
        basic = grants.parse_basic(self.request.headers.get("Authorization"))
        return form, grants.validate_client(form, basic, self.state.clients)


class TokenHandler(BackChannelHandler):
    """The token endpoint."""

    endpoint = "token"

    def post(self) -> None:
        """Serve the grant that the form names."""
        form, client = self.read_form()
        grant_type = form.get("grant_type", "")
        if grant_type == DEPENDENT_GRANT:
            self._dependents(form, client)
            return
        served = {
            "authorization_code": self._exchange_code,
            "refresh_token": self._refresh,
            "client_credentials": self._client_credentials,
            DEVICE_GRANT: self._redeem_device_code,
        }
        if grant_type not in served:
            raise TokenRefusal("unsupported_grant_type", "This grant is not served here")
        self.state.counters[f"token:{grant_type}"] += 1
        self.set_header("Pragma", "no-cache")
        self.finish(served[grant_type](form, client))

    def _dependents(self, form: dict[str, str], client: Client) -> None:
        """Answer a service that asks for dependent tokens: with a list, as Globus Auth does."""
        self.state.counters["token:dependent_token"] += 1
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(exchange_token(self.state, form, client)))

    def _exchange_code(self, form: dict[str, str], client: Client) -> dict[str, Any]:
        """Return the tokens for a code; a code presented twice kills what its first use gave (RFC 6749 4.1.2)."""
        code = form.get("code", "")
        issued = grants.validate_code(form, client, self.state.ledger.find_code(code), now=self.state.now())
        grant = issued.grant
        if issued.was_used:
            self.state.ledger.revoke_grant(grant.grant_id)
            raise TokenRefusal("invalid_grant", "The code was used before: what it gave is revoked")
        self.state.ledger.spend_code(code)
        return self._respond(grant, grant.scopes)

    def _redeem_device_code(self, form: dict[str, str], client: Client) -> dict[str, Any]:
        """Return the tokens for a device code that a person has agreed to; one presented twice kills what its first use gave."""
        code, verifier = form.get("device_code", ""), form.get("code_verifier")
        grant, was_used = self.state.devices.redeem(code, client, verifier, now=self.state.now())
        if was_used:
            self.state.ledger.revoke_grant(grant.grant_id)
            raise TokenRefusal("invalid_grant", "The device code was used before: what it gave is revoked")
        return self._respond(grant, grant.scopes)

    def _respond(self, grant: Grant, scopes: tuple[str, ...]) -> dict[str, Any]:
        """Return a token response for scopes of any number of resource servers."""
        by_server = grants.group_by_resource_server(scopes, self.state.scopes)
        ledger, settings, now = self.state.ledger, self.state.settings, self.state.now()
        documents = [grants.issue_tokens(ledger, grant, server, below, settings, now=now) for server, below in by_server.items()]
        id_token = self._id_token(grant, documents[0], nonce=grant.nonce)
        return grants.build_token_response(documents, id_token=id_token, state=grant.state)

    def _id_token(self, grant: Grant, document: dict[str, Any], *, nonce: str | None) -> str | None:
        """Return an ID token beside Globus Auth's own access token, if openid is in its scope."""
        if document["resource_server"] != AUTH or "openid" not in document["scope"].split():
            return None
        person, settings = self.state.find_person(grant.sub), self.state.settings
        return build_id_token(grant, person, document["access_token"], self.state.url, settings, now=self.state.now(), nonce=nonce)

    def _refresh(self, form: dict[str, str], client: Client) -> dict[str, Any]:
        """Return one fresh token; a refresh token that was rotated away kills everything its grant gave (RFC 9700 4.14.2)."""
        text = form.get("refresh_token", "")
        token, scopes = grants.validate_refresh(form, client, self.state.ledger.find_refresh(text))
        if token.is_retired:
            self.state.ledger.revoke_grant(token.grant.grant_id)
            self.state.counters["families_killed"] += 1
            raise TokenRefusal("invalid_grant", "The refresh token was used before: its whole family is revoked")
        return self._fresh_token(text, token, tuple(scope for scope in scopes if scope not in self.state.settings.withheld_scopes))

    def _fresh_token(self, text: str, token: IssuedToken, scopes: tuple[str, ...]) -> dict[str, Any]:
        """Return the answer of a refresh, the refresh token rotated or kept as the settings say."""
        if not scopes:
            raise TokenRefusal("invalid_scope", "Nothing is left of what was granted")
        rotates = self.state.settings.rotate_refresh_tokens
        if rotates:
            self.state.ledger.retire_refresh(text)
        document = grants.issue_tokens(
            self.state.ledger,
            token.grant,
            token.resource_server,
            scopes,
            self.state.settings,
            now=self.state.now(),
            refresh_token=None if rotates else text,
        )
        return grants.build_token_response([document], id_token=self._id_token(token.grant, document, nonce=None))

    def _client_credentials(self, form: dict[str, str], client: Client) -> dict[str, Any]:
        """Return tokens for the client itself."""
        scopes = tuple(form.get("scope", "").split())
        if client.is_public:
            raise TokenRefusal("unauthorized_client", "A public client cannot act for itself")
        if not scopes or any(scope not in self.state.scopes for scope in scopes):
            raise TokenRefusal("invalid_scope", "No scope, or an unknown one")
        grant = Grant(secrets.token_hex(8), client.client_id, client.client_id, scopes, False, "", self.state.now())
        return self._respond(grant, scopes)


class RevokeHandler(BackChannelHandler):
    """The revocation endpoint."""

    endpoint = "revoke"

    def post(self) -> None:
        """Kill a token of this client's; one that is dead already is no error (RFC 7009 2.2)."""
        form, client = self.read_form()
        text = form.get("token", "")
        token = self.state.ledger.find_any(text)
        if token is not None and token.grant.client_id != client.client_id:
            raise TokenRefusal("unauthorized_client", "Another client's token")
        self.state.ledger.revoke(text)
        self.finish({"active": False})


class IntrospectHandler(BackChannelHandler):
    """The introspection endpoint, for confidential clients."""

    endpoint = "introspect"

    def post(self) -> None:
        """Say whether a token is alive, and whose."""
        form, client = self.read_form()
        if client.is_public:
            raise TokenRefusal("invalid_client", "Introspection wants a client secret", status=401)
        text, now = form.get("token", ""), self.state.now()
        token = self.state.ledger.find_access(text, now=now) or self.state.ledger.find_refresh(text)
        self.finish({"active": False} if token is None or token.is_retired else self._describe(token))

    def _describe(self, token: IssuedToken) -> dict[str, Any]:
        """Return what introspection says of a live token."""
        person = self.state.find_person(token.grant.sub)
        document: dict[str, Any] = {
            "active": True,
            "token_type": "Bearer",
            "scope": " ".join(token.scopes),
            "client_id": token.grant.client_id,
            "sub": person.sub,
            "username": person.username,
            "name": person.name,
            "email": person.username,
            "iss": self.state.url,
            "aud": [token.resource_server, token.grant.client_id],
            "iat": int(token.issued_at),
            "nbf": int(token.issued_at),
        }
        return document | ({"exp": int(token.expires_at)} if token.expires_at != float("inf") else {})


class DiscoveryHandler(SandboxHandler):
    """The OpenID configuration."""

    endpoint = "configuration"

    def get(self) -> None:
        """Show it."""
        self.finish(build_discovery(self.state.url, self.state.settings))


class JwksHandler(SandboxHandler):
    """The public keys."""

    endpoint = "jwk"

    def get(self) -> None:
        """Show them."""
        self.finish(build_jwks())
