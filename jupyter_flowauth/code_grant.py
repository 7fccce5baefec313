"""The authorization code grant with PKCE, as pairs of pure functions: ``build_…`` makes a request, ``validate_…`` judges the answer.

Sources: RFC 6749 section 4.1, RFC 7636, RFC 8252, RFC 9207, OpenID Connect Core section 3.1.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from .errors import LoginDenied, ProviderError, StateMismatch
from .pkce import CODE_CHALLENGE_METHOD
from .secret import to_secret

LONGEST_RESPONSE_VALUE = 4096
_DEFAULT_PORTS = {"http": 80, "https": 443}
# What a server leaves in the place of an answer where the browser couldn't come back to it: whoever asks takes the next way.
NO_WAY_BACK = "no_way_back"
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """Everything of an authorization request but its redirect_uri, which is chosen when the person clicks.

    :param issuer: who must answer (RFC 9207).
    :param iss_required: whether the provider announced that its answers carry ``iss``; then an absent one is an error.
    :param extra: further parameters (``access_type``, ``login_hint``, …), in order.
    :param redirect_uris: the patterns that the provider has registered: ``scheme://host[:port|:*][/path|/*]``.
    :param code_page: a registered page that shows the code to be copied, or None.
    :param loopback_path: the path to come back to on loopback where the patterns allow any (RFC 8252 section 7.3).
    :param token_endpoint: where the code goes: fixed when the login starts, so that no later document can lead it elsewhere. Empty for a
        provider that has but one.
    :param push_endpoint: where the request has to be pushed before the browser goes anywhere (RFC 9126); empty where it needn't.
    """

    authorization_endpoint: str
    issuer: str
    client_id: str
    scope: str
    code_challenge: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    iss_required: bool = False
    extra: tuple[tuple[str, str], ...] = ()
    redirect_uris: tuple[str, ...] = ()
    code_page: str | None = None
    token_endpoint: str = ""
    push_endpoint: str = ""
    loopback_path: str = ""

    def __post_init__(self) -> None:
        """Mask the secrets wherever a traceback might print them, also those that were read from the rendezvous."""
        object.__setattr__(self, "state", to_secret(self.state))
        object.__setattr__(self, "nonce", to_secret(self.nonce))


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """What came back on the redirect_uri, or from a paste, not judged yet.

    :param redirect_uri: the URI that was used; the token request must repeat exactly that.
    :param state_checked: whoever received the answer has compared its state already, or it is a bare code pasted into the one request
        that is open, for which PKCE and nonce stand in.
    """

    redirect_uri: str
    code: str | None = field(default=None, repr=False)
    state: str | None = field(default=None, repr=False)
    iss: str | None = None
    error: str | None = None
    error_description: str | None = None
    state_checked: bool = False

    def __post_init__(self) -> None:
        """Mask the secrets wherever a traceback might print them."""
        object.__setattr__(self, "code", to_secret(self.code))
        object.__setattr__(self, "state", to_secret(self.state))


class BuildAddress(Protocol):
    """A function that returns the address to send the browser to."""

    def __call__(self, request: AuthorizationRequest, /, *, redirect_uri: str) -> str:
        """Return it for a redirect_uri."""


def build_authorize_url(request: AuthorizationRequest, *, redirect_uri: str) -> str:
    """Return the address to send the browser to. It holds the state: never log it, never store it."""
    return _with_query(request, build_parameters(request, redirect_uri=redirect_uri))


def build_pushed_url(request: AuthorizationRequest, *, request_uri: str) -> str:
    """Return the address to send the browser to where the request was pushed before (RFC 9126 section 4): it holds no state."""
    return _with_query(request, {"client_id": request.client_id, "request_uri": request_uri})


def _with_query(request: AuthorizationRequest, parameters: Mapping[str, str]) -> str:
    """Return the authorization endpoint with these parameters; its own query component is retained (RFC 6749 section 3.1)."""
    endpoint = urlsplit(request.authorization_endpoint)
    query = "&".join(filter(None, (endpoint.query, urlencode(parameters))))
    return urlunsplit((endpoint.scheme, endpoint.netloc, endpoint.path, query, ""))


def build_parameters(request: AuthorizationRequest, *, redirect_uri: str) -> dict[str, str]:
    """Return the parameters of an authorization request (RFC 6749 section 4.1.1)."""
    return {
        "response_type": "code",
        "client_id": request.client_id,
        "redirect_uri": redirect_uri,
        "scope": request.scope,
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": request.code_challenge,
        "code_challenge_method": CODE_CHALLENGE_METHOD,
        **dict(request.extra),
    }


def parse_authorization_response(parameters: Mapping[str, list[str]], *, redirect_uri: str) -> AuthorizationResponse:
    """Return the response in the query parameters of a callback.

    :raises ProviderError: if a parameter is repeated (RFC 6749 section 3.1: "MUST NOT be included more than once") or absurdly long.
    """
    for name in ("code", "state", "iss", "error", "error_description"):
        values = parameters.get(name, [])
        if len(values) > 1:
            raise ProviderError(f"the provider's answer repeats the parameter {name!r}; nothing was kept; log in again")
        if values and len(values[0]) > LONGEST_RESPONSE_VALUE:
            raise ProviderError(f"the provider's answer holds an oversized {name!r}; nothing was kept; log in again")
    one = {name: values[0] for name, values in parameters.items() if values and values[0]}
    return AuthorizationResponse(
        redirect_uri=redirect_uri,
        code=one.get("code"),
        state=one.get("state"),
        iss=one.get("iss"),
        error=one.get("error"),
        error_description=one.get("error_description"),
    )


def parse_redirected_address(address: str) -> AuthorizationResponse:
    """Return the response in the whole address of a page that the browser ended on.

    :raises ValueError: if it isn't an http(s) address.
    :raises ProviderError: as ``parse_authorization_response``.
    """
    parts = urlsplit(address.strip())
    if parts.scheme not in _DEFAULT_PORTS or not parts.netloc:
        raise ValueError("that isn't the address of a page (it should begin with http:// or https://)")
    parameters: dict[str, list[str]] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        parameters.setdefault(name, []).append(value)
    return parse_authorization_response(parameters, redirect_uri=urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")))


def validate_state(expected: str, received: str | None) -> None:
    """Check the state of an answer, in constant time. An absent one fails as a wrong one does.

    :raises StateMismatch: if it isn't the one of this login.
    """
    if not received or not hmac.compare_digest(expected.encode(), received.encode("utf-8", "replace")):
        raise StateMismatch("the answer belongs to no login that was started here; nothing was kept; start the login again")


def validate_issuer(request: AuthorizationRequest, iss: str | None) -> None:
    """Check the ``iss`` of an answer (RFC 9207 section 2.4).

    :raises StateMismatch: if it is another issuer, or absent though the provider announced that it sends one.
    """
    if iss is None and not request.iss_required:
        return
    # "the client MUST compare the result to the issuer identifier of the authorization server ... using simple string comparison"
    if iss != request.issuer:
        raise StateMismatch("the answer came from another provider than the one that was asked; nothing was kept; start the login again")


def validate_authorization_response(request: AuthorizationRequest, response: AuthorizationResponse) -> str:
    """Return the code of an answer that belongs to this request.

    :raises StateMismatch: if state or issuer are wrong; judged before anything else in the answer.
    :raises LoginDenied: if the person, or the provider for them, said no.
    :raises ProviderError: if the answer reports another error, or holds both a code and an error, or neither.
    """
    if not response.state_checked:
        validate_state(request.state, response.state)
    if not (response.state_checked and response.iss is None):
        validate_issuer(request, response.iss)
    if response.error and response.code:
        raise ProviderError("the provider answered with both a code and an error; nothing was kept; log in again", error=response.error)
    if response.error:
        raise _refusal(response.error, response.error_description)
    if not response.code:
        raise ProviderError("the provider answered with neither a code nor an error; nothing was kept; log in again")
    return response.code


def _refusal(error: str, description: str | None) -> LoginDenied | ProviderError:
    if error == "access_denied":
        return LoginDenied("the login was denied; what was held before is still held; run it again to be asked again",
                           error=error, error_description=description)  # fmt: skip
    if error == "cancelled":
        return LoginDenied("the login was cancelled; what was held before is still held; run it again to be asked again", error=error)
    words = f"{error}: {description}" if description else error
    return ProviderError(
        f"the provider refused the login ({printable(words, longest=150)}); what was held before is still held; "
        "log in again; if it goes on: jupyter flowauth doctor",
        error=error,
        error_description=description,
    )


def printable(words: str, *, longest: int = 200) -> str:
    """Return a stranger's words fit for one line: no control characters (nor those that turn a line's direction), and cut."""
    clean = "".join(character if character.isprintable() else " " for character in words)
    return clean if len(clean) <= longest else f"{clean[: longest - 1]}…"


def matches_redirect_uri(redirect_uri: str, patterns: Iterable[str]) -> bool:
    """Tell whether a redirect_uri is among the registered patterns (``scheme://host[:port|:*][/path|/*]``)."""
    return any(_matches(redirect_uri, pattern) for pattern in patterns)


def _matches(redirect_uri: str, pattern: str) -> bool:
    try:
        uri = urlsplit(redirect_uri)
        any_port = ":*" in pattern
        wanted = urlsplit(pattern.replace(":*", "", 1))
        if uri.username or uri.password or uri.query or uri.fragment:
            return False
        same_origin = (uri.scheme, uri.hostname) == (wanted.scheme, wanted.hostname)
        same_port = any_port or _port(uri.scheme, uri.port) == _port(wanted.scheme, wanted.port)
    except ValueError:
        return False
    return same_origin and same_port and (wanted.path == "/*" or uri.path == wanted.path)


def _port(scheme: str, port: int | None) -> int | None:
    return port if port is not None else _DEFAULT_PORTS.get(scheme)


def is_loopback_url(url: str) -> bool:
    """Tell whether an address is on this machine's loopback interface."""
    return urlsplit(url).hostname in LOOPBACK_HOSTS


def is_secure_address(url: str) -> bool:
    """Tell whether an address may be sent anything: https, or anything on loopback."""
    try:
        parts = urlsplit(url)
        is_usable = bool(parts.hostname) and parts.username is None and parts.password is None and url.isprintable() and " " not in url
    except ValueError:  # brackets without an address between them
        return False
    return is_usable and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback_url(url)))


def validate_endpoint(url: object, *, what: str) -> str:
    """Return an endpoint's address if it may be used: https, or anything on loopback.

    :raises ProviderError: otherwise.
    """
    if not isinstance(url, str):
        raise ProviderError(f"the provider names no {what}; nothing was sent; check the issuer's address")
    if is_secure_address(url):
        return url
    raise ProviderError(f"the provider's {what} is not an https address; nothing was sent there")
