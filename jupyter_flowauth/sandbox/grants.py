"""The token endpoint's rules, without HTTP: who may exchange what, and the Globus-shaped answer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from .catalogue import AUTH, Client, ScopeEntry
from .ledger import Grant, IssuedCode, IssuedToken, Ledger
from .refusals import TokenRefusal
from .settings import SandboxSettings

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 4.1

Form = Mapping[str, str]


def parse_form(arguments: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the parameters of a form, each of which may be there once (RFC 6749 3.2).

    :raises TokenRefusal: one is repeated.
    """
    if any(len(values) > 1 for values in arguments.values()):
        raise TokenRefusal("invalid_request", "A parameter was sent twice")
    return {name: values[0] for name, values in arguments.items()}


def parse_basic(header: str | None) -> tuple[str, str] | None:
    """Return user and password of a Basic header, or None without one.

    :raises TokenRefusal: there is a header and it cannot be read.
    """
    if header is None:
        return None
    scheme, _, encoded = header.partition(" ")
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise TokenRefusal("invalid_client", "The Authorization header cannot be read", status=401)
    return unquote(user), unquote(password)


def validate_client(form: Form, basic: tuple[str, str] | None, clients: Mapping[str, Client]) -> Client:
    """Return the client that sends this request, authenticated if it has a secret.

    :raises TokenRefusal: `invalid_client`.
    """
    client_id, client_secret = basic or (form.get("client_id", ""), form.get("client_secret"))
    client = clients.get(client_id)
    if client is None or form.get("client_id", client_id) != client_id:
        raise TokenRefusal("invalid_client", "No such client", status=401)
    if client.client_secret is None and client_secret is None:
        return client
    expected, given = (client.client_secret or "").encode(), (client_secret or "").encode()
    if not expected or not hmac.compare_digest(expected, given):
        raise TokenRefusal("invalid_client", "Wrong client credentials", status=401)
    return client


def validate_code(form: Form, client: Client, issued: IssuedCode | None, *, now: float) -> IssuedCode:
    """Return what a code that this client may exchange stands for; whether it was used before is the caller's to ask.

    :raises TokenRefusal: `invalid_grant`.
    """
    if issued is None or issued.grant.client_id != client.client_id:
        raise TokenRefusal("invalid_grant", "No such code")
    if issued.expires_at <= now:
        raise TokenRefusal("invalid_grant", "The code has expired")
    if form.get("redirect_uri") != issued.grant.redirect_uri:
        raise TokenRefusal("invalid_grant", "Another redirect_uri than at the authorization endpoint")
    validate_verifier(form.get("code_verifier"), issued.grant.code_challenge)
    return issued


def validate_verifier(code_verifier: str | None, code_challenge: str | None) -> None:
    """Compare a code_verifier with the challenge that its code was issued to.

    :raises TokenRefusal: they don't belong together, or one is there without the other (RFC 9700 2.1.1: a downgrade).
    """
    if code_verifier is None and code_challenge is None:
        return
    if code_verifier is None or code_challenge is None or not _VERIFIER.fullmatch(code_verifier):
        raise TokenRefusal("invalid_grant", "The code_verifier is absent or malformed, or was not asked for")
    digest = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=")
    if not hmac.compare_digest(digest, code_challenge.encode()):
        raise TokenRefusal("invalid_grant", "The code_verifier does not match")


def validate_refresh(form: Form, client: Client, token: IssuedToken | None) -> tuple[IssuedToken, tuple[str, ...]]:
    """Return the token, retired or not, and the scopes to refresh: all of its own, or the fewer that are asked for (RFC 6749 6).

    :raises TokenRefusal: `invalid_grant` or `invalid_scope`.
    """
    if token is None or token.grant.client_id != client.client_id:
        raise TokenRefusal("invalid_grant", "No such refresh token")
    wanted = tuple(form.get("scope", "").split()) or token.scopes
    if not set(wanted) <= set(token.scopes):
        raise TokenRefusal("invalid_scope", "More scopes than the refresh token has")
    return token, wanted


def group_by_resource_server(scopes: Sequence[str], known: Mapping[str, ScopeEntry]) -> dict[str, tuple[str, ...]]:
    """Return the scopes of this request per resource server, Globus Auth's own first."""
    servers = dict.fromkeys(known[scope].resource_server for scope in scopes)
    ordered = sorted(servers, key=lambda server: server != AUTH)
    return {server: tuple(scope for scope in scopes if known[scope].resource_server == server) for server in ordered}


def issue_tokens(
    ledger: Ledger,
    grant: Grant,
    resource_server: str,
    scopes: tuple[str, ...],
    settings: SandboxSettings,
    *,
    now: float,
    refresh_token: str | None = None,
) -> dict[str, Any]:
    """Return the part of a token response for one resource server.

    :param refresh_token: one to hand back instead of issuing another.
    """
    access = IssuedToken(grant, resource_server, scopes, issued_at=now, expires_at=now + settings.access_token_lifetime)
    document: dict[str, Any] = {
        "access_token": ledger.issue_access(access),
        "scope": " ".join(scopes),
        "expires_in": settings.access_token_lifetime,
        "token_type": "Bearer",
        "resource_server": resource_server,
    }
    if grant.is_offline:
        lasting = IssuedToken(grant, resource_server, scopes, issued_at=now, expires_at=float("inf"))
        document["refresh_token"] = refresh_token or ledger.issue_refresh(lasting)
    return document


def build_token_response(documents: Sequence[dict[str, Any]], *, id_token: str | None = None, state: str | None = None) -> dict[str, Any]:
    """Return the answer of the token endpoint: the first token, and the `other_tokens`."""
    first, *others = documents
    extra = {name: value for name, value in {"id_token": id_token, "state": state}.items() if value is not None}
    return {**first, **extra, "other_tokens": list(others)}
