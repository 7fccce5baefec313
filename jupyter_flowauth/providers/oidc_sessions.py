"""The end of a session there: the instance's own logout, and the provider's. Best effort, each bounded, each said."""

from __future__ import annotations

from collections.abc import Callable

from ..endings import SessionEnding
from ..errors import FlowAuthError, ProviderError
from ..secret import Secret
from ..tokens import Account, Token
from .bounded_http import HttpAnswer, send
from .oidc_calls import OidcCalls

SECONDS = 5.0
# Keycloak's end-session endpoint takes a POST with the refresh token besides what OpenID Connect says: no browser, no question.
_KEYCLOAK_PATH = "/protocol/openid-connect/logout"


def end_sessions(account: Account, *, title: str, instance: str | None, look_up: Callable[[], OidcCalls]) -> tuple[SessionEnding, ...]:
    """Return how the ends of an account's sessions went. Never raises.

    :param look_up: returns the client's calls to the issuer.
    """
    endings = [_end_at_instance(instance, account.tokens[-1])] if instance and account.tokens else []
    try:
        calls = look_up()
        endpoint = calls.metadata.optional_endpoint("end_session_endpoint")
        if endpoint is not None:
            endings.append(_end_at_provider(endpoint, account, title, calls))
    except FlowAuthError as error:
        endings.append(SessionEnding("session", False, f"The session at {title} could not be ended: {error}."))
    return tuple(endings)


def _end_at_instance(instance: str, token: Token) -> SessionEnding:
    """Ask the instance itself: ``GET /logout`` with the bearer."""
    try:
        bearer = {"Authorization": Secret(f"Bearer {token.access_token}")}
        answer = send("GET", f"{instance}/logout", provider=instance, headers=bearer, seconds=SECONDS)
    except FlowAuthError as error:
        return SessionEnding("instance", False, f"{instance} could not be told: {error}.")
    if answer.status < 400:
        return SessionEnding("instance", True, f"{instance} has ended the session there.")
    why = {401: "the token had expired, or was refused", 404: "it has no /logout"}.get(answer.status, f"it answered {answer.status}")
    return SessionEnding("instance", False, f"{instance} has not ended the session there: {why}.")


def _end_at_provider(endpoint: str, account: Account, title: str, calls: OidcCalls) -> SessionEnding:
    refresh_token = next((token.refresh_token for token in reversed(account.tokens) if token.refresh_token), None)
    if refresh_token and _KEYCLOAK_PATH in endpoint:
        answer = calls.send(endpoint, {"refresh_token": refresh_token}, seconds=SECONDS)
        if answer.status in (200, 204):
            return SessionEnding("session", True, f"{title} has ended the session.")
        if not account.id_token:
            return SessionEnding("session", False, f"{title} has not ended the session: {calls.judge(answer, endpoint)}.")
    if not account.id_token:
        return SessionEnding("session", False, f"{title} ends a session only in the browser: log out there as well.")
    form = {"id_token_hint": account.id_token, "client_id": calls.credentials.client_id}
    return _read_page(send("POST", endpoint, provider=title, body=_encode(form), seconds=SECONDS), title)


def _encode(form: dict[str, str]) -> Secret:
    from urllib.parse import urlencode

    return Secret(urlencode(form))


def _read_page(answer: HttpAnswer, title: str) -> SessionEnding:
    """Judge what RP-initiated logout answers without a browser: a page that still asks has ended nothing."""
    if answer.status < 400 and b"<form" not in answer.body.lower():
        return SessionEnding("session", True, f"{title} has ended the session.")
    if answer.status < 400:
        return SessionEnding("session", False, f"{title} asks for a yes in the browser before it ends the session: log out there as well.")
    return SessionEnding("session", False, f"{title} has not ended the session: it answered {answer.status}.")


def revoke_token(calls: OidcCalls, token: Token) -> None:
    """Revoke a refresh token, and the access token with it, or that one alone (RFC 7009).

    :raises ProviderError: if that didn't happen.
    """
    endpoint = calls.metadata.optional_endpoint("revocation_endpoint")
    if endpoint is None:
        raise ProviderError(f"{calls.title} offers no revocation")
    secret, hint = (token.refresh_token, "refresh_token") if token.refresh_token else (token.access_token, "access_token")
    calls.post(endpoint, {"token": secret, "token_type_hint": hint}, expects_json=False)
