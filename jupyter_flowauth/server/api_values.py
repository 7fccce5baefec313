"""What the API says of logins and accounts: no token, code, state or verifier among it."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import urlsplit

from ..ports import Provider
from ..records import LoginRequest, LoginResult, ScopeLine
from ..tokens import Account, Identity
from .context import ServerContext

Values = dict[str, Any]


def provider_values(provider: Provider) -> Values:
    """Return a configured provider as it is offered."""
    issuer = provider.registration.issuer
    return {"name": provider.name, "kind": provider.kind, "title": provider.title, "issuer_host": issuer_host(issuer)}


def login_values(request: LoginRequest) -> Values:
    """Return a login that waits for a person."""
    return {
        "login_id": request.login_id,
        "provider": request.provider,
        "title": request.provider_title,
        "issuer_host": issuer_host(request.authorization.issuer),
        "asked_by": request.asked_by,
        "client_title": request.client_title,
        "scopes": [_scope_values(line) for line in request.missing],
        "consent": [dataclasses.asdict(line) for line in request.consent],
        "headline": request.headline,
        "started_at_seconds": request.created_at_seconds,
        "expires_at_seconds": request.expires_at_seconds,
        "user_agent": request.user_agent,
        "device": dataclasses.asdict(request.device) if request.device else None,
    }


def result_values(result: LoginResult, scopes: tuple[ScopeLine, ...]) -> Values:
    """Return how a login ended."""
    return {
        "login_id": result.login_id,
        "status": result.outcome,
        "outcome": result.outcome,
        "message": result.message,
        "identity": _identity_values(result.identity) if result.identity else None,
        "scopes": [_scope_values(line) for line in scopes],
        "ended_at_seconds": result.ended_at_seconds,
    }


def account_values(account: Account, context: ServerContext) -> Values:
    """Return an account that is held: whose it is, and which scopes are good until when."""
    provider = context.providers().get(account.provider)
    issuer = account.key.registration.issuer
    return {
        "id": account.key.digest,
        "provider": account.provider,
        "title": provider.title if provider else issuer_host(issuer),
        "issuer_host": issuer_host(issuer),
        **_identity_values(account.identity),
        "scopes": [_held_scope_values(account, context.describe(scope, account.provider)) for scope in account.scopes],
        "logged_in_at_seconds": account.logged_in_at_seconds,
        "kind": account.kind,
        "instance": account.key.registration.instance,
        **_expiry_values(account),
    }


def _expiry_values(account: Account) -> Values:
    """Return until when the account's tokens are good, the first of them that ends, and whether they are all renewed without anybody."""
    ends = [token.expires_at_seconds for token in account.tokens if token.expires_at_seconds is not None]
    is_renewed = bool(account.tokens) and all(token.refresh_token is not None for token in account.tokens)
    return {"expires_at_seconds": min(ends, default=None), "is_renewed": is_renewed}


def issuer_host(issuer: str) -> str:
    """Return the host, and the port if there is one, that a person should recognise."""
    return urlsplit(issuer).netloc.rpartition("@")[2] or issuer


def _identity_values(identity: Identity) -> Values:
    return {"username": identity.username, "name": identity.name or ""}


def _scope_values(line: ScopeLine) -> Values:
    return {"scope": line.scope, "title": line.title, "service": line.service, "granted": line.granted}


def _held_scope_values(account: Account, line: ScopeLine) -> Values:
    token = account.token_for(line.scope)
    expires_at_seconds = token.expires_at_seconds if token else None
    return {"scope": line.scope, "title": line.title, "service": line.service, "expires_at_seconds": expires_at_seconds}
