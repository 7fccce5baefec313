"""Whether a JupyterHub shares its own login with this server: the part of ``hub-config --check`` that only a user's server can tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ..errors import FlowAuthError
from ..hub_tokens import parse_auth_state
from ..login_outcomes import as_sentence

SCOPE = "admin:auth_state"
_PRINTS = "jupyter flowauth hub-config --hub-login prints what is needed; start this server again afterwards"

ReadJson = Callable[[str, str], Mapping[str, Any]]


def look_at_hub_login(
    environment: Mapping[str, str], issuers: Mapping[str, str], read_json: ReadJson, *, now: float
) -> Iterator[tuple[bool, str]]:
    """Yield what is there and what is missing for the Hub's login to be reused, as this server's own token sees it.

    :param environment: of a process in a user's server; of any other, nothing is yielded.
    :param issuers: the issuers of the providers with ``hub_login``, by name.
    :param read_json: returns what an address of the Hub's API answers to a token; an empty mapping for no JSON.
    """
    api, user, token = (environment.get(f"JUPYTERHUB_{name}", "") for name in ("API_URL", "USER", "API_TOKEN"))
    if not issuers or not (api and user and token):
        return
    held = read_json(f"{api.rstrip('/')}/user", token).get("scopes", ())
    yield _judge_scopes(held if isinstance(held, list) else [], user)
    state = read_json(f"{api.rstrip('/')}/users/{quote(user, safe='')}", token).get("auth_state")
    if not isinstance(state, Mapping):
        yield (
            False,
            "the Hub shows nothing of its login: it wants enable_auth_state, JUPYTERHUB_CRYPT_KEY, and a login to the Hub since then",
        )
        return
    for name, issuer in issuers.items():
        yield _judge_state(state, name, issuer, now=now)


def _judge_scopes(held: list[Any], user: str) -> tuple[bool, str]:
    if SCOPE in held or "admin:users" in held:
        return False, f"this server may see what every user's login was issued: it has to be {SCOPE}!user, with the !user"
    if f"{SCOPE}!user={user}" not in held:
        return False, f"this server may not see what its user's login was issued ({SCOPE}!user); {_PRINTS}"
    return True, f"this server may see what the login of {user} was issued, and of nobody else"


def _judge_state(state: Mapping[str, Any], name: str, issuer: str, *, now: float) -> tuple[bool, str]:
    try:
        issued = parse_auth_state(state, issuer=issuer, now=now)
    except FlowAuthError as error:
        return False, f"{name}: {as_sentence(error.message)}"
    scopes = sorted({scope for token in issued.tokens for scope in token.scopes})
    if not scopes or issued.identity is None:
        return False, f"{name}: the Hub's login holds no token that is still good; log out of the Hub and in again"
    return True, f"{name}: the Hub's login is that of {issued.identity.username}, with {' '.join(scopes)}"
