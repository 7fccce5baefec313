"""The authorization endpoint's rules, without HTTP: what a request must hold, and where the browser goes afterwards."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from .catalogue import Client
from .refusals import PageRefusal, RedirectRefusal
from .scope_tree import MalformedScope, RequestedScope, parse_scopes

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636 4.2: base64url of a sha256
_ODD_CHARACTERS = re.compile(r"[\s\\\x00-\x1f\x7f]")
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_PROMPTS = frozenset({"login", "consent", "none", "select_account"})

Params = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class AuthorizeRequest:
    """An authorize request that passed every check."""

    client: Client
    redirect_uri: str
    scopes: tuple[RequestedScope, ...]
    state: str | None = field(repr=False)
    nonce: str | None = field(repr=False)
    code_challenge: str | None = field(repr=False)
    is_offline: bool
    prompts: frozenset[str]
    login_hint: str | None


def is_loopback_redirect(redirect_uri: str, *, any_path: bool) -> bool:
    """Say whether a native app may be sent here without having registered it: loopback, any port."""
    try:
        parts = urlsplit(redirect_uri)
        usable = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = not ("@" in parts.netloc or parts.fragment or _ODD_CHARACTERS.search(redirect_uri))
    is_local = parts.scheme in {"http", "https"} and parts.hostname in _LOOPBACK_HOSTS
    return usable and is_plain and is_local and (any_path or parts.path in {"", "/"})


def validate_client(params: Params, clients: Mapping[str, Client]) -> Client:
    """Return the client that an authorize request names.

    :raises PageRefusal: no client_id, several, or an unknown one.
    """
    client = clients.get(_single(params, "client_id"))
    if client is None:
        raise PageRefusal("Unknown client", "No application is registered here with this client_id.", details=tuple(params["client_id"]))
    return client


def validate_redirect_uri(params: Params, client: Client, *, registered: Collection[str], loopback_any_path: bool) -> str:
    """Return the redirect_uri, which is registered exactly or is a native app's loopback.

    :raises PageRefusal: it is neither. RFC 6749 4.1.2.1: "MUST NOT automatically redirect the user-agent to the invalid redirection URI".
    """
    redirect_uri = _single(params, "redirect_uri")
    loopback = client.is_public and is_loopback_redirect(redirect_uri, any_path=loopback_any_path)
    if redirect_uri in registered or loopback:
        return redirect_uri
    sentence = f"'{client.name}' has not registered this address to return to."
    raise PageRefusal("Unregistered redirect_uri", sentence, details=(redirect_uri,))


def validate_scopes(params: Params, known: Collection[str]) -> tuple[RequestedScope, ...]:
    """Return the scopes asked for.

    :raises PageRefusal: one is unknown. Globus shows a page of its own then: the browser never comes back.
    """
    text = _single(params, "scope")
    try:
        scopes = parse_scopes(text)
    except MalformedScope as error:
        raise PageRefusal("Malformed scope", f"The scope parameter cannot be read: {error}.", details=(text,)) from None
    if not scopes:
        raise PageRefusal("Incomplete request", "The parameter scope is empty.")
    unknown = [below.scope for requested in scopes for below in requested.walk() if below.scope not in known]
    if unknown:
        raise PageRefusal("Unknown scope", "The application asked for a scope that does not exist here.", details=tuple(unknown))
    return scopes


def validate_authorize_request(params: Params, client: Client, redirect_uri: str, scopes: tuple[RequestedScope, ...]) -> AuthorizeRequest:
    """Return the whole request, its client, redirect_uri and scopes being right already.

    :raises RedirectRefusal: with `error` for the client, and its state.
    """
    state = _optional(params, "state")
    try:
        return _build_authorize_request(params, client, redirect_uri, scopes)
    except RedirectRefusal as refusal:
        raise refusal.with_address(redirect_uri, state) from None


def _build_authorize_request(params: Params, client: Client, redirect_uri: str, scopes: tuple[RequestedScope, ...]) -> AuthorizeRequest:
    """Check what is left, and put the request together."""
    repeated = sorted(name for name, values in params.items() if len(values) > 1)
    if repeated:
        # RFC 6749 3.1: "Request and response parameters MUST NOT be included more than once."
        raise RedirectRefusal("invalid_request", "A parameter was sent twice")
    if _optional(params, "response_type") != "code":
        raise RedirectRefusal("unsupported_response_type", "Only response_type=code is served")
    if _optional(params, "response_mode") not in {None, "query"}:
        raise RedirectRefusal("invalid_request", "Only response_mode=query is served")
    return AuthorizeRequest(
        client=client,
        redirect_uri=redirect_uri,
        scopes=scopes,
        state=_optional(params, "state"),
        nonce=_optional(params, "nonce"),
        code_challenge=validate_challenge(params, client),
        is_offline=_optional(params, "access_type") == "offline",
        prompts=_validate_prompts(params),
        login_hint=_optional(params, "login_hint"),
    )


def validate_challenge(params: Params, client: Client) -> str | None:
    """Return the code_challenge; a public client must send one, and S256 is the only method.

    :raises RedirectRefusal: it is absent, malformed, or plain.
    """
    challenge, method = _optional(params, "code_challenge"), _optional(params, "code_challenge_method")
    if challenge is None and method is None and not client.is_public:
        return None
    if challenge is None:
        raise RedirectRefusal("invalid_request", "code challenge required")
    if method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise RedirectRefusal("invalid_request", "transform algorithm not supported: use S256")
    return challenge


def _validate_prompts(params: Params) -> frozenset[str]:
    """Return the values of prompt, each known, and `none` alone."""
    prompts = frozenset((_optional(params, "prompt") or "").split())
    if prompts - _PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise RedirectRefusal("invalid_request", "This prompt is not served")
    return prompts


def build_redirect(redirect_uri: str, answer: Mapping[str, str | None]) -> str:
    """Return redirect_uri with the answer added to its query; what is None is left out."""
    query = urlencode({name: value for name, value in answer.items() if value is not None})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"


def _single(params: Params, name: str) -> str:
    """Return the one value of a parameter without which the browser stays here."""
    values = params.get(name, ())
    if len(values) != 1 or not values[0]:
        wrong = "missing" if not values or not values[0] else "sent more than once"
        raise PageRefusal("Incomplete request", f"The parameter {name} is {wrong}.")
    return values[0]


def _optional(params: Params, name: str) -> str | None:
    """Return the one value of a parameter, or None if it is absent, empty or repeated."""
    values = params.get(name, ())
    return values[0] if len(values) == 1 and values[0] else None
