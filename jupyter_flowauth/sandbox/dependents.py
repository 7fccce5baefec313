"""Dependent tokens: what a service that was given a token may ask for, to call the services below it on the person's behalf."""

from __future__ import annotations

import secrets
from typing import Any

from .catalogue import Client
from .ledger import Grant, IssuedToken
from .refusals import ApiRefusal, TokenRefusal
from .run_refusals import build_dependent_consent_body
from .scope_tree import build_path
from .state import SandboxState

DEPENDENT_GRANT = "urn:globus:auth:grant_type:dependent_token"


def consent_deadline(state: SandboxState, token: IssuedToken) -> float | None:
    """Return the moment up to which consents count for a token: None is now, unless the settings let tokens keep their own."""
    return token.issued_at if state.settings.tokens_keep_consents else None


def issue_below(state: SandboxState, scope: str, *, sub: str, root_client_id: str, above: tuple[str, ...], asked_by: str) -> str:
    """Return a new access token for a scope that was agreed to below others.

    :param asked_by: the client of the service that asks.
    """
    now = state.now()
    grant = Grant(secrets.token_hex(8), asked_by, sub, (scope,), False, "", now)
    token = IssuedToken(
        grant,
        state.scopes[scope].resource_server,
        (scope,),
        issued_at=now,
        expires_at=now + state.settings.access_token_lifetime,
        above=above,
        root_client_id=root_client_id,
    )
    return state.ledger.issue_access(token)


def exchange_token(state: SandboxState, form: dict[str, str], client: Client) -> list[dict[str, Any]]:
    """Return the dependent tokens for a token that was given to this client's service.

    :raises TokenRefusal: there is no such token, or it is another service's.
    :raises ApiRefusal: the person has not agreed to a scope that is asked for.
    """
    token = state.ledger.find_access(form.get("token", ""), now=state.now())
    if client.is_public:
        raise TokenRefusal("unauthorized_client", "A public client is no service")
    if token is None or token.resource_server != client.client_id:
        raise TokenRefusal("invalid_grant", "No such token for this service")
    return [_describe(state, token, client, above, scope) for above, scope in _wanted(state, token, form.get("scope", "").split())]


def _wanted(state: SandboxState, token: IssuedToken, asked: list[str]) -> list[tuple[tuple[str, ...], str]]:
    """Return the scopes to issue, each with the path that leads to it."""
    roots = [(*token.above, scope) for scope in token.scopes]
    client_id, sub, until = token.consented_client_id, token.grant.sub, consent_deadline(state, token)
    if not asked:
        return [(root, scope) for root in roots for scope in state.consents.below(sub, client_id, root)]
    found = [(root, scope) for root in roots for scope in asked if state.consents.has(sub, client_id, (*root, scope), until=until)]
    absent = [scope for scope in asked if scope not in {one for _, one in found}]
    if absent:
        raise ApiRefusal(403, build_dependent_consent_body([str(build_path(*roots[0], scope)) for scope in absent]))
    return found


def _describe(state: SandboxState, token: IssuedToken, client: Client, above: tuple[str, ...], scope: str) -> dict[str, Any]:
    """Return one dependent token as the token endpoint lists it."""
    sub, root = token.grant.sub, token.consented_client_id
    return {
        "access_token": issue_below(state, scope, sub=sub, root_client_id=root, above=above, asked_by=client.client_id),
        "scope": scope,
        "expires_in": state.settings.access_token_lifetime,
        "token_type": "Bearer",
        "resource_server": state.scopes[scope].resource_server,
    }
